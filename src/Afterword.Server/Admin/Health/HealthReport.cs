using Afterword.Server.Storage;

namespace Afterword.Server.Admin.Health;

/// <summary>What operators see of a server on one page.</summary>
/// <param name="Problems">What needs someone, the most urgent first.</param>
/// <param name="Groups">How things stand, whether or not they are well.</param>
/// <param name="Earlier">Causes that are over.</param>
public sealed record HealthReport(IReadOnlyList<HealthProblem> Problems, IReadOnlyList<HealthGroup> Groups, IReadOnlyList<Problem> Earlier)
{
    /// <summary>Whether nothing keeps requests from being served just now.</summary>
    public bool Serves => !Problems.Any(problem => problem.Refuses);
}

/// <summary>Something that needs someone.</summary>
/// <param name="Name">Names it: a cause, or what metrics call it.</param>
/// <param name="Title">What is wrong, as a sentence.</param>
/// <param name="Advice">What it means, and what to do.</param>
public sealed record HealthProblem(string Name, string Title, string Advice)
{
    /// <summary>Whether someone should get up for it.</summary>
    public bool IsUrgent { get; init; }

    /// <summary>Whether requests are refused for it.</summary>
    public bool Refuses { get; init; }

    /// <summary>Since when; null where nobody knows.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>What to run; null when there is no command for it.</summary>
    public string? Command { get; init; }

    /// <summary>Where the docs say more: <c>operating.md#the-clock</c>.</summary>
    public string Docs { get; init; } = "operating.md#what-is-wrong";

    /// <summary>The title as it stands after "Since 09:00:", or at the beginning.</summary>
    public string Says => Since is null ? string.Concat(Title[..1].ToUpperInvariant(), Title.AsSpan(1)) : Title;
}

/// <summary>Facts under a heading.</summary>
public sealed record HealthGroup(string Title, IReadOnlyList<HealthFact> Facts);

/// <param name="Name">What it is about.</param>
/// <param name="Value">How it stands.</param>
/// <param name="IsWrong">Whether it is one of the problems, or leads to one.</param>
public sealed record HealthFact(string Name, string Value, bool IsWrong = false);
