namespace Afterword.Server.Reports;

/// <summary>How much of an answer someone may see.</summary>
/// <param name="Names">Who was asked: handle, the sender's reference, the name in the question.</param>
/// <param name="Texts">What was written, in a file that leaves the house.</param>
internal sealed record Visibility(bool Names, bool Texts)
{
    /// <summary>Everything, as senders, owners and supervisors do.</summary>
    public static readonly Visibility Full = new(Names: true, Texts: true);

    /// <summary>Metrics and scores, but nobody's name, and no text in a file.</summary>
    public static readonly Visibility Nameless = new(Names: false, Texts: false);

    /// <summary>A question as it may be seen. The name that a request gave is a part of it.</summary>
    /// <param name="question">As it was asked.</param>
    /// <param name="displayName">The name; null where the sender's own stands in the question.</param>
    public string QuestionOf(string question, string? displayName) =>
        Names || string.IsNullOrEmpty(displayName) ? question : question.Replace(displayName, "…", StringComparison.Ordinal);
}
