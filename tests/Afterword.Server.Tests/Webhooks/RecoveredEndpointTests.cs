using System.Globalization;
using Afterword.Server.Cli;
using Afterword.Server.Configuration;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>An endpoint that was mended gets what waits for it, long before the schedule would send it.</summary>
public abstract class RecoveredEndpointTests(Engine engine) : IAsyncLifetime
{
    private WebhookFixture _fixture = null!;
    private Receiver _receiver = null!;
    private NewEndpoint _endpoint = null!;

    // What the endpoint answers to an event, by its feedback's id.
    private Func<Received, int> _status = _ => 503;
    private Func<Received, string?> _retryAfter = _ => null;
    private Task _hold = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _fixture = await WebhookFixture.StartAsync(engine);
        _receiver = await Receiver.StartAsync(async (http, got) =>
        {
            var (status, retryAfter) = (_status(got), _retryAfter(got));
            await _hold;
            if (retryAfter is not null) http.Response.Headers.RetryAfter = retryAfter;
            http.Response.StatusCode = status;
        });
        _endpoint = await _fixture.AddAsync(_receiver);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _fixture.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task Switching_it_on_sends_all_that_waits_in_order_and_it_counts_as_failing_until_it_takes_something()
    {
        var ids = await FailForHoursAsync();
        await _fixture.Endpoints.EnableAsync(_endpoint.Key, default);
        await _fixture.DrainAsync();
        Assert.Equal((0, (long?)AMinuteAgo()), (await _fixture.CountAsync("state = 1"), (await _fixture.ShowAsync(_endpoint)).FailingSince));

        _status = _ => 204;
        await _fixture.Endpoints.DisableAsync(_endpoint.Key, "test", default);
        await _fixture.Endpoints.EnableAsync(_endpoint.Key, default);
        await _fixture.DrainAsync();

        await AllCameAsync(ids);
    }

    [Fact]
    public async Task A_replay_of_a_time_includes_what_waits_and_says_before_how_much_it_sends()
    {
        var ids = await FailForHoursAsync();
        var replay = _fixture.Server.Get<ReplayDeliveries>();
        var (all, dead) = (new ReplayRange(null, 0, long.MaxValue, DeadOnly: false), new ReplayRange(null, 0, long.MaxValue, DeadOnly: true));
        Assert.Equal((6, 0), (await replay.CountAsync(_endpoint.Key, all, default), await replay.CountAsync(_endpoint.Key, dead, default)));
        _status = _ => 204;

        Assert.Equal(0, await replay.RunAsync(_endpoint.Key, dead, _ => { }, default));
        Assert.Equal(6, await replay.RunAsync(_endpoint.Key, all, _ => { }, default));
        await _fixture.DrainAsync();

        await AllCameAsync(ids);
    }

    [Fact]
    public async Task A_test_event_that_is_taken_sends_what_waits()
    {
        var ids = await FailForHoursAsync();
        var attempts = await SumOfAttemptsAsync();
        var test = _fixture.Server.Get<SendTestEvent>();
        Assert.False((await test.RunAsync(_endpoint.Key, default))!.Value.Taken);
        await _fixture.DrainAsync();
        Assert.Equal(attempts, await SumOfAttemptsAsync());

        _status = _ => 204;
        Assert.True((await test.RunAsync(_endpoint.Key, default))!.Value.Taken);
        await _fixture.DrainAsync();

        await AllCameAsync(ids);
    }

    [Fact]
    public async Task The_first_event_that_it_takes_sends_what_waits()
    {
        var ids = await FailForHoursAsync();
        _status = _ => 204;

        var next = await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();

        await AllCameAsync([.. ids, next]);
    }

