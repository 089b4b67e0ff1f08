using System.Globalization;
using Afterword.Server.Reports;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>What the page Health says of backups.</summary>
internal static class BackupWords
{
    public static string Last(BackupSettings settings, BackupRun? run, ConsoleTimes when) => run is { SucceededAt: { } at }
        ? string.Create(CultureInfo.InvariantCulture, $"{when.Second(at)}, {run.Bytes / (1024.0 * 1024):N1} MiB, verified, in {run.File}")
        : settings.Every is null ? "none by the server itself (Backup:Every)" : "none yet";

    public const string FailedName = "Backup failed";

    public const string OldName = "Old backups";

    public static IEnumerable<(string Name, string Value)> Problems(BackupRun? run, OutboundHold? hold, ConsoleTimes when)
    {
        if (run is { FailedAt: { } failed }) yield return (FailedName, $"{when.Second(failed)}: {run.Error}");
        else if (run?.Error is { } left) yield return (OldName, left);
        if (hold is not null) yield return ("Webhooks, channels, alerts and automatic requests", $"paused since {when.Second(hold.Since)}: {hold.Reason}. The server takes no backups by itself meanwhile. To let them go on: afterword resume");
    }
}
