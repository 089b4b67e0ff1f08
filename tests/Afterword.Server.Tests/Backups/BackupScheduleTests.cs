using System.Net;
using System.Net.Sockets;
using Afterword.Server.Backups;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Backups;

/// <summary>Backups that the server takes by itself.</summary>
public abstract class BackupScheduleTests(Engine engine) : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create("schedule");
    private int _operators;

    protected string Folder => Path.Combine(_folder.Path, "backups");

    protected string[] Settings => ["Backup:Every=1.00:00:00", $"Backup:Directory={Folder}", "Backup:Keep=2"];

    [Fact]
    public async Task A_backup_is_taken_when_it_is_due_and_the_newest_are_kept()
    {
        await using var server = await TestServer.StartAsync(engine, Settings);
        await UntilAsync(server, run => run.SucceededAt == server.Clock.GetUtcNow());
        Assert.False(await server.Get<BackupSchedule>().RunAsync(default));
        Assert.Equal(["afterword-20260105T090000Z.backup"], Files());
        await server.UserAsync("ana");

        for (var day = 0; day < 3; day++)
        {
            await PassAsync(server, TimeSpan.FromDays(1));
            await UntilAsync(server, run => run.SucceededAt >= server.Clock.GetUtcNow());
        }

        Assert.Equal(["afterword-20260107T090000Z.backup", "afterword-20260108T090000Z.backup"], Files());
        await using var newest = File.OpenRead(Path.Combine(Folder, Files()[^1]));
        using var backup = ReadBackup.Open(newest, () => null);
        var content = backup.Run(null, _ => { }, default);
        Assert.Equal(1, content.Totals.Rows[content.Header.Tables.ToList().FindIndex(table => table.Name == "account")]);
        Assert.Contains("2026-01-08 09:00:00 UTC", await HealthAsync(server), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_fails_is_told_and_tried_again_and_the_server_stays_ready()
    {
        await File.WriteAllTextAsync(Folder, "a file where the folder should be", TestContext.Current.CancellationToken);
        await using var office = await PostOffice.StartAsync();
        await using var server = await TestServer.StartAsync(engine, EmailBy(office.Port));
        await server.PersonAsync(Role.Operator, null, "olga@place.example");
        await server.PersonAsync(Role.Owner, await server.UserAsync("furni"), "owner@furni.example");
        await server.RestartAsync(Settings);
        await UntilAsync(server, run => run.FailedAt is not null);
        var email = Assert.Single(await office.WaitAsync(1));
        Assert.Equal(("olga@place.example", "Afterword: the backup failed"), (email.To, email["Subject"]));
        Assert.Contains("https://feedback.example/console/admin/health", email.Plain, StringComparison.Ordinal);

        Assert.Contains(server.Log, line => line.Contains("The backup failed: ", StringComparison.Ordinal));
        Assert.Contains("Backup failed", await HealthAsync(server), StringComparison.Ordinal);
        (await server.SendAsync(null, HttpMethod.Get, "/healthz/ready", null)).Is(200);

        // Still so, an hour later: it is said once.
        await PassAsync(server, TimeSpan.FromMinutes(61));
        await UntilAsync(server, run => run.FailedAt == server.Clock.GetUtcNow());
        File.Delete(Folder);
        await PassAsync(server, TimeSpan.FromMinutes(61));
        await UntilAsync(server, run => run is { SucceededAt: not null, FailedAt: null });
        Assert.Single(office.All);
        Assert.DoesNotContain("Backup failed", await HealthAsync(server), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_whose_server_died_comes_again_within_the_hour_and_a_clock_that_was_wrong_stops_none()
    {
        await using var server = await TestServer.StartAsync(engine);
        var (db, now, every) = (server.Server.Store.Main, server.Clock.GetUtcNow(), TimeSpan.FromDays(1));
        Assert.NotNull(await BackupRun.TryBeginAsync(db, "first", now, every, default));

        // It is not heard of again. Until its lease is over, and an hour since it began, nobody else comes.
        foreach (var minutes in (int[])[0, 9, 11, 59]) Assert.Null(await BackupRun.TryBeginAsync(db, "second", now + TimeSpan.FromMinutes(minutes), every, default));
        Assert.NotNull(await BackupRun.TryBeginAsync(db, "second", now + TimeSpan.FromMinutes(60), every, default));
        Assert.Equal("The server ended before the backup was whole.", (await db.ReadAsync(session => BackupRun.FindAsync(session, default), default))!.Error);
        Assert.False(await BackupRun.RenewAsync(db, "first", now, default));
        await BackupRun.SucceedAsync(db, "second", now + TimeSpan.FromMinutes(61), "file", 1, null, default);
        Assert.Null(await BackupRun.TryBeginAsync(db, "third", now + TimeSpan.FromMinutes(62), every, default));

        // Stopped in time, it is due at once.
        Assert.NotNull(await BackupRun.TryBeginAsync(db, "third", now + TimeSpan.FromDays(2), every, default));
        await BackupRun.GiveBackAsync(db, "third", default);
        Assert.NotNull(await BackupRun.TryBeginAsync(db, "fourth", now + TimeSpan.FromDays(2), every, default));
        Assert.Null((await db.ReadAsync(session => BackupRun.FindAsync(session, default), default))!.FailedAt);

        // It was a year ahead, and both its lease and its beginning are.
        await BackupRun.GiveBackAsync(db, "fourth", default);
        Assert.NotNull(await BackupRun.TryBeginAsync(db, "ahead", now + TimeSpan.FromDays(365), every, default));
        Assert.NotNull(await BackupRun.TryBeginAsync(db, "right", now + TimeSpan.FromDays(3), every, default));
    }

    [Fact]
    public async Task A_lease_that_was_given_back_is_not_renewed()
    {
        await using var server = await TestServer.StartAsync(engine);
        var (db, now) = (server.Server.Store.Main, server.Clock.GetUtcNow());
        await BackupRun.TryBeginAsync(db, "one", now, TimeSpan.FromDays(1), default);
        Assert.True(await BackupRun.RenewAsync(db, "one", now, default));
        await BackupRun.FailAsync(db, "one", now, now, "full", default);

        Assert.False(await BackupRun.RenewAsync(db, "one", now, default));
    }

    [Fact]
    public async Task One_whose_server_was_killed_is_told()
    {
        await using var office = await PostOffice.StartAsync();
        await using var server = await TestServer.StartAsync(engine, EmailBy(office.Port));
        await server.PersonAsync(Role.Operator, null, "olga@place.example");
        Assert.NotNull(await BackupRun.TryBeginAsync(server.Server.Store.Main, "killed", server.Clock.GetUtcNow(), TimeSpan.FromDays(1), default));
        await server.AdvanceAsync(TimeSpan.FromMinutes(61));

        await server.RestartAsync(Settings);

        Assert.Contains("The server ended before the backup was whole.", Assert.Single(await office.WaitAsync(1)).Plain, StringComparison.Ordinal);
        await UntilAsync(server, run => run is { SucceededAt: not null, FailedAt: null });
        Assert.Contains(server.Log, line => line.Contains("The backup failed: The server ended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failure_is_emailed_again_until_an_email_server_took_it()
    {
        await File.WriteAllTextAsync(Folder, "a file where the folder should be", TestContext.Current.CancellationToken);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var server = await TestServer.StartAsync(engine, EmailBy(((IPEndPoint)listener.LocalEndpoint).Port));
        listener.Stop();
        await server.PersonAsync(Role.Operator, null, "olga@place.example");
        await server.RestartAsync(Settings);
        await LogAsync(server, 1);

        await PassAsync(server, TimeSpan.FromMinutes(61));
        await LogAsync(server, 2);
    }

    [Fact]
    public async Task A_restored_store_takes_no_backups_until_somebody_resumes_it()
    {
        await using var server = await TestServer.StartAsync(engine);
        var db = server.Server.Store.Main;
        await db.WriteAsync(session => OutboundPause.SetAsync(session, new(server.Clock.GetUtcNow(), "restored"), default), default);
        await server.RestartAsync(Settings);

        Assert.False(await server.Get<BackupSchedule>().RunAsync(default));
        Assert.False(Directory.Exists(Folder));
        Assert.Contains("takes no backups by itself meanwhile", await HealthAsync(server), StringComparison.Ordinal);

        var owner = await server.MembershipAsync(Role.Owner, await server.UserAsync("furni"));
        foreach (var page in (string[])["webhooks", "automation", "alerts"]) Assert.Contains("are paused (restored)", (await owner.GetAsync($"/console/@furni/{page}")).Is(200).Html, StringComparison.Ordinal);
        Assert.DoesNotContain("are paused", (await owner.GetAsync("/console/@furni/people")).Is(200).Html, StringComparison.Ordinal);

        await OutboundPause.ReleaseAsync(server.Server.Store.Main, default);
        await server.Get<BackupSchedule>().RunAsync(default);
        await UntilAsync(server, run => run.SucceededAt is not null);
        var health = await HealthAsync(server);
        Assert.Contains($"{Folder}/afterword-", health, StringComparison.Ordinal);
        Assert.Contains($" on {Environment.MachineName}", health, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private protected static async Task UntilAsync(TestServer server, Func<BackupRun, bool> condition)
    {
        while (!condition((await server.Server.Store.Main.ReadAsync(session => BackupRun.FindAsync(session, default), default))!)) await Task.Delay(10, TestContext.Current.CancellationToken);
    }

    private static string[] EmailBy(int port) => ["PublicUrl=https://feedback.example", "Mail:Host=127.0.0.1", $"Mail:Port={port}", "Mail:Tls=none", "Mail:From=feedback@mail.example"];

    private static async Task LogAsync(TestServer server, int times)
    {
        while (server.Log.ToArray().Count(line => line.Contains("did not take an email that a backup failed", StringComparison.Ordinal)) < times) await Task.Delay(10, TestContext.Current.CancellationToken);
    }

    // The server looks by itself once in a minute of the real clock.
    private static async Task PassAsync(TestServer server, TimeSpan time)
    {
        await server.AdvanceAsync(time);
        await server.Get<BackupSchedule>().RunAsync(default);
    }

    protected string[] Files() => [.. Directory.GetFiles(Folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    // A session ends while the clock goes on by days.
    private async Task<string> HealthAsync(TestServer server) => (await (await server.MembershipAsync(Role.Operator, email: $"operator{++_operators}@place.example")).GetAsync("/console/admin/health")).Is(200).Html;
}

public sealed class SqliteBackupScheduleTests() : BackupScheduleTests(Engine.Sqlite);

public sealed class PostgresBackupScheduleTests() : BackupScheduleTests(Engine.Postgres)
{
    [Fact]
    public async Task Of_several_nodes_one_takes_it()
    {
        await using var one = await TestServer.StartAsync(Engine.Postgres, Settings);
        await using var other = await one.StartSecondAsync();
        await UntilAsync(one, run => run.SucceededAt is not null);
        await one.AdvanceAsync(TimeSpan.FromDays(1));
        await other.AdvanceAsync(TimeSpan.FromDays(1));

        var taken = await Task.WhenAll(one.Get<BackupSchedule>().RunAsync(default), other.Get<BackupSchedule>().RunAsync(default));

        Assert.True(taken.Count(ran => ran) <= 1);
        await UntilAsync(one, run => run.SucceededAt >= one.Clock.GetUtcNow());
        Assert.Equal(2, Files().Length);
    }
}
