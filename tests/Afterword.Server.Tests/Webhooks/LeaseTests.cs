using Afterword.Server.Configuration;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>Who may deliver to an endpoint, and whose word counts.</summary>
public abstract class LeaseTests(Engine engine)
{
    [Fact]
    public async Task An_endpoint_is_leased_to_one_at_a_time()
    {
        await using var fixture = await StartAsync();
        var leases = fixture.Leases;
        var first = (await leases.TakeAsync(fixture.Endpoint)).Lease;
        Assert.NotNull(first);

        var refused = await leases.TakeAsync(fixture.Endpoint);
        Assert.Equal((null, (long?)first.Until), (refused.Lease, refused.HeldUntil));

        await leases.ReleaseAsync(first);
        Assert.Equal(first.Fence + 1, (await leases.TakeAsync(fixture.Endpoint)).Lease!.Fence);
    }

    [Fact]
    public async Task A_lease_lasts_longer_than_any_attempt_that_is_begun_under_it()
    {
        await using var fixture = await StartAsync();
        var timeout = fixture.Fixture.Server.Get<Settings>().Webhooks.Timeout;
        var lease = (await fixture.Leases.TakeAsync(fixture.Endpoint)).Lease!;

        while (fixture.Leases.Covers(lease.Until)) fixture.Fixture.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True(lease.Until - fixture.Fixture.Clock.GetUtcNow().ToUnixTimeMilliseconds() >= timeout.TotalMilliseconds);
        Assert.NotNull(await fixture.Leases.RenewAsync(lease));
    }

    [Fact]
    public async Task A_lease_that_ran_out_passes_on_and_what_the_former_holder_says_is_refused()
    {
        await using var fixture = await StartAsync();
        await fixture.Fixture.Fixture.AskAsync();
        var stale = (await fixture.Leases.TakeAsync(fixture.Endpoint)).Lease!;
        var delivery = Assert.Single(await fixture.DueAsync());

        fixture.Fixture.Clock.Advance(fixture.Leases.Length);
        var fresh = (await fixture.Leases.TakeAsync(fixture.Endpoint)).Lease!;

        var attempt = new DeliveryAttempt(0, 1, 204, null, []);
        Assert.False((await fixture.Settlements.RunAsync(stale, new Settlement(delivery, attempt, DeliveryState.Delivered, 0, stale.Version))).Noted);
        Assert.Null(await fixture.Leases.RenewAsync(stale));
        await fixture.Leases.ReleaseAsync(stale);
        Assert.Single(await fixture.DueAsync());
        Assert.Equal(1, await fixture.Fixture.CountAsync("attempts = 0 and took is null"));

        Assert.True((await fixture.Settlements.RunAsync(fresh, new Settlement(delivery, attempt, DeliveryState.Delivered, 0, fresh.Version))).Noted);
        Assert.Empty(await fixture.DueAsync());
        Assert.Equal(1, await fixture.Fixture.CountAsync("attempts = 1 and took = 1 and status = 204"));
        Assert.Null((await fixture.Leases.TakeAsync(fixture.Endpoint)).Lease);
    }

    [Fact]
    public async Task A_settlement_extends_the_lease()
    {
        await using var fixture = await StartAsync();
        await fixture.Fixture.Fixture.AskAsync();
        var lease = (await fixture.Leases.TakeAsync(fixture.Endpoint)).Lease!;
        fixture.Fixture.Clock.Advance(fixture.Leases.Length / 2);

        var settled = await fixture.Settlements.RunAsync(lease, new Settlement((await fixture.DueAsync())[0], new DeliveryAttempt(0, 1, 204, null, []), DeliveryState.Delivered, 0, lease.Version));

        Assert.Equal(lease.Until + (long)(fixture.Leases.Length / 2).TotalMilliseconds, settled.LeasedUntil);
        fixture.Fixture.Clock.Advance(fixture.Leases.Length * 0.75);
        Assert.Null((await fixture.Leases.TakeAsync(fixture.Endpoint)).Lease);
    }

    [Fact]
    public async Task What_is_switched_off_or_removed_is_leased_to_nobody()
    {
        await using var fixture = await StartAsync();
        await fixture.Fixture.Endpoints.DisableAsync(fixture.Endpoint, "test", default);
        Assert.Equal(new LeaseAnswer(null, null), await fixture.Leases.TakeAsync(fixture.Endpoint));

        await fixture.Fixture.Endpoints.EnableAsync(fixture.Endpoint, default);
        var lease = (await fixture.Leases.TakeAsync(fixture.Endpoint)).Lease!;
        await fixture.Fixture.Endpoints.RemoveAsync(fixture.Endpoint, _ => { }, default);
        Assert.Null(await fixture.Leases.RenewAsync(lease));
        Assert.Equal(new LeaseAnswer(null, null), await fixture.Leases.TakeAsync(fixture.Endpoint));
    }

