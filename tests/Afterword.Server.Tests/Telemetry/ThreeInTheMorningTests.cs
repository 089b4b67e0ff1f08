using System.Xml.Linq;
using Afterword.Server.Backups;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Abuse;
using Afterword.Server.Tests.Automation;
using Afterword.Server.Tests.Channels;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Telemetry;

/// <summary>
/// Of each trouble, planted for real: the page Health says it in a sentence that leads to the mend, a metric shows it, and an alert rule fires; before it came,
/// and after it is mended, all of them are quiet.
/// </summary>
/// <remarks>Readers of a replica do not exist yet: the standby here is the database's own. Collectors listen to all servers of a process, so no other is there meanwhile.</remarks>
[Collection(nameof(Alone))]
public sealed class ThreeInTheMorningTests
{
    private static readonly TimeSpan s_quarter = TimeSpan.FromMinutes(16);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_email_server_takes_no_email()
    {
        var refuses = false;
        await using var email = MailScript.Start(command => refuses && command.Length == 0 ? "554 No mail today" : null);
        await using var site = await ChannelFixture.StartAsync(Engine.Sqlite, email.Port, Night.Watched);
        await site.AskAsync(site.Ada);
        await site.DrainAsync();
        using var night = await Night.BeginAsync(site.Server);

        refuses = true;
        await site.AskAsync(site.Ada);
        await site.DrainAsync();
        await site.AdvanceAsync(s_quarter);
        await night.SaysAsync(
            "mail_fails", "Since 09:00 UTC: <strong>no email has got through.</strong> 1 request waits", "afterword channel test mail --to ADDRESS",
            ("afterword_mail_failing_for_seconds", 900), "AfterwordMailFails");

        refuses = false;
        await site.AdvanceAsync(TimeSpan.FromHours(2));
        await night.IsQuietAsync();
    }

