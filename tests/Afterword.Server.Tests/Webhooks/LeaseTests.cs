using Afterword.Server.Hosting;
using Afterword.Server.Tests.World;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>Who may deliver to an endpoint, and whose word counts.</summary>
public abstract class LeaseTests(Engine engine)
{
    [Fact]
    public async Task An_endpoint_is_leased_to_one_at_a_time()
    {
        await using var scene = await StartAsync();
        var leases = scene.Leases;
        var first = (await leases.TakeAsync(scene.Endpoint)).Lease;
        Assert.NotNull(first);

        var refused = await leases.TakeAsync(scene.Endpoint);
        Assert.Equal((null, (long?)first.Until), (refused.Lease, refused.HeldUntil));

        await leases.ReleaseAsync(first);
        Assert.Equal(first.Fence + 1, (await leases.TakeAsync(scene.Endpoint)).Lease!.Fence);
    }

    [Fact]
    public async Task A_lease_lasts_longer_than_any_attempt_that_is_begun_under_it()
    {
        await using var scene = await StartAsync();
        var timeout = scene.Site.Server.Get<Settings>().Webhooks.Timeout;
        var lease = (await scene.Leases.TakeAsync(scene.Endpoint)).Lease!;

        while (scene.Leases.Covers(lease.Until)) scene.Site.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True(lease.Until - scene.Site.Clock.GetUtcNow().ToUnixTimeMilliseconds() >= timeout.TotalMilliseconds);
        Assert.NotNull(await scene.Leases.RenewAsync(lease));
    }

    [Fact]
    public async Task A_lease_that_ran_out_passes_on_and_what_the_former_holder_says_is_refused()
    {
        await using var scene = await StartAsync();
        await scene.Site.Loop.AskAsync();
        var stale = (await scene.Leases.TakeAsync(scene.Endpoint)).Lease!;
        var delivery = Assert.Single(await scene.DueAsync());

        scene.Site.Clock.Advance(scene.Leases.Length);
        var fresh = (await scene.Leases.TakeAsync(scene.Endpoint)).Lease!;

        var attempt = new Attempt(0, 1, 204, null, []);
        Assert.False((await scene.Settlements.RunAsync(stale, new Settlement(delivery, attempt, DeliveryState.Delivered, 0, stale.Version))).Noted);
        Assert.Null(await scene.Leases.RenewAsync(stale));
        await scene.Leases.ReleaseAsync(stale);
        Assert.Single(await scene.DueAsync());
        Assert.Equal(1, await scene.Site.CountAsync("attempts = 0 and took is null"));

        Assert.True((await scene.Settlements.RunAsync(fresh, new Settlement(delivery, attempt, DeliveryState.Delivered, 0, fresh.Version))).Noted);
        Assert.Empty(await scene.DueAsync());
        Assert.Equal(1, await scene.Site.CountAsync("attempts = 1 and took = 1 and status = 204"));
        Assert.Null((await scene.Leases.TakeAsync(scene.Endpoint)).Lease);
    }

    [Fact]
    public async Task A_settlement_extends_the_lease()
    {
        await using var scene = await StartAsync();
        await scene.Site.Loop.AskAsync();
        var lease = (await scene.Leases.TakeAsync(scene.Endpoint)).Lease!;
        scene.Site.Clock.Advance(scene.Leases.Length / 2);

        var settled = await scene.Settlements.RunAsync(lease, new Settlement((await scene.DueAsync())[0], new Attempt(0, 1, 204, null, []), DeliveryState.Delivered, 0, lease.Version));

        Assert.Equal(lease.Until + (long)(scene.Leases.Length / 2).TotalMilliseconds, settled.LeasedUntil);
        scene.Site.Clock.Advance(scene.Leases.Length * 0.75);
        Assert.Null((await scene.Leases.TakeAsync(scene.Endpoint)).Lease);
    }

    [Fact]
    public async Task What_is_switched_off_or_removed_is_leased_to_nobody()
    {
        await using var scene = await StartAsync();
        await scene.Site.Endpoints.DisableAsync(scene.Endpoint, "test", default);
        Assert.Equal(new LeaseAnswer(null, null), await scene.Leases.TakeAsync(scene.Endpoint));

        await scene.Site.Endpoints.EnableAsync(scene.Endpoint, default);
        var lease = (await scene.Leases.TakeAsync(scene.Endpoint)).Lease!;
        await scene.Site.Endpoints.RemoveAsync(scene.Endpoint, _ => { }, default);
        Assert.Null(await scene.Leases.RenewAsync(lease));
        Assert.Equal(new LeaseAnswer(null, null), await scene.Leases.TakeAsync(scene.Endpoint));
    }