    [Fact]
    public async Task What_waits_behind_an_event_that_is_sent_again_by_hand_follows_it_at_once()
    {
        var (refused, broken) = ((string?)null, true);
        _status = got => broken && (refused is null || got.Feedback == refused) ? 500 : 204;
        refused = (await _fixture.Fixture.AskAsync()).Text("id");
        (await _fixture.Fixture.SubmitAsync(refused, ("score", "4"))).Is(200);
        (await _fixture.Fixture.SubmitAsync(refused, ("text", "Hm"))).Is(200);
        await _fixture.DrainAsync();
        await _fixture.AdvanceAsync(TimeSpan.FromSeconds(7));
        await _fixture.AdvanceAsync(TimeSpan.FromMinutes(7));
        await _fixture.AdvanceAsync(TimeSpan.FromMinutes(40));

        // Others are taken all the time: this one alone is refused.
        for (var i = 0; i < 2; i++)
        {
            await _fixture.AskAndAnswerAsync();
            await _fixture.DrainAsync();
        }

        Assert.Null((await _fixture.ShowAsync(_endpoint)).FailingSince);
        var first = long.Parse(_receiver.All.First(got => got.Feedback == refused).Id, CultureInfo.InvariantCulture);
        broken = false;
        await _fixture.Server.Get<ReplayDeliveries>().RunAsync(_endpoint.Key, new(first, 0, long.MaxValue, DeadOnly: false), _ => { }, default);
        await _fixture.DrainAsync();

        Assert.Equal(0, await _fixture.CountAsync("state <> 1"));
        Assert.Equal([0, 1, 2], Order.Of(_receiver.All.Where(got => got.Feedback == refused).TakeLast(3)));
    }

    [Fact]
    public async Task An_attempt_that_was_under_way_when_it_was_switched_on_puts_nothing_off()
    {
        var answer = new TaskCompletionSource();
        _hold = answer.Task;
        await _fixture.AskAndAnswerAsync();
        while (_receiver.All.IsEmpty) await Task.Delay(5, TestContext.Current.CancellationToken);
        _status = _ => 204;

        await _fixture.Endpoints.EnableAsync(_endpoint.Key, default);
        answer.SetResult();
        await _fixture.DrainAsync();

        Assert.Equal([0, 0, 1, 2], Order.Of(_receiver.All));
        Assert.Equal(3, await _fixture.CountAsync("state = 1"));
    }

    [Fact]
    public async Task An_event_that_alone_is_refused_is_dead_no_sooner_for_the_others_and_not_tried_for_ever()
    {
        string? refused = null;
        _status = got => refused is null || got.Feedback == refused ? 500 : 204;
        refused = (await _fixture.Fixture.AskAsync()).Text("id");
        await _fixture.DrainAsync();

        // A busy endpoint: what others succeed with says nothing of the one that was refused just now.
        for (var i = 0; i < 5; i++)
        {
            await _fixture.Fixture.AskAsync();
            await _fixture.DrainAsync();
        }

        Assert.Equal(1, await _fixture.CountAsync("state = 0 and attempts = 1"));

        // One with an event now and then cannot be told from one that was away.
        await _fixture.AdvanceAsync(TimeSpan.FromSeconds(7));
        for (var i = 0; i < 40; i++)
        {
            await _fixture.AdvanceAsync(TimeSpan.FromSeconds(61));
            await _fixture.Fixture.AskAsync();
            await _fixture.DrainAsync();
        }

        Assert.Equal(1, await _fixture.CountAsync("state = 0 and attempts between 25 and 34"));
        Assert.Equal(45, await _fixture.CountAsync("state = 1"));
    }

    [Fact]
    public async Task An_endpoint_that_was_switched_off_for_failing_gets_its_time_anew()
    {
        await FailForHoursAsync();
        for (var day = 0; day < 6; day++) await _fixture.AdvanceAsync(TimeSpan.FromDays(1));
        Assert.False((await _fixture.ShowAsync(_endpoint)).IsActive);

        await _fixture.Endpoints.EnableAsync(_endpoint.Key, default);
        await _fixture.DrainAsync();

        var shown = await _fixture.ShowAsync(_endpoint);
        Assert.Equal((true, (long?)AMinuteAgo()), (shown.IsActive, shown.FailingSince));
    }

    [Fact]
    public async Task An_endpoint_that_is_switched_on_gets_its_time_anew_however_long_it_has_failed()
    {
        await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();
        await _fixture.AdvanceAsync(TimeSpan.FromHours(118));
        await _fixture.Endpoints.DisableAsync(_endpoint.Key, "being mended", default);
        await _fixture.Endpoints.EnableAsync(_endpoint.Key, default);
        await _fixture.DrainAsync();

        foreach (var (hours, active) in ((double, bool)[])[(3, true), (116, true), (2, false)])
        {
            await _fixture.AdvanceAsync(TimeSpan.FromHours(hours));
            await _fixture.Fixture.AskAsync();
            await _fixture.DrainAsync();
            Assert.Equal(active, (await _fixture.ShowAsync(_endpoint)).IsActive);
        }
    }