    [Fact]
    public async Task A_webhook_is_dead()
    {
        var status = 200;
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = Volatile.Read(ref status);
            return Task.CompletedTask;
        });
        await using var fixture = await WebhookFixture.StartAsync(Engine.Sqlite, [.. Night.Watched, $"Webhooks:RetrySchedule={string.Join(' ', Enumerable.Repeat("10m", 12))}"]);
        await fixture.AddAsync(receiver);
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();
        using var night = await Night.BeginAsync(fixture.Server);

        // Not as an error of the server: the receiver is in this process, and measured with it.
        Volatile.Write(ref status, 404);
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();
        for (var i = 0; i < 5; i++) await fixture.AdvanceAsync(TimeSpan.FromMinutes(13));
        await night.SaysAsync(
            "webhook_fails", "Since 09:00 UTC: <strong>1 webhook fails.</strong> 1 delivery waits", "afterword webhook list", ("afterword_webhooks_failing_for_seconds", 3_600), "AfterwordWebhookFails");

        Volatile.Write(ref status, 200);
        await fixture.AdvanceAsync(TimeSpan.FromMinutes(13));
        await night.IsQuietAsync();
    }

    [Fact]
    public async Task The_disk_is_nearly_full()
    {
        using var disk = new SmallMount();
        Assert.SkipUnless(disk.IsThere, "This machine lets no process mount a disk of its own.");
        await using var server = await TestServer.StartAsync(Engine.Sqlite, Night.Watched);
        var healthMetrics = server.Get<HealthMetrics>();

        // That of the tests may be as small.
        var roomy = healthMetrics.FreeSpace < HealthLimits.DiskFree ? HealthLimits.DiskFree : healthMetrics.FreeSpace!.Value;
        healthMetrics.RoomOf = _ => roomy;
        using var night = await Night.BeginAsync(server);

        healthMetrics.RoomOf = _ => DiskRoom.Of(disk.Path);
        await night.SaysAsync("disk_nearly_full", "<strong>The disk of the store has 64.0 MiB left.</strong>", "Make room now", ("afterword_disk_free_bytes", 0), "AfterwordDiskNearlyFull");

        healthMetrics.RoomOf = _ => roomy;
        await night.IsQuietAsync();
    }

    [Fact]
    public async Task The_clock_is_off()
    {
        using var folder = TestFolder.Create("clock");
        var store = await Engine.Postgres.MigratedStoreAsync(folder);
        await using (var server = await TestServer.StartOnAsync(store, TimeProvider.System.GetUtcNow().AddMinutes(2), Night.Watched))
        {
            server.Get<StoreMonitor>().ComparesWithDatabase = true;
            server.Clock.OffBy = TimeSpan.FromMinutes(-2);
            using var night = await Night.BeginAsync(server);

            server.Clock.OffBy = TimeSpan.Zero;
            await night.SaysAsync("clock_off", "<strong>This machine's clock is 2 minutes ahead of the database's.</strong>", "afterword clock show", ("afterword_clock_offset_seconds", 60), "AfterwordClockOff");
        }

        await PostgresCluster.Shared.DropAsync(store["Database"]!);
    }

    [Fact]
    public async Task Customers_are_asked_late()
    {
        await using var world = await RulesFixture.StartAsync(Engine.Sqlite, Night.Watched);
        await world.RuleAsync("""{"recipient_interval_days":0,"rules":[{"name":"all","ask":""" + RulesFixture.Ask.Replace("PT0S", "PT5M", StringComparison.Ordinal) + "}]}");
        Assert.Equal("scheduled", (await world.CloseAsync("ticket")).Outcome);
        using var night = await Night.BeginAsync(world.Server);

        // A node that hangs has the lease.
        await world.RunAsync($"update automation set holder = 7, lease_until = {world.Now + 7_200_000}");
        await world.Server.AdvanceAsync(TimeSpan.FromMinutes(5) + s_quarter);
        await night.SaysAsync(
            "conversations_late", "Since 09:05 UTC: <strong>customers are asked late.</strong> 1 conversation is due", "6101 and 6102", ("afterword_conversations_late_seconds", 900), "AfterwordConversationsLate");

        await world.RunAsync("update automation set lease_until = 0");
        await world.DrainAsync();
        await night.IsQuietAsync();
    }

    [Fact]
    public async Task A_standby_is_behind()
    {
        using var primary = PostgresCluster.Replicated();
        var url = await primary.NewDatabaseAsync();
        await MigratedStores.MigrateAsync("Database", url);
        using var standby = await PostgresCluster.StandbyOfAsync(primary, "second");
        await CaughtUpAsync(primary);
        await using var fixture = await FeedbackFixture.StartOnAsync(url, Night.Watched);
        using var night = await Night.BeginAsync(fixture.Server);

        // It hears everything and applies nothing. A segment of the log that is begun anew counts as written.
        await standby.AskAsync("select pg_wal_replay_pause()");
        for (var i = 0; i < 10; i++) await primary.AskAsync("select pg_switch_wal() from pg_logical_emit_message(false, 'test', 'full')");
        await night.SaysAsync("standby_behind", "<strong>A standby is 1", "the standby's log", ("afterword_standby_behind_bytes", HealthLimits.StandbyBehind), "AfterwordStandbyBehind");

        await standby.AskAsync("select pg_wal_replay_resume()");
        await CaughtUpAsync(primary);
        await night.IsQuietAsync();
    }

    [Fact]
    public async Task The_key_ring_is_old()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite, Night.Watched);
        using var night = await Night.BeginAsync(server);

        await AgeKeysAsync(server, endsIn: TimeSpan.FromDays(8));
        await night.SaysAsync("key_ring_old", "<strong>The key ring was not renewed.</strong>", "event 1101", ("afterword_key_ring_age_seconds", 86 * 86_400), "AfterwordKeyRingOld");

        // It would have been renewed when it had a week left; a start does that.
        await AgeKeysAsync(server, endsIn: TimeSpan.FromDays(3));
        await server.RestartAsync();
        await night.IsQuietAsync();
    }

    [Fact]
    public async Task The_backup_failed()
    {
        using var folder = TestFolder.Create("backups");
        var backups = Path.Combine(folder.Path, "backups");
        await using var server = await TestServer.StartAsync(Engine.Sqlite, [.. Night.Watched, "Backup:Every=1.00:00:00", $"Backup:Directory={backups}"]);
        await RanAsync(server, run => run.SucceededAt is not null);
        using var night = await Night.BeginAsync(server);

        Directory.Delete(backups, recursive: true);
        await File.WriteAllTextAsync(backups, "a file where the folder should be", Stop);
        await server.AdvanceAsync(TimeSpan.FromDays(1));
        await server.Get<BackupSchedule>().RunAsync(Stop);
        await RanAsync(server, run => run.FailedAt is not null);
        await night.SaysAsync("backup_failed", "<strong>Backup failed</strong> 2026-01-06 09:00:00 UTC:", "afterword backup FOLDER", ("afterword_backup_failed", 0), "AfterwordBackupFailed");

        File.Delete(backups);
        await server.AdvanceAsync(TimeSpan.FromMinutes(61));
        await server.Get<BackupSchedule>().RunAsync(Stop);
        await RanAsync(server, run => run.FailedAt is null);
        await night.IsQuietAsync();
    }

    [Fact]
    public async Task Worker_numbers_are_gone()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite, Night.Watched);
        using var night = await Night.BeginAsync(server);

        await RunAsync(server, $"insert into worker_lease (worker, holder, held_until, high) with recursive n(i) as (select 0 union all select i + 1 from n where i < 1023) select i, 'other', {server.Clock.GetUtcNow().AddMinutes(5).ToUnixTimeMilliseconds()}, 0 from n where true on conflict do nothing");
        await night.SaysAsync(
            "worker_numbers_short", "<strong>1,024 of 1,024 worker numbers are held.</strong>", "Which processes use the store?", ("afterword_worker_numbers_held", 1_000), "AfterwordWorkerNumbersShort");

        await RunAsync(server, "delete from worker_lease where holder = 'other'");
        await night.IsQuietAsync();
    }

    [Fact]
    public async Task The_database_is_slow()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Postgres, Night.Watched);
        using var night = await Night.BeginAsync(fixture.Server);

        // It takes its time when a request is committed.
        await RunAsync(fixture.Server, "create function be_slow() returns trigger language plpgsql as 'begin perform pg_sleep(1.2); return null; end'");
        await RunAsync(fixture.Server, "create constraint trigger slow after insert on prompt deferrable initially deferred for each row execute function be_slow()");
        await fixture.AskAsync();
        await night.SaysAsync("commits_slow", "<strong>The database is slow: a commit of the last minutes took 1.", "at locks", ("afterword_write_commit_slowest_seconds", 1), "AfterwordSlowCommits");
    }

    [Fact]
    public void The_page_and_the_rules_have_the_same_limits()
    {
        var rules = AlertRules.Read();
        foreach (var (alert, limit) in (IEnumerable<(string, double)>)
        [
            ("AfterwordMailFails", HealthLimits.EmailFailing.TotalSeconds), ("AfterwordWebhookFails", HealthLimits.WebhookFailing.TotalSeconds), ("AfterwordDeliveriesWait", HealthLimits.DeliveryWaits.TotalSeconds),
            ("AfterwordConversationsLate", HealthLimits.Late.TotalSeconds), ("AfterwordDispatchesWait", HealthLimits.Late.TotalSeconds), ("AfterwordClockOff", HealthLimits.ClockOff.TotalSeconds),
            ("AfterwordKeyRingOld", HealthLimits.KeyRingAge.TotalSeconds), ("AfterwordSlowCommits", HealthLimits.SlowCommit.TotalSeconds), ("AfterwordBackupOld", HealthLimits.BackupsMissed * 86_400),
            ("AfterwordDiskNearlyFull", HealthLimits.DiskFree), ("AfterwordLogGrows", HealthLimits.LogLength), ("AfterwordStandbyBehind", HealthLimits.StandbyBehind), ("AfterwordWorkerNumbersShort", HealthLimits.WorkerNumbers),
        ])
        {
            Assert.True(rules.LimitOf(alert).Equals(limit), alert);
        }
    }

    private static Task<int> RunAsync(TestServer server, string sql) => server.Server.Store.Main.WriteAsync(session => session.Sql(sql).RunAsync(Stop), Stop);

    private static async Task RanAsync(TestServer server, Func<BackupRun, bool> condition)
    {
        while (!condition((await server.Server.Store.Main.ReadAsync(session => BackupRun.FindAsync(session, Stop), Stop))!)) await Task.Delay(10, Stop);
    }

    /// <summary>Waits until the standby has applied what there was. It says so when it hears of more.</summary>
    private static async Task CaughtUpAsync(PostgresCluster primary)
    {
        while (await primary.AskAsync("select 1 from pg_stat_replication where pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) < 1000000") is null)
        {
            await primary.RunSqlAsync("select pg_logical_emit_message(true, 'test', 'more')");
            await Task.Delay(10, Stop);
        }
    }

    /// <summary>Takes back when every key was made, by 87 days.</summary>
    private static async Task AgeKeysAsync(TestServer server, TimeSpan endsIn)
    {
        var now = Secrets.Clock.GetUtcNow();
        var keys = await server.Server.Store.Main.ReadAsync(session => session.Sql("select name, element from key_ring").ListAsync(row => (Name: row.GetString(0), Element: XElement.Parse(row.GetString(1))), Stop), Stop);
        foreach (var (name, element) in keys)
        {
            element.Element("creationDate")!.SetValue(now.AddDays(-87));
            element.Element("activationDate")!.SetValue(now.AddDays(-87));
            element.Element("expirationDate")!.SetValue(now + endsIn);
            await server.Server.Store.Main.WriteAsync(
                session => session.Sql("update key_ring set element = @element, created_at = @made where name = @name")
                    .Bind("element", element.ToString(SaveOptions.DisableFormatting)).Bind("made", now.AddDays(-87).ToUnixTimeMilliseconds()).Bind("name", name).RunAsync(Stop),
                Stop);
        }
    }
}