    [Fact]
    public async Task What_failed_before_an_operator_changed_something_is_not_held_against_the_endpoint()
    {
        await using var fixture = await StartAsync();
        await fixture.Fixture.Fixture.AskAsync();
        var old = (await fixture.Leases.TakeAsync(fixture.Endpoint)).Lease!;
        await fixture.Fixture.Endpoints.EnableAsync(fixture.Endpoint, default);
        var (gone, delivery) = (new DeliveryAttempt(1, 1, 410, null, []), Assert.Single(await fixture.DueAsync()));

        var settled = await fixture.Settlements.RunAsync(old, new Settlement(delivery, gone, DeliveryState.Waiting, 5, old.Version));
        Assert.Equal((true, null), (settled.Noted, settled.DisabledReason));
        Assert.Equal(1, await fixture.Fixture.Server.CountAsync("webhook", "disabled_at is null and failing_since is null"));

        settled = await fixture.Settlements.RunAsync(
            old, new Settlement(delivery, new DeliveryAttempt(2, 1, 503, null, []), DeliveryState.Waiting, 5, old.Version), new Settlement(delivery, gone, DeliveryState.Waiting, 5, settled.Version));
        Assert.Equal("It answered 410 Gone.", settled.DisabledReason);
        Assert.Equal(1, await fixture.Fixture.Server.CountAsync("webhook", "disabled_at is not null and failing_since = 1"));
    }

    [Fact]
    public async Task A_lease_carries_the_secrets_as_they_are_now()
    {
        await using var fixture = await StartAsync();
        var lease = (await fixture.Leases.TakeAsync(fixture.Endpoint)).Lease!;
        var secret = await fixture.Fixture.Endpoints.RotateAsync(fixture.Endpoint, default);

        lease = (await fixture.Leases.RenewAsync(lease))!;

        Assert.Equal(2, lease.Target.Secrets.Count);
        var now = fixture.Fixture.Clock.GetUtcNow();
        Assert.Equal(RotateSecret.SignerOf(secret!.Key).Sign("1", now, []), lease.Target.Secrets[0].Sign("1", now, []));
    }

    private async Task<LeaseFixture> StartAsync()
    {
        var fixture = await WebhookFixture.StartAsync(engine);

        // The server's own worker would take the leases.
        await fixture.Server.Get<WebhookWorker>().StopAsync(default);
        return new(fixture, (await fixture.AddAsync(new Uri("http://127.0.0.1:9/"))).Key);
    }

    private sealed record LeaseFixture(WebhookFixture Fixture, EndpointKey Endpoint) : IAsyncDisposable
    {
        public Leases Leases => Fixture.Server.Get<Leases>();

        public Settlements Settlements => Fixture.Server.Get<Settlements>();

        public async Task<List<Delivery>> DueAsync() =>
            (await Delivery.DueAsync(Fixture.Server.Server.Store.Main, Endpoint, null, Fixture.Clock.GetUtcNow().ToUnixTimeMilliseconds(), 100, default)).Due;

        public ValueTask DisposeAsync() => Fixture.DisposeAsync();
    }
}

public sealed class SqliteLeaseTests() : LeaseTests(Engine.Sqlite);

public sealed class PostgresLeaseTests() : LeaseTests(Engine.Postgres)
{
    [Fact]
    public async Task A_read_that_breaks_off_loses_nothing_that_was_sent_and_is_not_noted_yet()
    {
        var answer = new TaskCompletionSource();
        await using var receiver = await Receiver.StartAsync((_, _) => answer.Task);
        await using var fixture = await WebhookFixture.StartAsync(Engine.Postgres, "Webhooks:PollEvery=00:01:00");
        var endpoint = (await fixture.AddAsync(receiver)).Key;
        await fixture.Fixture.AskAsync();
        while (receiver.All.IsEmpty) await Task.Delay(5, TestContext.Current.CancellationToken);

        // The read waits for the lock, and its connection is taken away.
        var store = fixture.Server.Server.Store;
        await store.Main.WriteAsync(
            async session =>
            {
                await session.Sql("lock table delivery in access exclusive mode").RunAsync(default);
                var database = await session.Sql("select current_database()").FirstAsync(row => row.GetString(0), default);
                store.WebhookNotifier.Notify(endpoint.SenderId, endpoint.Id);
                var end = $"select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '{database}' and wait_event_type = 'Lock' and query like '%from delivery b%'";
                while (await PostgresCluster.Shared.AskAsync(end) is not 1L) await Task.Delay(5, TestContext.Current.CancellationToken);
                while (!IsTold()) await Task.Delay(5, TestContext.Current.CancellationToken);
                return 0;
            },
            default);
        answer.SetResult();
        await fixture.DrainAsync();

        Assert.Equal((1, 1), (receiver.All.Count, await fixture.CountAsync("state = 1")));

        bool IsTold()
        {
            lock (fixture.Server.Log) return fixture.Server.Log.Any(line => line.StartsWith("The store did not take or give data", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_node_that_commits_for_an_endpoint_that_another_holds_tells_that_one()
    {
        await using var receiver = await Receiver.StartAsync();

        // Neither looks by itself within this test: what comes, comes by notification.
        await using var fixture = await WebhookFixture.StartAsync(Engine.Postgres, "Webhooks:PollEvery=00:01:00");
        await using var second = await fixture.Server.StartSecondAsync();
        fixture.Server.Get<WebhookWorker>().Linger = TimeSpan.FromMinutes(1);
        await fixture.AddAsync(receiver);
        await fixture.Fixture.AskAsync();
        while (receiver.All.IsEmpty) await Task.Delay(5, TestContext.Current.CancellationToken);

        var asked = await second.PostAsync(
            fixture.Fixture.Sender, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", $"{fixture.Fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/p"));
        asked.Is(200);
        while (receiver.All.Count < 2) await Task.Delay(5, TestContext.Current.CancellationToken);

        Assert.Equal(asked.Text("id"), receiver.All.Last().Feedback);
        Assert.Equal(1, await fixture.Server.CountAsync("webhook", "fence = 1"));
    }
}