    [Fact]
    public async Task What_failed_before_an_operator_changed_something_is_not_held_against_the_endpoint()
    {
        await using var scene = await StartAsync();
        await scene.Site.Loop.AskAsync();
        var old = (await scene.Leases.TakeAsync(scene.Endpoint)).Lease!;
        await scene.Site.Endpoints.EnableAsync(scene.Endpoint, default);
        var (gone, delivery) = (new Attempt(1, 1, 410, null, []), Assert.Single(await scene.DueAsync()));

        var settled = await scene.Settlements.RunAsync(old, new Settlement(delivery, gone, DeliveryState.Waiting, 5, old.Version));
        Assert.Equal((true, null), (settled.Noted, settled.DisabledReason));
        Assert.Equal(1, await scene.Site.Server.CountAsync("webhook", "disabled_at is null and failing_since is null"));

        settled = await scene.Settlements.RunAsync(
            old, new Settlement(delivery, new Attempt(2, 1, 503, null, []), DeliveryState.Waiting, 5, old.Version), new Settlement(delivery, gone, DeliveryState.Waiting, 5, settled.Version));
        Assert.Equal("It answered 410 Gone.", settled.DisabledReason);
        Assert.Equal(1, await scene.Site.Server.CountAsync("webhook", "disabled_at is not null and failing_since = 1"));
    }

    [Fact]
    public async Task A_lease_carries_the_secrets_as_they_are_now()
    {
        await using var scene = await StartAsync();
        var lease = (await scene.Leases.TakeAsync(scene.Endpoint)).Lease!;
        var secret = await scene.Site.Endpoints.RotateAsync(scene.Endpoint, default);

        lease = (await scene.Leases.RenewAsync(lease))!;

        Assert.Equal(2, lease.Target.Secrets.Count);
        var now = scene.Site.Clock.GetUtcNow();
        Assert.Equal(NewSecret.SignerOf(secret!.Key).Sign("1", now, []), lease.Target.Secrets[0].Sign("1", now, []));
    }

    private async Task<Scene> StartAsync()
    {
        var site = await Site.StartAsync(engine);

        // The server's own dispatcher would take the leases.
        await site.Server.Get<Dispatcher>().StopAsync(default);
        return new(site, (await site.AddAsync(new Uri("http://127.0.0.1:9/"))).Key);
    }

    private sealed record Scene(Site Site, EndpointKey Endpoint) : IAsyncDisposable
    {
        public Leases Leases => Site.Server.Get<Leases>();

        public Settlements Settlements => Site.Server.Get<Settlements>();

        public async Task<List<Delivery>> DueAsync() =>
            (await Delivery.DueAsync(Site.Server.Server.Store.Main, Endpoint, null, Site.Clock.GetUtcNow().ToUnixTimeMilliseconds(), 100, default)).Due;

        public ValueTask DisposeAsync() => Site.DisposeAsync();
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
        await using var site = await Site.StartAsync(Engine.Postgres, "Webhooks:PollEvery=00:01:00");
        var endpoint = (await site.AddAsync(receiver)).Key;
        await site.Loop.AskAsync();
        while (receiver.All.IsEmpty) await Task.Delay(5, TestContext.Current.CancellationToken);

        // The read waits for the lock, and its connection is taken away.
        var store = site.Server.Server.Store;
        await store.Main.WriteAsync(
            async session =>
            {
                await session.Sql("lock table delivery in access exclusive mode").RunAsync(default);
                var database = await session.Sql("select current_database()").FirstAsync(row => row.GetString(0), default);
                store.WebhookBell.Ring(endpoint.SenderId, endpoint.Id);
                var end = $"select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '{database}' and wait_event_type = 'Lock' and query like '%from delivery b%'";
                while (await PostgresCluster.Shared.AskAsync(end) is not 1L) await Task.Delay(5, TestContext.Current.CancellationToken);
                while (!IsTold()) await Task.Delay(5, TestContext.Current.CancellationToken);
                return 0;
            },
            default);
        answer.SetResult();
        await site.DrainAsync();

        Assert.Equal((1, 1), (receiver.All.Count, await site.CountAsync("state = 1")));

        bool IsTold()
        {
            lock (site.Server.Log) return site.Server.Log.Any(line => line.StartsWith("The store did not take or give data", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_node_that_commits_for_an_endpoint_that_another_holds_tells_that_one()
    {
        await using var receiver = await Receiver.StartAsync();

        // Neither looks by itself within this test: what comes, comes by the bell.
        await using var site = await Site.StartAsync(Engine.Postgres, "Webhooks:PollEvery=00:01:00");
        await using var second = await site.Server.StartSecondAsync();
        site.Server.Get<Dispatcher>().Linger = TimeSpan.FromMinutes(1);
        await site.AddAsync(receiver);
        await site.Loop.AskAsync();
        while (receiver.All.IsEmpty) await Task.Delay(5, TestContext.Current.CancellationToken);

        var asked = await second.PostAsync(
            site.Loop.Sender, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", $"{site.Loop.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/p"));
        asked.Is(200);
        while (receiver.All.Count < 2) await Task.Delay(5, TestContext.Current.CancellationToken);

        Assert.Equal(asked.Text("id"), receiver.All.Last().Feedback);
        Assert.Equal(1, await site.Server.CountAsync("webhook", "fence = 1"));
    }
}
