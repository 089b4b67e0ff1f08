using System.Text;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Clocks;

/// <summary>A clock that is wrong for a moment, or was wrong once.</summary>
public abstract class ClockJumpTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    private TestServer Server => _fixture.Server;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine, "Limits:CreatesPerDay=2", "Limits:ShowPer15Minutes=2");

    [Fact]
    public async Task While_the_clock_cannot_be_right_reads_go_on_writes_wait_and_everybody_is_told_why()
    {
        var asked = await _fixture.AskAsync(more: ("include_card", "1"));
        var card = new Uri(asked.Text("card_url")).AbsolutePath;
        var browser = await Server.MembershipAsync(Role.Operator);
        Server.Clock.OffBy = TimeSpan.FromDays(3_652);

        (await ScoreAsync(card)).Is(503);
        Assert.Equal("writes are held; see the log\n", (await GetAsync("/healthz/ready")).Is(503).Body);
        Assert.Contains("clock went forward by 3,652 days", Server.Get<StoreMonitor>().Because, StringComparison.Ordinal);
        (await GetAsync("/healthz/ready?for=reads")).Is(200);
        (await GetAsync(card)).Is(200);
        await LookAsync();
        await Server.ShowsAsync(browser, ProblemCause.ClockRefused);
        Assert.Single(Server.Log, line => line.Contains("Trouble clock_refused: the clock cannot be right.", StringComparison.Ordinal) && line.Contains("clock went forward by 3,652 days", StringComparison.Ordinal));

        // A client whose clock differs from ours is not told that its own is wrong, nor that there is too much to do.
        Assert.Equal(["The store cannot be reached."], (await _fixture.ShowAsync(asked.Text("id"))).Is(503, 130).Messages);

        Server.Clock.OffBy = TimeSpan.FromSeconds(10);
        await LookAsync();
        (await ScoreAsync(card)).Is(200);
        Server.Clock.Advance(TimeSpan.FromSeconds(2));
        (await GetAsync("/healthz/ready")).Is(200);
        Assert.Single(Server.Log, line => line.Contains("Trouble clock_refused is over", StringComparison.Ordinal));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_clock_that_an_operator_confirms_is_believed()
    {
        var card = new Uri((await _fixture.AskAsync(more: ("include_card", "1"))).Text("card_url")).AbsolutePath;
        Server.Clock.OffBy = TimeSpan.FromDays(20);
        await LookAsync();
        (await ScoreAsync(card)).Is(503);

        // By a command, which is a process of its own.
        await using (var command = await Store.OpenAsync(Server.Get<Settings>(), Server.Clock, default))
        {
            await ClockReading.AcceptAsync(command.Main, Server.Clock.GetUtcNow(), TimeSpan.Zero, default);
        }

        await LookAsync();
        await Server.Get<WorkerLease>().RenewAsync(default);
        (await ScoreAsync(card)).Is(200);
        Assert.Equal(Server.Clock.GetUtcNow(), Server.Get<TimeProvider>().GetUtcNow());
    }

    [Fact]
    public async Task A_server_that_starts_years_after_its_store_was_last_served_asks_first()
    {
        var card = new Uri((await _fixture.AskAsync(more: ("include_card", "1"))).Text("card_url")).AbsolutePath;
        Server.Clock.Advance(TimeSpan.FromDays(3_650));
        await Server.RestartAsync();

        (await ScoreAsync(card)).Is(503);
        (await GetAsync("/healthz/ready")).Is(503);
        Assert.Contains("ahead of the store's last use", Server.Get<StoreMonitor>().Because, StringComparison.Ordinal);

        await using (var command = await Store.OpenAsync(Server.Get<Settings>(), Server.Clock, default))
        {
            await ClockReading.AcceptAsync(command.Main, Server.Clock.GetUtcNow(), TimeSpan.Zero, default);
        }

        await LookAsync();
        (await GetAsync("/healthz/ready")).Is(200);
    }

    [Fact]
    public async Task A_window_that_a_wrong_clock_began_in_the_future_holds_nobody_up()
    {
        await BeWrongAsync(TimeSpan.FromDays(30), async () =>
        {
            for (var i = 0; i < 2; i++) (await _fixture.ShowAsync((await _fixture.AskAsync()).Text("id"))).Is(200);
            (await _fixture.ShowAsync("1")).Is(429, 88);
        });

        var asked = await _fixture.AskAsync();
        Assert.Equal(1, asked.Header("x-rate-limit-remaining"));
        Assert.Equal(1, (await _fixture.ShowAsync(asked.Text("id"))).Is(200).Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task The_doctor_finds_stamps_of_the_future_and_takes_them_back()
    {
        var early = (await _fixture.AskAsync()).Text("id");
        var late = "";
        await BeWrongAsync(TimeSpan.FromHours(20), async () =>
        {
            late = (await _fixture.AskAsync()).Text("id");
            (await _fixture.SubmitAsync(late, ("score", "1"))).Is(200);
            (await _fixture.SubmitAsync(early, ("score", "2"), ("text", "Slow"))).Is(200);
            (await Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(200);
        });
        var read = await EventsAsync(0);
        Assert.Single(read);
        Assert.Contains(await Server.ExamineAsync(), finding => finding.Check == "the clock" && finding.Problems.Any(problem => problem.Contains("1 senders whose events", StringComparison.Ordinal)));

        var now = Server.Clock.GetUtcNow();
        var settings = Server.Get<Settings>();
        await Server.Server.DisposeAsync();
        await using (var store = await Store.OpenAsync(settings, Server.Clock, default)) Assert.NotEmpty(await FutureStamps.MendAsync(store, now, default));
        Server.Clock.Advance(TimeSpan.FromSeconds(1));
        await Server.RestartAsync();

        // What was there is told after what was read before, in its order, and what happens now after it.
        var next = (await _fixture.AskAsync()).Text("id");
        Server.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([late, late, early, early, next], await EventsAsync(now.ToUnixTimeMilliseconds() + 1));
        await Server.Get<RebuildRollups>().RunAsync(default);
        await Server.AllIsWellAsync();
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    /// <summary>Has the server start and work while the clock is ahead, and start again when it is right.</summary>
    private async Task BeWrongAsync(TimeSpan by, Func<Task> work)
    {
        var right = Server.Clock.GetUtcNow();
        Server.Clock.Advance(by);
        await Server.RestartAsync();
        await work();
        Server.Clock.AdjustTime(right.AddSeconds(1));
        await Server.RestartAsync();
    }

    private async Task<string[]> EventsAsync(long from)
    {
        var answer = (await Server.GetAsync(_fixture.Sender, $"/1.1/feedback/events.json?from_time={from}&to_time={Server.Clock.GetUtcNow().ToUnixTimeMilliseconds()}")).Is(200);
        return [.. answer.Json.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("feedback").GetProperty("id").GetString()!)];
    }

    private Task LookAsync() => Server.Get<StoreMonitor>().LookAsync(default);

    private Task<Answer> GetAsync(string path) => Server.SendAsync(null, HttpMethod.Get, path, null);

    private Task<Answer> ScoreAsync(string card) => Server.SendAsync(null, HttpMethod.Post, card, Encoding.ASCII.GetBytes("score=4"));
}

public sealed class SqliteClockJumpTests() : ClockJumpTests(Engine.Sqlite);

public sealed class PostgresClockJumpTests() : ClockJumpTests(Engine.Postgres)
{
    [Fact]
    public async Task A_node_whose_clock_is_ahead_of_the_databases_writes_nothing()
    {
        await using var server = await TestServer.StartAsync(Engine.Postgres);
        var watch = server.Get<StoreMonitor>();
        watch.ComparesWithDatabase = true;
        server.Clock.AdjustTime(TimeProvider.System.GetUtcNow());
        server.Get<SteadyClock>().Accept();
        await watch.LookAsync(default);
        Assert.Null(watch.Because);

        await server.AdvanceAsync(TimeSpan.FromHours(1));
        await watch.LookAsync(default);
        Assert.Contains("ahead of the database's", watch.Because, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HeldException>(() => server.UserAsync("furni"));

        await using (var command = await Store.OpenAsync(server.Get<Settings>(), server.Clock, default))
        {
            await ClockReading.AcceptAsync(command.Main, server.Clock.GetUtcNow(), TimeSpan.FromHours(1), default);
        }

        await watch.LookAsync(default);
        Assert.Null(watch.Because);
    }
}
