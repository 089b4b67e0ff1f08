using Afterword.Server.Access.Console;
using Afterword.Server.Backups;
using Afterword.Server.Tests.World;
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
            await server.AdvanceAsync(TimeSpan.FromDays(1));
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
        await using var server = await TestServer.StartAsync(engine, Settings);
        await UntilAsync(server, run => run.FailedAt is not null);

        Assert.Single(server.Log, line => line.Contains("The backup failed: ", StringComparison.Ordinal));
        Assert.Contains("Backup failed", await HealthAsync(server), StringComparison.Ordinal);
        (await server.SendAsync(null, HttpMethod.Get, "/healthz/ready", null)).Is(200);

        File.Delete(Folder);
        await server.AdvanceAsync(TimeSpan.FromMinutes(61));
        await UntilAsync(server, run => run is { SucceededAt: not null, FailedAt: null });
        Assert.DoesNotContain("Backup failed", await HealthAsync(server), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private protected static async Task UntilAsync(TestServer server, Func<BackupRun, bool> condition)
    {
        while (!condition((await server.Server.Store.Main.ReadAsync(session => BackupRun.FindAsync(session, default), default))!)) await Task.Delay(10, TestContext.Current.CancellationToken);
    }

    protected string[] Files() => [.. Directory.GetFiles(Folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    // A session ends while the clock goes on by days.
    private async Task<string> HealthAsync(TestServer server) => (await (await server.SeatAsync(Role.Operator, mail: $"operator{++_operators}@place.example")).GetAsync("/console/admin/health")).Is(200).Html;
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
