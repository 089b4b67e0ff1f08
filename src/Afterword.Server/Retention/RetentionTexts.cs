using Afterword.Server.Console;

namespace Afterword.Server.Retention;

/// <summary>What pages for operators say of the rounds of removals.</summary>
internal static class RetentionTexts
{
    /// <summary>In one line, for Health.</summary>
    public static string Last(RetentionRun? run, ConsoleTimes when) => run switch
    {
        { IsRunning: true } => $"running; so far {run.Removed}",
        { EndedAt: { } ended } => $"{when.Second(ended)}: removed {run.Removed}",
        _ => "never: no sender has had anything removed yet",
    };

    public static IReadOnlyList<(string Name, string Value)> Facts(RetentionRun? run, ConsoleTimes when) =>
    [
        ("Last run", run switch
        {
            { IsRunning: true } => "running now",
            { EndedAt: { } ended } => when.Minute(ended.ToUnixTimeMilliseconds()),
            _ => "none yet",
        }),
        .. run is { EndedAt: not null } or { IsRunning: true } ? [("Removed", run.Removed.ToString())] : (IEnumerable<(string, string)>)[],
        .. run is { FailedAt: { } failed } ? [("Failed", $"{when.Minute(failed.ToUnixTimeMilliseconds())}: {run.Error}")] : (IEnumerable<(string, string)>)[],
    ];
}
