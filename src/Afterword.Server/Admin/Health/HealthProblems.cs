using System.Globalization;
using Afterword.Server.Backups;
using Afterword.Server.Console;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Storage;

namespace Afterword.Server.Admin.Health;

/// <summary>Says what of all that was found needs someone, and what to do about it.</summary>
internal static class HealthProblems
{
    private const string Three = "operating.md#at-three-in-the-morning";

    /// <param name="found">What was found.</param>
    /// <param name="backup">How often backups are taken.</param>
    /// <param name="when">Shows instants.</param>
    /// <returns>The most urgent first, and of those the oldest.</returns>
    public static IReadOnlyList<HealthProblem> Of(HealthFindings found, BackupSettings backup, ConsoleTimes when) =>
    [
        .. Causes(found).Concat(Work(found)).Concat(Room(found)).Concat(Age(found, backup, when)).Concat(Backups(found, when))
            .OrderByDescending(problem => problem.Refuses).ThenByDescending(problem => problem.IsUrgent).ThenBy(problem => problem.Since ?? DateTimeOffset.MaxValue),
    ];

    private static IEnumerable<HealthProblem> Causes(HealthFindings found) => found.Problems.Where(problem => problem.Until is null).Select(problem =>
        new HealthProblem(problem.Cause.Name, problem.Cause.Title, $"{problem.Cause.Advice} {problem.Detail}".Trim())
        {
            IsUrgent = problem.Cause != ProblemCause.NoncesInMemory, Refuses = problem.Cause != ProblemCause.NoncesInMemory, Since = problem.Since,
        });

    private static IEnumerable<HealthProblem> Work(HealthFindings found)
    {
        var (now, work) = (found.Now, found.Work);
        if (found.EmailFailingSince is { } email && now - email > HealthLimits.EmailFailing)
        {
            yield return new("mail_fails", "no email has got through.", $"{Many(work.Dispatches, "request waits", "requests wait")}; nothing is lost, and the next email that gets through ends this. Ask the mail server what it refuses:")
            {
                IsUrgent = true, Since = email, Command = "afterword channel test mail --to ADDRESS", Docs = $"{Three}-email",
            };
        }

        if (work.WebhookFailingSince is { } failing && now - failing > HealthLimits.WebhookFailing)
        {
            yield return new("webhook_fails", Many(work.FailingWebhooks, "webhook fails.", "webhooks fail."), $"{Many(work.Deliveries, "delivery waits", "deliveries wait")} and come in order when the receiver takes them again. Which one, and what it answers:")
            {
                Since = failing, Command = "afterword webhook list", Docs = $"{Three}-webhooks",
            };
        }

        if (work.FailingWebhooks == 0 && work.OldestDeliveryAt is { } oldest && now - oldest > HealthLimits.DeliveryWaits && found.Hold is null)
        {
            yield return new("deliveries_wait", "deliveries wait though no webhook fails.", "Look for events 3101 and 3102 in the log, for Http:MaxOutgoingConnections that are all in use, and for a node that hangs.")
            {
                IsUrgent = true, Since = oldest, Docs = $"{Three}-late",
            };
        }

        if (found.Hold is not null) yield break;

        if (work.ConversationDueAt is { } due && now - due > HealthLimits.Late)
        {
            yield return new("conversations_late", "customers are asked late.", $"{Many(work.Conversations, "conversation is", "conversations are")} due; after Automation:TooLate nobody is asked. Look for events 6101 and 6102 in the log.")
            {
                IsUrgent = true, Since = due, Docs = $"{Three}-late",
            };
        }

        if (work.DeliveryDueAt is { } delivery && now - delivery > HealthLimits.Late)
        {
            yield return new("dispatches_late", "requests wait to be sent.", $"{Many(work.Dispatches, "request", "requests")} by email or handover. Is there a mail server (Mail:Host)? Look for events 3201 and 3202 in the log.")
            {
                Since = delivery, Command = "afterword channel list", Docs = $"{Three}-late",
            };
        }
    }

