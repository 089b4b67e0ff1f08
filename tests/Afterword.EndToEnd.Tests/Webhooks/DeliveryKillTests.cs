using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Webhooks;

/// <summary>Servers that end while they deliver: nothing acknowledged is ever undelivered.</summary>
public abstract class DeliveryKillTests
{
    private const int Connections = 16;

    private static int Kills => LongForm.IsOn ? 100 : 6;

    private protected abstract Task<TestStore> NewStoreAsync();

    [Fact]
    public async Task Every_change_is_delivered_to_each_endpoint_however_often_the_server_is_killed()
    {
        await using var inbox = await WebhookInbox.StartAsync();
        var store = await NewStoreAsync();
        var data = await SampleData.SetUpAsync(store, senders: 4, members: 200, customers: 50_000);
        await inbox.AddToAsync(store, data.Senders);
        var ledger = new Ledger(data);
        var random = new Random(20);
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var server = await ServerProcess.StartAsync(store, WebhookInbox.Settings);
            using var burst = new Burst(data, ledger, server, Connections, random.Next(), reads: false);
            var before = inbox.Requests;
            while (inbox.Requests < before + random.Next(1, 200)) await Task.Delay(1, TestContext.Current.CancellationToken);

            var sessions = await store.SessionsAsync();
            burst.Expect();
            Assert.Equal(ServerProcess.KilledCode, await server.KillAsync());
            await burst.EndAsync();
            await store.EndOfAsync(sessions);
            Assert.Empty(burst.Faults);
            var image = await StoreImage.ReadAsync(store);
            Assert.Empty(Invariants.Check(image, ledger));
            ledger.Settle(image);

            // As if its leases had run out: on a shared database nobody can know sooner that it is dead.
            await store.RunAsync("update webhook set lease_until = 0");
        }

        await using (var last = await ServerProcess.StartAsync(store, WebhookInbox.Settings))
        {
            await WebhookInbox.EmptyAsync(store);
            Assert.Equal(0, await last.TerminateAsync());
        }

        Assert.Empty((await inbox.CheckAsync(store)).Take(10));
        Assert.True(inbox.Repeated > 0, "No kill hit a delivery under way.");

        // The control: one delivery that nobody wrote is noticed.
        Assert.Equal(1, await store.RunAsync("delete from delivery where id = (select max(id) from delivery where endpoint_id = (select min(id) from webhook))"));
        Assert.NotEmpty(await inbox.CheckAsync(store));
    }

    [Fact]
    public async Task A_server_that_is_asked_to_stop_ends_its_deliveries_and_gives_its_leases_back()
    {
        await using var inbox = await WebhookInbox.StartAsync();
        var store = await NewStoreAsync();
        var data = await SampleData.SetUpAsync(store, senders: 2, members: 20, customers: 5_000);
        await inbox.AddToAsync(store, data.Senders);
        var ledger = new Ledger(data);

        // An endpoint gets one request at first, and more of them as they succeed.
        await using var server = await ServerProcess.StartAsync(store, [.. WebhookInbox.Settings, "Webhooks:Timeout=00:00:20"]);
        using var burst = new Burst(data, ledger, server, Connections, seed: 7, reads: false);
        while (inbox.Requests < 100) await Task.Delay(1, TestContext.Current.CancellationToken);
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        inbox.Hold = hold;
        var before = inbox.Requests;
        while (inbox.Requests < before + 16) await Task.Delay(1, TestContext.Current.CancellationToken);
        burst.Expect();
        var ended = server.TerminateAsync();
        await burst.EndAsync();
        Assert.False(ended.IsCompleted);
        var underWay = inbox.Requests - before;
        inbox.Hold = null;
        hold.SetResult();

        Assert.Equal(0, await ended);
        Assert.True(underWay >= 16 && await WebhookInbox.CountAsync(store, "select count(*) from delivery where state = 1") >= underWay);
        Assert.Equal(0, await WebhookInbox.CountAsync(store, "select count(*) from webhook where lease_until > 0"));
        Assert.DoesNotContain(server.Errors, line => line.Contains("\"LogLevel\":\"Error\"", StringComparison.Ordinal));

        await using var next = await ServerProcess.StartAsync(store, WebhookInbox.Settings);
        await WebhookInbox.EmptyAsync(store);
        Assert.Empty((await inbox.CheckAsync(store)).Take(10));
        Assert.Equal(0, inbox.Repeated);
    }
}

[Collection(nameof(Loads))]
public sealed class SqliteDeliveryKillTests : DeliveryKillTests
{
    private protected override Task<TestStore> NewStoreAsync() => Task.FromResult<TestStore>(SqliteStore.Empty());
}

[Collection(nameof(Loads))]
public sealed class PostgresDeliveryKillTests : DeliveryKillTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.EmptyAsync();

    [Fact]
    public async Task Of_two_nodes_one_that_is_stopped_past_its_leases_loses_nothing_and_its_late_word_is_refused()
    {
        await using var inbox = await WebhookInbox.StartAsync();
        var store = await NewStoreAsync();
        var data = await SampleData.SetUpAsync(store, senders: 4, members: 100, customers: 20_000);
        await inbox.AddToAsync(store, data.Senders);
        var ledger = new Ledger(data);
        await using var stopped = await ServerProcess.StartAsync(store, WebhookInbox.Settings);
        await using var other = await ServerProcess.StartAsync(store, WebhookInbox.Settings);

        // Both take calls; the first is stopped with requests under way, and so are those who wait for its answers.
        using var first = new Burst(data, ledger, stopped, 8, seed: 1, reads: false);
        while (inbox.Requests < 100) await Task.Delay(1, TestContext.Current.CancellationToken);
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        inbox.Hold = hold;
        var before = inbox.Requests;
        while (inbox.Requests < before + 8) await Task.Delay(1, TestContext.Current.CancellationToken);
        await stopped.SignalAsync("STOP");
        inbox.Hold = null;
        hold.SetResult();

        using var second = new Burst(data, ledger, other, 8, seed: 2, reads: false);
        await second.AcknowledgeAsync(200);
        second.Expect();
        while (await WebhookInbox.CountAsync(store, "select count(*) from webhook w where w.fence > 1") < 6) await Task.Delay(50, TestContext.Current.CancellationToken);

        await stopped.SignalAsync("CONT");
        while (!stopped.Errors.Any(line => line.Contains("\"EventId\":3107", StringComparison.Ordinal))) await Task.Delay(50, TestContext.Current.CancellationToken);
        first.Expect();
        await Task.WhenAll(stopped.TerminateAsync(), other.TerminateAsync());
        await Task.WhenAll(first.EndAsync(), second.EndAsync());

        await using (var last = await ServerProcess.StartAsync(store, WebhookInbox.Settings)) await WebhookInbox.EmptyAsync(store);
        Assert.Empty((await inbox.CheckAsync(store)).Take(10));
        Assert.Empty(Invariants.Check(await StoreImage.ReadAsync(store), ledger));
        Assert.True(inbox.Repeated > 0, "What was under way when the node stopped was delivered once more.");
    }
}
