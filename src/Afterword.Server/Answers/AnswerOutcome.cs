using Afterword.Server.Languages;
using Afterword.Server.Prompts;

namespace Afterword.Server.Answers;

/// <summary>What became of an attempt to answer or to dismiss a card.</summary>
internal abstract record AnswerOutcome
{
    private AnswerOutcome()
    {
    }

    /// <param name="Card">The prompt as it stands now, with what its card shows besides.</param>
    /// <param name="ScoreRefused">A score was there already; the new one changed nothing.</param>
    /// <param name="TextRefused">A text was there already; the new one changed nothing.</param>
    internal sealed record Recorded(Card Card, bool ScoreRefused, bool TextRefused) : AnswerOutcome;

    /// <summary>The prompt's scale has no such score.</summary>
    internal sealed record OutOfRange(PromptType Type) : AnswerOutcome;

    /// <summary>Expired or dismissed.</summary>
    internal sealed record Closed : AnswerOutcome;

    /// <summary>There is no such prompt, or the key does not open it.</summary>
    internal sealed record NotFound : AnswerOutcome;
}

/// <summary>An answer on its way into a batch.</summary>
/// <param name="Key">Which prompt it answers; whether it may is found out with the prompt.</param>
/// <param name="Score">A score, or null.</param>
/// <param name="Text">Trimmed and checked, or null.</param>
/// <param name="Dismiss">Closes the card instead.</param>
/// <param name="SeenIn">The language in which the one who scores was asked; null is that of the question as it was asked.</param>
internal sealed record AnswerRequest(CardKey Key, int? Score, string? Text, bool Dismiss = false, Language? SeenIn = null);
