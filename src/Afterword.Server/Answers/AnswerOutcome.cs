using Afterword.Server.Prompts;

namespace Afterword.Server.Answers;

/// <summary>What became of an attempt to answer or to dismiss a card.</summary>
internal abstract record AnswerOutcome
{
    private AnswerOutcome()
    {
    }

    /// <param name="Prompt">The prompt as it stands now.</param>
    /// <param name="ScoreRefused">A score was there already; the new one changed nothing.</param>
    /// <param name="TextRefused">A text was there already; the new one changed nothing.</param>
    internal sealed record Recorded(Prompt Prompt, bool ScoreRefused, bool TextRefused) : AnswerOutcome;

    /// <summary>Expired or dismissed.</summary>
    internal sealed record Closed : AnswerOutcome;

    internal sealed record NotFound : AnswerOutcome;
}

/// <summary>An answer on its way into a batch. The caller has shown that it may answer this prompt.</summary>
/// <param name="SenderId">Whose prompt it is.</param>
/// <param name="PromptId">The prompt.</param>
/// <param name="Score">Allowed for the prompt's type, or null.</param>
/// <param name="Text">Trimmed and checked, or null.</param>
/// <param name="Dismiss">Closes the card instead.</param>
/// <param name="Seen">The question as the one who scores saw it; null is as it was asked.</param>
internal sealed record AnswerRequest(long SenderId, long PromptId, int? Score, string? Text, bool Dismiss = false, Question? Seen = null);