    private static IEnumerable<HealthProblem> Room(HealthFindings found)
    {
        if (found.FreeSpace is { } free && free < HealthLimits.DiskFree && !Holds(found, ProblemCause.DiskFull))
        {
            yield return new("disk_nearly_full", $"the disk of the store has {Bytes(free)} left.", "On a full disk reads go on and writes are refused. Make room now: look for old backups, logs and exports. Do not restart the server on a full disk: it cannot start.")
            {
                IsUrgent = true, Docs = $"{Three}-disk",
            };
        }

        if (found.LogLength > HealthLimits.LogLength)
        {
            yield return new("log_grows", $"SQLite's log has {Bytes(found.LogLength)}.", "Something reads for a long time beside many writes: an export, a backup, a shell of SQLite that was left open. End it; the log shrinks by itself.") { Docs = $"{Three}-disk" };
        }

        if (found.Signs.WorkerNumbers > HealthLimits.WorkerNumbers)
        {
            yield return new("worker_numbers_short", string.Create(CultureInfo.InvariantCulture, $"{found.Signs.WorkerNumbers:N0} of 1,024 worker numbers are held."), "Without a free one no further server and no command starts. Which processes use the store? One that was killed gives its number back after five minutes.")
            {
                IsUrgent = true, Docs = $"{Three}-worker-numbers",
            };
        }

        if (found.SlowestCommit > HealthLimits.SlowCommit)
        {
            yield return new("commits_slow", $"the database is slow: a commit of the last minutes took {Seconds(found.SlowestCommit)}.", "Look at the disk and at what else writes to it; on PostgreSQL also at locks and the synchronous standby.") { Docs = $"{Three}-slow" };
        }

        if (found.Signs.StandbyBehind is { } behind and > HealthLimits.StandbyBehind)
        {
            yield return new("standby_behind", $"a standby is {Bytes(behind)} behind.", "If the database is lost now, a failover waits for that, or loses it where the standby is not synchronous. Look at the standby's log, its disk and the network.") { Docs = $"{Three}-standby" };
        }
    }

    private static IEnumerable<HealthProblem> Age(HealthFindings found, BackupSettings backup, ConsoleTimes when)
    {
        var ahead = found.Signs.ClockAhead;
        if (ahead.Duration() > HealthLimits.ClockOff && !Holds(found, ProblemCause.ClockRefused))
        {
            yield return new("clock_off", $"this machine's clock is {SteadyClock.Length(ahead.Duration())} {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} {(found.Signs.IsComparedWithDatabase ? "the database's" : "the time that was believed")}.", "At five minutes, signed requests are refused and writes are held. Set both by NTP, then see:")
            {
                IsUrgent = true, Command = "afterword clock show", Docs = "operating.md#the-clock",
            };
        }

        if (found.Signs.Key is null || found.KeyAge > HealthLimits.KeyRingAge)
        {
            yield return new("key_ring_old", "the key ring was not renewed.", $"Its newest key ends {(found.Signs.Key is { } key ? $"on {when.Day(key.EndsAt.ToUnixTimeMilliseconds())}" : "now")}; it should have been replaced a week before. Look for event 1101 in the log: something keeps upkeep from running. Then restart the server, which renews it.") { Docs = $"{Three}-keys" };
        }

        if (found.Doctor is { IsWell: false } doctor)
        {
            yield return new("doctor_found_problems", $"the last doctor said: {doctor.Says}.", "Run it again, and read what it names:") { Since = doctor.At, Command = "afterword doctor", Docs = "operating.md#doctor" };
        }

        if (found.Retention is { FailedAt: { } failed } retention)
        {
            yield return new("retention_failed", "texts and customers that should go are still there.", $"The last removal failed: {retention.Error}. The server tries again within the hour. Look for event 1503 in the log.") { Since = failed, Docs = "retention.md" };
        }

        if (backup.Every is { } every && found.Signs.Backup is { SucceededAt: { } at, FailedAt: null } && found.Now - at > HealthLimits.BackupsMissed * every && found.Hold is null)
        {
            yield return new("backup_old", $"the last backup was {SteadyClock.Length(found.Now - at)} ago.", "The server takes none, and does not say why: look for events 1401 and 1402 in the log of each node. To take one now:")
            {
                IsUrgent = true, Command = "afterword backup FOLDER", Docs = $"{Three}-backups",
            };
        }
    }

    private static IEnumerable<HealthProblem> Backups(HealthFindings found, ConsoleTimes when) => BackupTexts.Problems(found.Signs.Backup, found.Hold, when).Select(problem => problem.Name switch
    {
        BackupTexts.FailedName => new HealthProblem("backup_failed", problem.Name, problem.Value) { IsUrgent = true, Command = "afterword backup FOLDER", Docs = $"{Three}-backups" },
        BackupTexts.OldName => new("old_backups_stay", problem.Name, problem.Value) { Docs = $"{Three}-backups" },
        _ => new("paused", problem.Name, problem.Value) { IsUrgent = true, Command = "afterword resume", Docs = "backup.md#restoring" },
    });

    private static bool Holds(HealthFindings found, ProblemCause cause) => found.Problems.Any(problem => problem.Cause == cause && problem.Until is null);

    public static string Many(long count, string one, string several) => string.Create(CultureInfo.InvariantCulture, $"{count:N0}{(count >= BacklogMetrics.MostOfOne ? " or more" : "")} {(count == 1 ? one : several)}");

    public static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 40 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 40):N1} TiB"),
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):N1} GiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):N1} MiB"),
    };

    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");
}
