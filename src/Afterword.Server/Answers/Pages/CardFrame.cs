namespace Afterword.Server.Answers.Pages;

/// <summary>What every step of the card needs to be drawn.</summary>
/// <param name="Words">All its words.</param>
public sealed record CardFrame(CardTexts Words)
{
    /// <summary>Without a sender (nobody knows whose link it was) there is neither name nor privacy line.</summary>
    public bool HasSender { get; init; }

    /// <summary>Drawn into another page: without its frame, and a level deeper in its headings.</summary>
    public bool IsPanel { get; init; }

    /// <summary>The customer wants no more requests from this sender.</summary>
    public bool IsStopped { get; init; }

    /// <summary>The step asks for something.</summary>
    public bool IsOpen { get; init; }

    /// <summary>What was wrong with the last submission, or null.</summary>
    public string? Problem { get; init; }
}
