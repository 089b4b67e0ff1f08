using System.Globalization;
using Afterword.Server.Backups;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Retention;
using Afterword.Server.Storage;

namespace Afterword.Server.Admin.Health;

/// <summary>Looks at everything an operator looks for at three in the morning, and says what of it needs someone.</summary>
internal sealed class ReportHealth(Store store, ProblemMonitor watch, BacklogMetrics backlogMetrics, HealthMetrics healthMetrics, AuditLog audit, Settings settings, TimeProvider clock)
{
    // More are shown as "or more".
    private const int MostCounted = BacklogMetrics.MostOfOne;

    /// <param name="when">Shows times as whoever looks reads them.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<HealthReport> RunAsync(ConsoleTimes when, CancellationToken stop)
    {
        await watch.LookAsync(tries: true, stop);
        var (schema, hold, retention) = await store.Main.ReadAsync(
            async session => (
                await session.Sql("select coalesce(max(number), 0) from schema_version where part = 'main'").FirstAsync(row => row.GetInt64(0), stop),
                await OutboundPause.FindAsync(session, stop),
                await RetentionRun.FindAsync(session, clock.GetUtcNow(), stop)),
            stop);
        var found = new HealthFindings(
            clock.GetUtcNow(), store.Problems.All, await backlogMetrics.FindWorkAsync(MostCounted, stop), await healthMetrics.FindAsync(stop), hold, retention, await DoctorRun.FindAsync(audit, stop),
            healthMetrics.EmailFailingSince, healthMetrics.FreeSpace, store.Main.LogLength, store.Main.SlowestCommit);
        return new(
            HealthProblems.Of(found, settings.Backup, when),
            [new("Now", [.. Now(found, when)]), new("Waiting", [.. Waiting(found.Work, when)]), new("Failing", [.. Failing(found, when)]), new("Room", [.. Room(found)]), new("Backups, keys, checks", [.. Kept(found, when)]), new("Program", [.. Program(schema)])],
            [.. found.Problems.Where(problem => problem.Until is not null)]);
    }

    private IEnumerable<HealthFact> Now(HealthFindings found, ConsoleTimes when)
    {
        yield return new("Time", when.Second(found.Now));
        var ahead = found.Signs.ClockAhead;
        yield return new(
            "Clock",
            ahead.Duration() > HealthLimits.ClockOff ? $"{SteadyClock.Length(ahead.Duration())} {(ahead > TimeSpan.Zero ? "ahead" : "behind")}"
                : !found.Signs.IsComparedWithDatabase ? "has not jumped" : string.Create(CultureInfo.InvariantCulture, $"agrees with the database's within {Math.Max(1, Math.Ceiling(ahead.Duration().TotalSeconds)):N0} s"),
            ahead.Duration() > HealthLimits.ClockOff);
        yield return new("Running since", Minute(when, healthMetrics.StartedAt));
        yield return new("Slowest commit", found.SlowestCommit == TimeSpan.Zero ? "none lately" : HealthProblems.Seconds(found.SlowestCommit), found.SlowestCommit > HealthLimits.SlowCommit);
        yield return new("Write queue", string.Create(CultureInfo.InvariantCulture, $"{store.Main.Waiting + store.Nonces.Waiting:N0}"), store.Main.IsFull || store.Nonces.IsFull);
        yield return new("Processes", found.Signs.WorkerNumbers.ToString("N0", CultureInfo.InvariantCulture));
    }

    private static IEnumerable<HealthFact> Waiting(WaitingWork work, ConsoleTimes when)
    {
        yield return new("Deliveries", Number(work.Deliveries));
        yield return new("Oldest delivery", work.OldestDeliveryAt is { } oldest ? $"of {Minute(when, oldest)}" : "none");
        yield return new("Emails, handovers", work.Dispatches == 0 ? "0" : $"{Number(work.Dispatches)}, the first due {Minute(when, work.DeliveryDueAt!.Value)}");
        yield return new("Conversations", work.Conversations == 0 ? "0" : $"{Number(work.Conversations)}, the first since {Minute(when, work.ConversationDueAt!.Value)}");
    }