    [Fact]
    public async Task An_endpoint_that_asked_for_a_wait_is_left_alone_whatever_else_it_takes()
    {
        (_status, _retryAfter) = (_ => 429, _ => "3600");
        var refused = new HashSet<string>();
        for (var i = 0; i < 6; i++) refused.Add((await _fixture.Fixture.AskAsync()).Text("id"));
        await _fixture.DrainAsync();
        _status = got => refused.Contains(got.Feedback) ? 429 : 204;

        for (var i = 0; i < 3; i++)
        {
            await _fixture.AdvanceAsync(TimeSpan.FromSeconds(61));
            await _fixture.Fixture.AskAsync();
            await _fixture.DrainAsync();
        }

        Assert.Equal((6 + 3, 6), (_receiver.All.Count, await _fixture.CountAsync("state = 0 and attempts = 1")));

        // A command is another matter.
        _status = _ => 204;
        await _fixture.Endpoints.EnableAsync(_endpoint.Key, default);
        await _fixture.DrainAsync();
        Assert.Equal(0, await _fixture.CountAsync("state <> 1"));
    }

    [Fact]
    public async Task What_waits_is_tried_early_a_few_at_a_time_and_no_more_when_one_is_refused()
    {
        var refused = new HashSet<string>();
        for (var i = 0; i < 12; i++) refused.Add((await _fixture.Fixture.AskAsync()).Text("id"));
        await _fixture.DrainAsync();
        await _fixture.AdvanceAsync(TimeSpan.FromSeconds(7));
        Assert.Equal(24, _receiver.All.Count);

        _status = got => refused.Contains(got.Feedback) ? 503 : 204;
        await _fixture.AdvanceAsync(TimeSpan.FromSeconds(61));
        await _fixture.Fixture.AskAsync();
        await _fixture.DrainAsync();
        Assert.InRange(_receiver.All.Count, 24 + 1 + 1, 24 + 1 + 2);

        _status = _ => 204;
        await _fixture.AdvanceAsync(TimeSpan.FromSeconds(61));
        await _fixture.Fixture.AskAsync();
        await _fixture.DrainAsync();
        Assert.Equal((0, 14), (await _fixture.CountAsync("state <> 1"), await _fixture.CountAsync()));
    }

    [Fact]
    public async Task A_replay_of_many_raises_the_version_once_so_that_what_fails_meanwhile_counts()
    {
        await FailForHoursAsync();
        await _fixture.Server.Get<WebhookWorker>().StopAsync(default);
        var replay = new ReplayDeliveries(_fixture.Server.Server.Store, _fixture.Clock) { AtOnce = 2 };
        var version = await VersionAsync();

        Assert.Equal(6, await replay.RunAsync(_endpoint.Key, new(null, 0, long.MaxValue, DeadOnly: false), _ => { }, default));

        Assert.Equal(version + 1, await VersionAsync());
    }

    [Fact]
    public async Task Whoever_lost_the_lease_makes_nothing_due_and_puts_nothing_off()
    {
        await FailForHoursAsync();
        var (leases, retry, settlements) = (_fixture.Server.Get<Leases>(), _fixture.Server.Get<RetryNow>(), _fixture.Server.Get<Settlements>());
        await _fixture.Server.Get<WebhookWorker>().StopAsync(default);
        var stale = (await leases.TakeAsync(_endpoint.Key)).Lease!;
        await leases.ReleaseAsync(stale);
        var lease = (await leases.TakeAsync(_endpoint.Key)).Lease!;
        Assert.Equal(0, await retry.RunAsync(stale, leases.Length, 10, default));
        Assert.Equal(1, await retry.RunAsync(lease, leases.Length, 1, default));
        Assert.Equal(1, await retry.RunAsync(lease, leases.Length, 10, default));

        // What an operator made due meanwhile is not put off by what was read before.
        var due = (await Delivery.DueAsync(_fixture.Server.Server.Store.Main, _endpoint.Key, null, _fixture.Clock.GetUtcNow().ToUnixTimeMilliseconds(), 10, default)).Due;
        await retry.RunAsync(_endpoint.Key, default);
        var settled = await settlements.RunAsync(lease, [.. due.Select(delivery => new Settlement(delivery, null, DeliveryState.Waiting, delivery.DueAt + 1_000_000, lease.Version))]);

        Assert.Equal((true, lease.Version + 1), (settled.Noted, settled.Version));
        Assert.Equal(6, await _fixture.CountAsync($"due_at <= {_fixture.Clock.GetUtcNow().ToUnixTimeMilliseconds()}"));
    }

