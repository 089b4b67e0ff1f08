using System.Collections.Concurrent;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Faults;

/// <summary>The server that took the writes is lost, and its synchronous standby takes over.</summary>
[LongForm]
public sealed class FailoverTests
{
    private const int AtOnce = 16;
    private const int Enough = 300;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_create_that_was_answered_with_success_is_on_the_standby()
    {
        using var primary = PostgresCluster.Replicated();
        var path = new Uri(await primary.NewDatabaseAsync()).AbsolutePath;
        using var standby = await PostgresCluster.StandbyOfAsync(primary, "second");
        await primary.RunSqlAsync("alter system set synchronous_standby_names = 'second'");
        await primary.RunSqlAsync("select pg_reload_conf()");
        await UntilAsync(async () => await primary.AskAsync("select 1 from pg_stat_replication where sync_state = 'sync'") is not null);
        await using var fixture = await FeedbackFixture.StartOnAsync(
            $"postgres://postgres@{await primary.HostAsync()},{await standby.HostAsync()}{path}?Host%20Recheck%20Seconds=1", "Limits:CreatesPerDay=1000000", "Storage:CommitWait=00:00:00.5");

        var acknowledged = new ConcurrentBag<string>();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var clients = Enumerable.Range(0, AtOnce).Select(_ => Task.Run(() => AskOnAsync(fixture, acknowledged, enough.Token), Stop)).ToArray();
        await UntilAsync(() => Task.FromResult(acknowledged.Count >= Enough));

        // The standby hears nothing any more; an administrator calls off the commits that wait for it.
        await standby.RunSqlAsync("alter system set primary_conninfo = ''");
        await standby.RunSqlAsync("select pg_reload_conf()");
        var calledOff = 0;
        await UntilAsync(async () =>
        {
            if (await primary.AskAsync("select count(pg_cancel_backend(pid)) from pg_stat_activity where wait_event = 'SyncRep'") is long found) calledOff += (int)found;
            return calledOff >= 20;
        });
        var onPrimary = (long)(await CountAsync(fixture));
        primary.Dispose();
        await standby.AskAsync("select pg_promote()");
        await standby.RunSqlAsync("alter system reset synchronous_standby_names");
        await standby.RunSqlAsync("select pg_reload_conf()");

        var before = acknowledged.Count;
        await UntilAsync(() => Task.FromResult(acknowledged.Count >= before + 50));
        await enough.CancelAsync();
        await Task.WhenAll(clients);

        var stored = (await fixture.Server.Server.Store.Main.ReadAsync(session => session.Sql("select id from prompt").ListAsync(row => row.GetInt64(0).ToString(System.Globalization.CultureInfo.InvariantCulture), Stop), Stop)).ToHashSet();
        Assert.DoesNotContain(acknowledged, id => !stored.Contains(id));

        // The control: there was something to lose.
        Assert.True(onPrimary > before, $"The primary had {onPrimary} feedbacks, of which {before} were acknowledged.");
        Assert.DoesNotContain(fixture.Server.Log, line => line.StartsWith("Request ", StringComparison.Ordinal));
        await fixture.Server.AllIsWellAsync();
    }

    private static Task<long> CountAsync(FeedbackFixture fixture) => fixture.Server.CountAsync("prompt");

    private static async Task AskOnAsync(FeedbackFixture fixture, ConcurrentBag<string> acknowledged, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var answer = await fixture.Server.PostAsync(
                fixture.Sender, "/1.1/feedback/create.json",
                ("type", "csat"), ("to_user_id", $"{fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));
            if (answer.Status == 200) acknowledged.Add(answer.Text("id"));
            else await Task.Delay(10, CancellationToken.None);
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        while (!await isSo()) await Task.Delay(10, Stop);
    }
}
