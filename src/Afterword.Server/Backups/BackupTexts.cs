using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>What the pages Health and Backups say of backups.</summary>
internal static class BackupTexts
{
    public const string FailedName = "Backup failed";
    public const string OldName = "Old backups";

    public static string Last(BackupSettings settings, BackupRun? run, ConsoleTimes when) => run is { SucceededAt: { } at }
        ? string.Create(CultureInfo.InvariantCulture, $"{when.Second(at)}, {run.Bytes / (1024.0 * 1024):N1} MiB, verified, in {run.File}")
        : settings.Every is null ? "none by the server itself (Backup:Every)" : "none yet";

    /// <summary>What the page Backups says.</summary>
    public static IReadOnlyList<(string Name, string Value)> All(BackupSettings settings, BackupRun? run, DateTimeOffset now, ConsoleTimes when) =>
    [
        ("Schedule", settings.Every is { } every ? $"every {DurationText.Of(every)} hours, into {settings.Directory}; the newest {settings.Keep.ToString(CultureInfo.InvariantCulture)} are kept" : "none (Backup:Every)"),
        ("Encrypted", settings is { Passphrase: null, PassphraseFile: null } ? "no (Backup:PassphraseFile)" : "yes, with a passphrase"),
        .. run is { SucceededAt: { } at }
            ? [
                ("Last backup", when.Second(at)), ("Age", Age(now - at)), ("Size", string.Create(CultureInfo.InvariantCulture, $"{run.Bytes / (1024.0 * 1024):N1} MiB")),
                ("Verified", "yes, right after it was written"), ("File", run.File ?? ""),
            ]
            : (IEnumerable<(string, string)>)[("Last backup", "none yet")],
        .. run is { FailedAt: { } failed } ? [("Failed", when.Second(failed)), ("Why", run.Error ?? "")] : run?.Error is { } left ? [("Old backups", left)] : (IEnumerable<(string, string)>)[],
    ];

    private static string Age(TimeSpan age) => age.TotalDays switch
    {
        < 0 => "in the future: a clock was wrong",
        < 2 => string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:N0} hours"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays:N0} days"),
    };

    public static IEnumerable<(string Name, string Value)> Problems(BackupRun? run, OutboundPause? hold, ConsoleTimes when)
    {
        if (run is { FailedAt: { } failed }) yield return (FailedName, $"{when.Second(failed)}: {run.Error}");
        else if (run?.Error is { } left) yield return (OldName, left);
        if (hold is not null) yield return ("Webhooks, channels, alerts and automatic requests", $"paused since {when.Second(hold.Since)}: {hold.Reason}. The server takes no backups by itself meanwhile. To let them go on: afterword resume");
    }
}
