using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Microsoft.Data.Sqlite;

namespace Afterword.Server.Tests.Faults;

/// <summary>What a load balancer hears while not all of the store can be used.</summary>
public sealed class ReadinessTests
{
    [Fact]
    public async Task A_server_that_can_take_no_nonces_is_not_ready_and_says_why_until_it_can()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Sqlite, "Storage:CommitWait=00:00:00.1");
        var asked = (await fixture.AskAsync()).Text("id");
        var (server, watch) = (fixture.Server, fixture.Server.Get<ProblemMonitor>());
        await using var other = new SqliteConnection($"Data Source={Path.Combine(server.Get<Settings>().Data, "admissions.db")};Pooling=False");
        await other.OpenAsync(TestContext.Current.CancellationToken);
        await RunAsync(other, "begin immediate");

        (await AskAsync()).Is(503, 130);
        (await GetAsync("/healthz/ready")).Is(503);
        (await GetAsync("/healthz/ready?for=reads")).Is(200);
        (await fixture.ShowAsync(asked)).Is(200);
        for (var look = 0; look < 3; look++)
        {
            await watch.LookAsync(tries: false, default);
            Assert.True(server.Server.Store.Problems.Holds(ProblemCause.NoAnswer));
            server.Clock.Advance(TimeSpan.FromSeconds(11));
        }

        Assert.Empty(server.Lines("Trouble no_answer is over"));
        await RunAsync(other, "rollback");
        while (server.Server.Store.Nonces.StalledBy is not null) await Task.Delay(5, TestContext.Current.CancellationToken);
        (await GetAsync("/healthz/ready")).Is(200);
        (await AskAsync()).Is(200);
        server.Clock.Advance(TimeSpan.FromSeconds(11));
        await watch.LookAsync(tries: false, default);
        Assert.Single(server.Lines("Trouble no_answer is over"));

        Task<Answer> GetAsync(string path) => server.SendAsync(null, HttpMethod.Get, path, null);
        Task<Answer> AskAsync() => server.PostAsync(
            fixture.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));
    }

    [Theory]
    [InlineData(Engine.Sqlite)]
    [InlineData(Engine.Postgres)]
    public async Task However_often_it_is_tried_whether_nonces_can_be_taken_one_row_is_written(Engine engine)
    {
        await using var server = await TestServer.StartAsync(engine);
        for (var time = 0; time < 3; time++)
        {
            server.Clock.Advance(TimeSpan.FromSeconds(2));
            (await server.SendAsync(null, HttpMethod.Get, "/healthz/ready", null)).Is(200);
        }

        Assert.Equal(
            [server.Clock.GetUtcNow().ToUnixTimeMilliseconds()],
            await server.Server.Store.Nonces.ReadAsync(session => session.Sql("select started_at from call_window").ListAsync(row => row.GetInt64(0), default), default));
    }

    [Fact]
    public async Task A_disk_that_hangs_keeps_nobody_for_longer_than_the_wait()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        using var letGo = new ManualResetEventSlim();
        var readiness = new Readiness(
            server.Server.Store, server.Get<StoreMonitor>(), server.Get<WorkerLease>(), server.Get<NonceStore>(), new HangingClock(server.Clock, letGo));
        try
        {
            // The second comes while the first is being found out.
            for (var time = 0; time < 2; time++)
            {
                var why = await Task.Run(() => readiness.WhyNoWritesAsync(default)).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
                Assert.Equal(ProblemCause.NoAnswer, why!.Cause);
            }
        }
        finally
        {
            letGo.Set();
        }
    }

    private static async Task RunAsync(SqliteConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // constants of this class
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Holds up whoever asks for the time, on the thread that asks, as SQLite does with a disk that hangs. Waits are over at once.</summary>
    private sealed class HangingClock(TimeProvider clock, ManualResetEventSlim letGo) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            letGo.Wait();
            return clock.GetUtcNow();
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
