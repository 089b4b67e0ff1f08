using System.Globalization;
using Afterword.Support;

namespace Afterword.Server.Tests.Faults;

/// <summary>A PostgreSQL server of one class of tests, which can be made to wait for a standby that does not exist.</summary>
public sealed class ReplicatedServer : IDisposable
{
    private const int Polls = 6_000;
    private const int LongPolls = 1_000;

    private readonly Lazy<Task<string>> _migrated;

    public ReplicatedServer() => _migrated = new(async () =>
    {
        var url = await Cluster.NewDatabaseAsync();
        await MigratedStores.MigrateAsync("Database", url);
        return url;
    });

    internal PostgresCluster Cluster { get; } = PostgresCluster.Replicated();

    /// <summary>The URL of a new database with the present schema.</summary>
    public async Task<string> DatabaseAsync() => await Cluster.CopyOfAsync(await _migrated.Value);

    /// <summary>From now on every commit waits.</summary>
    public async Task HoldCommitsAsync()
    {
        await SetAsync("nobody");

        // The setting takes hold a moment after it was told.
        while (true)
        {
            var probe = Cluster.RunSqlAsync("create table if not exists probe (n int); insert into probe values (1)");
            while (!probe.IsCompleted && await WaitingAsync("postgres") is null) await Task.Delay(5);
            if (await WaitingAsync("postgres") is not { } waits) continue;

            await Cluster.AskAsync(string.Create(CultureInfo.InvariantCulture, $"select pg_cancel_backend({waits})"));
            await probe;
            return;
        }
    }

    /// <summary>Commits wait for nobody any more, and those that do go on.</summary>
    public Task LetGoAsync() => SetAsync("");

    /// <summary>Waits until a commit waits for the standby.</summary>
    /// <param name="database">Its URL.</param>
    public async Task WaitForCommitAsync(string database)
    {
        while (await WaitingAsync(NameOf(database)) is null) await Task.Delay(5, TestContext.Current.CancellationToken);
    }

    /// <summary>Calls off every commit that waits, until a task has ended.</summary>
    /// <param name="database">The URL of theirs.</param>
    /// <param name="function">How: <c>pg_cancel_backend</c> or <c>pg_terminate_backend</c>.</param>
    /// <param name="until">The task.</param>
    public async Task CallOffAsync(string database, string function, Task until)
    {
        for (var poll = 0; poll < Polls && !until.IsCompleted; poll++)
        {
            await Cluster.AskAsync($"select {function}(pid) from pg_stat_activity where datname = '{NameOf(database)}' and wait_event = 'SyncRep'");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until a commit has waited for longer than that.</summary>
    public async Task WaitForLongCommitAsync(string database, TimeSpan wait)
    {
        var longer = string.Create(CultureInfo.InvariantCulture, $"select 1 from pg_stat_activity where datname = '{NameOf(database)}' and wait_event = 'SyncRep' and clock_timestamp() - query_start > interval '{wait.TotalMilliseconds} milliseconds'");
        for (var poll = 0; await Cluster.AskAsync(longer) is null; poll++)
        {
            Assert.True(poll < LongPolls, "No commit waited for so long: somebody called it off.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose() => Cluster.Dispose();

    private static string NameOf(string database) => new Uri(database).AbsolutePath[1..];

    private async Task<int?> WaitingAsync(string database) =>
        await Cluster.AskAsync($"select pid from pg_stat_activity where datname = '{database}' and wait_event = 'SyncRep' limit 1") as int?;

    private async Task SetAsync(string standbys)
    {
        // Neither of the two writes anything that waits.
        await Cluster.RunSqlAsync($"alter system set synchronous_standby_names = '{standbys}'");
        await Cluster.RunSqlAsync("select pg_reload_conf()");
    }
}
