namespace Afterword.Server.Reference;

/// <summary>A header that tells of a limit, and what it says.</summary>
/// <param name="Name">As on the wire.</param>
/// <param name="What">What it says, as a sentence.</param>
/// <param name="IsRetry">Sent with refusals alone, whatever limit there is.</param>
internal sealed record LimitHeader(string Name, string What, bool IsRetry = false)
{
    public static IReadOnlyList<LimitHeader> All { get; } =
    [
        new("x-rate-limit-limit", "The most that the window allows."),
        new("x-rate-limit-remaining", "What is left of it."),
        new("x-rate-limit-reset", "When the window ends, in epoch seconds."),
        new("Retry-After", "When to come again, in seconds.", IsRetry: true),
    ];
}
