using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using Afterword.Server.SignIn;

namespace Afterword.Server.Answers;

/// <summary>What the card asks for next.</summary>
internal enum CardStep
{
    /// <summary>The question and its scale.</summary>
    Score,

    /// <summary>The score is in; one optional text may follow.</summary>
    Text,

    /// <summary>Everything the customer wanted to say is in.</summary>
    Thanks,

    /// <summary>The customer closed the card without an answer.</summary>
    Dismissed,

    /// <summary>The card's lifetime ended without an answer.</summary>
    Expired,
}

/// <summary>Why the last submission was not taken. It is shown above the step that is open now.</summary>
internal enum CardProblem
{
    /// <summary>The form came without a score, or with one outside the scale.</summary>
    ScoreMissing,

    /// <summary>Nothing is left of the text after trimming.</summary>
    TextBlank,

    /// <summary>The text has more than 10,000 characters.</summary>
    TextTooLong,

    /// <summary>This part was answered before, perhaps in another tab; the first answer stays.</summary>
    AlreadyAnswered,

    /// <summary>The server could not take it now (a flood limit, a fault); the same may be sent again.</summary>
    NotSaved,
}

/// <summary>One card as one customer sees it now.</summary>
/// <param name="Step">What is open.</param>
/// <param name="Language">The language of the words; the question may have another one.</param>
/// <param name="IsNps">Eleven circles, 0 to 10, instead of five faces, 1 to 5.</param>
/// <param name="Question">The question with the name filled in.</param>
/// <param name="SenderName">The name in the sender's profile; not the prompt's <c>display_name</c>, which belongs to the question only.</param>
/// <param name="PrivacyUrl">Absolute http or https address; anything else is not linked.</param>
/// <param name="Path">Where the card's forms post to.</param>
/// <param name="IsStopped">The customer wants no more requests from this sender.</param>
internal sealed record CardView(
    CardStep Step, Language Language, bool IsNps, Question Question, string SenderName, string PrivacyUrl, string Path, bool IsStopped)
{
    /// <summary>The score given, where whoever looks may see it; null says only that there is one. Read in step <see cref="CardStep.Text"/> only.</summary>
    public int? Score { get; init; }

    /// <summary>The score that a link of an email stands for, to be confirmed; null for none. Nothing is recorded of it.</summary>
    public int? Chosen { get; init; }

    /// <summary>Why the last submission was refused, or null.</summary>
    public CardProblem? Problem { get; init; }

    /// <summary>The refused text, so that the customer need not write it again; null for none.</summary>
    public string? Typed { get; init; }

    /// <summary>A hidden field for the forms of a panel, such as the one that shows them to be ours; null for none.</summary>
    public FormToken? Hidden { get; init; }

    /// <summary>Whether the step asks for something.</summary>
    public bool IsOpen => Step is CardStep.Score or CardStep.Text;
}