    /// <summary>Two feedbacks with three events each, of which the first of each was refused until its next attempt is hours away.</summary>
    private async Task<string[]> FailForHoursAsync()
    {
        string[] ids = [await _fixture.AskAndAnswerAsync(), await _fixture.AskAndAnswerAsync()];
        await _fixture.DrainAsync();
        foreach (var minutes in (double[])[0.15, 7, 40]) await _fixture.AdvanceAsync(TimeSpan.FromMinutes(minutes));
        var soon = _fixture.Clock.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds();
        Assert.Equal(6, await _fixture.CountAsync($"state = 0 and due_at > {soon}"));
        return ids;
    }

    private async Task AllCameAsync(string[] ids)
    {
        Assert.Equal(0, await _fixture.CountAsync("state <> 1"));
        foreach (var id in ids) Assert.Equal([0, 1, 2], Order.Of(_receiver.All.Where(got => got.Feedback == id).TakeLast(3)));
        Assert.Null((await _fixture.ShowAsync(_endpoint)).FailingSince);
        await _fixture.Server.AllIsWellAsync();
    }

    private long AMinuteAgo() => _fixture.Clock.GetUtcNow().AddMinutes(-1).ToUnixTimeMilliseconds();

    private Task<long> VersionAsync() => _fixture.Server.Server.Store.Main.ReadAsync(session => session.Sql("select version from webhook").FirstAsync(row => row.GetInt64(0), default), default);

    private Task<long> SumOfAttemptsAsync() => _fixture.Server.Server.Store.Main.ReadAsync(session => session.Sql("select cast(sum(attempts) as bigint) from delivery").FirstAsync(row => row.GetInt64(0), default), default);
}

public sealed class SqliteRecoveredEndpointTests() : RecoveredEndpointTests(Engine.Sqlite);

public sealed class PostgresRecoveredEndpointTests() : RecoveredEndpointTests(Engine.Postgres)
{
    [Fact]
    public async Task A_node_hears_of_a_command_and_a_holder_of_what_another_node_switches_on()
    {
        var status = 503;
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = status;
            return Task.CompletedTask;
        });

        // No node looks by itself within this test: what comes, comes by the word of another.
        await using var fixture = await WebhookFixture.StartAsync(Engine.Postgres, "Webhooks:PollEvery=00:01:00");
        await using var second = await fixture.Server.StartSecondAsync();
        second.Get<WebhookWorker>().Linger = TimeSpan.Zero;
        var endpoint = await fixture.AddAsync(receiver);
        await fixture.Fixture.AskAsync();
        await UntilAsync(1, async () => await fixture.Server.CountAsync("webhook", "lease_until = 0 and failing_since is not null") == 1);

        status = 204;
        await using (var opened = await OpenedStore.OpenAsync(fixture.Server.Get<Settings>(), fixture.Clock, default)) await opened.Endpoints.EnableAsync(endpoint.Key, default);
        await UntilAsync(2, async () => await fixture.Server.CountAsync("webhook", "lease_until = 0 and failing_since is null") == 1);

        status = 503;
        fixture.Server.Get<WebhookWorker>().Linger = TimeSpan.FromMinutes(1);
        await fixture.Fixture.AskAsync();
        await UntilAsync(3, async () => await fixture.Server.CountAsync("webhook", "lease_until > 0 and failing_since is not null") == 1);
        status = 204;
        await second.Get<Endpoints>().EnableAsync(endpoint.Key, default);
        await UntilAsync(4, async () => await fixture.CountAsync("state = 1") == 2);

        // Before any node looks.
        async Task UntilAsync(int requests, Func<Task<bool>> condition)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(50));
            while (receiver.All.Count < requests || !await condition()) await Task.Delay(5, patience.Token);
            Assert.Equal(requests, receiver.All.Count);
        }
    }
}
