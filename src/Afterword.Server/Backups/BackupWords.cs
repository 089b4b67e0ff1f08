using System.Globalization;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>What the page Health says of backups.</summary>
internal static class BackupWords
{
    public static string Last(BackupSettings settings, BackupRun? run) => run is { SucceededAt: { } at }
        ? string.Create(CultureInfo.InvariantCulture, $"{Utc(at)}, {run.Bytes / (1024.0 * 1024):N1} MiB, verified, in {run.File}")
        : settings.Every is null ? "none by the server itself (Backup:Every)" : "none yet";

    public static IEnumerable<(string Name, string Value)> Problems(BackupRun? run, OutboundHold? hold)
    {
        if (run is { FailedAt: { } failed }) yield return ("Backup failed", $"{Utc(failed)}: {run.Error}");
        else if (run?.Error is { } left) yield return ("Old backups", left);
        if (hold is not null) yield return ("Webhooks, channels, alerts and automatic requests", $"paused since {Utc(hold.Since)}: {hold.Reason}. The server takes no backups by itself meanwhile. To let them go on: afterword resume");
    }

    private static string Utc(DateTimeOffset at) => at.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
