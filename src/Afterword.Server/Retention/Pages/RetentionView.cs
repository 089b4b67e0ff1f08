namespace Afterword.Server.Retention.Pages;

/// <summary>What the page of a sender's retention shows.</summary>
/// <param name="Form">What is kept, or what was typed.</param>
/// <param name="Version">Of the choice that whoever looks sees.</param>
public sealed record RetentionView(RetentionForm Form, long Version)
{
    /// <summary>What would go, by kind; null when it was not asked for.</summary>
    public IReadOnlyList<(string Name, string Count)>? Forecast { get; init; }

    public string? Problem { get; init; }

    public bool IsSaved { get; init; }
}
