using Afterword.Client.OAuth;
using Afterword.Server.Channels;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Tests.Channels;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>Receivers that hang, at more endpoints than the node may have connections.</summary>
public sealed class OutgoingBoundTests : IDisposable
{
    private readonly List<SickServer> _hanging = [];
    private int _mostOpen;

    [Fact]
    public async Task What_hangs_at_one_sender_holds_no_other_sender_up()
    {
        // None gives up within this test.
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(Engine.Sqlite, "Http:MaxOutgoingConnections=4", "Webhooks:Timeout=00:01:00");
        var (chairs, token) = await fixture.Server.SenderAsync(fixture.Fixture.App, "chairs");
        await HangAsync(fixture, fixture.Fixture.Furni, endpoints: 6);
        await fixture.Endpoints.AddAsync(chairs.Id, receiver.Url, null, Approval.NeededIfOwned, default);

        for (var i = 0; i < 5; i++) await fixture.Fixture.AskAsync();
        await UntilAsync(() => Open == 2);
        for (var i = 0; i < 20; i++) await fixture.Fixture.AskAsync(token, "csat");
        await UntilAsync(() => receiver.All.Count == 20);

        Assert.InRange(_mostOpen, 2, 2);
        await UntilAsync(() => fixture.Server.Get<OutgoingConnections>().InUse == 2);
    }

    [Fact]
    public async Task What_hangs_at_many_senders_holds_others_up_no_longer_than_an_attempt_takes_and_nothing_is_lost()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(Engine.Sqlite, "Http:MaxOutgoingConnections=4", "Webhooks:Timeout=00:00:01", "Webhooks:RetrySchedule=1h");
        var tokens = new List<OAuthCredentials>();
        foreach (var handle in new[] { "chairs", "lamps", "rugs" })
        {
            var (sender, token) = await fixture.Server.SenderAsync(fixture.Fixture.App, handle);
            tokens.Add(token);
            await HangAsync(fixture, sender, endpoints: 4);
        }

        await fixture.AddAsync(receiver);
        foreach (var token in tokens) await fixture.Fixture.AskAsync(token, "csat");
        await UntilAsync(() => Open == 4);

        for (var i = 0; i < 20; i++) await fixture.Fixture.AskAsync();
        await UntilAsync(() => receiver.All.Count == 20);
        await fixture.DrainAsync();

        // Who waited for a connection has not failed: each endpoint that hangs was asked once, and every event of the others is delivered.
        Assert.InRange(_mostOpen, 4, 4);
        Assert.Equal((12, 20), (await fixture.CountAsync("state = 0 and attempts = 1 and failures = 1"), await fixture.CountAsync("state = 1 and attempts = 1")));
        Assert.Equal(0, fixture.Server.Get<OutgoingConnections>().InUse);
        await UntilAsync(() => Open == 0);
        await fixture.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Emails_and_requests_that_are_handed_over_share_the_bound_with_webhooks()
    {
        await using var office = await PostOffice.StartAsync();
        await using var site = await ChannelFixture.StartAsync(Engine.Sqlite, office.Port, "Http:MaxOutgoingConnections=4", "Webhooks:Timeout=00:01:00");
        var hangs = Hang();
        await site.RelayAddresses.SetAsync(site.Fixture.Furni.Id, hangs.Url, null, default);

        for (var i = 0; i < 5; i++) await site.AskAsync(site.Bo);
        await UntilAsync(() => Open == 2);
        for (var i = 0; i < 5; i++) await site.AskAsync(site.Ada);
        await office.WaitAsync(5);

        Assert.InRange(_mostOpen, 2, 2);
        Assert.Equal((2, 3), (await site.CountAsync($"channel = 2 and state = {(int)ChannelDeliveryState.Sending}"), await site.CountAsync($"channel = 2 and state = {(int)ChannelDeliveryState.Waiting}")));
    }

    public void Dispose() => _hanging.ForEach(one => one.Dispose());

    private int Open
    {
        get
        {
            var open = _hanging.Sum(one => one.Open);
            _mostOpen = Math.Max(_mostOpen, open);
            return open;
        }
    }

    private SickServer Hang()
    {
        _hanging.Add(new(Sickness.Hangs));
        return _hanging[^1];
    }

    private async Task HangAsync(WebhookFixture fixture, User sender, int endpoints)
    {
        for (var i = 0; i < endpoints; i++) await fixture.Endpoints.AddAsync(sender.Id, Hang().Url, null, Approval.NeededIfOwned, default);
    }

    private async Task UntilAsync(Func<bool> holds)
    {
        for (var polls = 0; !holds(); polls++)
        {
            Assert.True(polls < 4_000, $"It did not come to that; {Open} are open.");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