    private IEnumerable<HealthFact> Failing(HealthFindings found, ConsoleTimes when)
    {
        var work = found.Work;
        yield return new("Webhooks", work.FailingWebhooks == 0 ? "none" : $"{Number(work.FailingWebhooks)}, since {Minute(when, work.WebhookFailingSince!.Value)}", work.FailingWebhooks > 0);
        if (work.WebhooksOff > 0) yield return new("Switched off", Number(work.WebhooksOff));
        yield return new("Dead deliveries", work.DeadDeliveries == 0 ? "none" : $"{Number(work.DeadDeliveries)}: afterword webhook replay ID --dead", work.DeadDeliveries > 0);
        yield return new("Dead requests", work.DeadDispatches == 0 ? "none" : $"{Number(work.DeadDispatches)}: afterword channel retry @handle --dead", work.DeadDispatches > 0);
        yield return new("Email", settings.Mail is null ? "no mail server (Mail:Host)" : found.EmailFailingSince is { } since ? $"fails since {Minute(when, since)}" : "no failure", settings.Mail is not null && found.EmailFailingSince is not null);
    }

    private IEnumerable<HealthFact> Room(HealthFindings found)
    {
        yield return new("Disk", found.FreeSpace is { } free ? $"{HealthProblems.Bytes(free)} left" : "that of the database", found.FreeSpace < HealthLimits.DiskFree);
        if (settings.Database is null) yield return new("SQLite's log", HealthProblems.Bytes(found.LogLength), found.LogLength > HealthLimits.LogLength);
        if (found.Signs.StandbyBehind is { } behind) yield return new("Standby", behind == 0 ? "has everything" : $"{HealthProblems.Bytes(behind)} behind", behind > HealthLimits.StandbyBehind);
        yield return new("Memory", HealthProblems.Bytes(Environment.WorkingSet));
        yield return new("Worker numbers", string.Create(CultureInfo.InvariantCulture, $"{found.Signs.WorkerNumbers:N0} of {Snowflakes.Workers:N0} held"), found.Signs.WorkerNumbers > HealthLimits.WorkerNumbers);
    }

    private IEnumerable<HealthFact> Kept(HealthFindings found, ConsoleTimes when)
    {
        yield return new("Last backup", BackupTexts.Last(settings.Backup, found.Signs.Backup, when), found.Signs.Backup?.FailedAt is not null);
        yield return new("Last removal", RetentionTexts.Last(found.Retention, when), found.Retention?.FailedAt is not null);
        yield return new(
            "Key ring", found.Signs.Key is { } key ? $"newest key of {when.Day(key.MadeAt.ToUnixTimeMilliseconds())}, ends on {when.Day(key.EndsAt.ToUnixTimeMilliseconds())}" : "no key in force",
            found.Signs.Key is null || found.KeyAge > HealthLimits.KeyRingAge);
        yield return new("Last doctor", found.Doctor is { } doctor ? $"{Minute(when, doctor.At)}: {doctor.Says}{(found.Now - doctor.At > HealthLimits.DoctorRan ? " (long ago)" : "")}" : "none noted: afterword doctor", found.Doctor is { IsWell: false });
    }

    private IEnumerable<HealthFact> Program(long schema) =>
    [
        new("Version", ProgramVersion.Text), new("Store", store.Main.Engine), new("Schema", string.Create(CultureInfo.InvariantCulture, $"migration {schema}")),
    ];

    // The foot of the page names the zone.
    private static string Minute(ConsoleTimes when, DateTimeOffset at) => when.Minute(at.ToUnixTimeMilliseconds());

    private static string Number(long count) => string.Create(CultureInfo.InvariantCulture, $"{count:N0}{(count >= MostCounted ? " or more" : "")}");
}
