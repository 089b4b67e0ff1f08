using Afterword.Server.Channels;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Channels;

/// <summary>What is kept of requests that went through a channel, and for how long.</summary>
public abstract class KeepingTests(Engine engine)
{
    [Fact]
    public async Task Attempts_are_forgotten_after_their_time_and_nothing_else()
    {
        var status = 200;
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        await using var site = await ChannelFixture.StartAsync(engine, 0, "Channels:KeepAttempts=10.00:00:00", "Channels:RetrySchedule=1m");
        await site.RelayAddresses.SetAsync(site.Fixture.Furni.Id, receiver.Url, null, default);
        var sent = await site.AskAsync(site.Bo);
        await site.DrainAsync();
        status = 500;
        var dead = await site.AskAsync(site.Bo);
        await site.DrainAsync();
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));
        status = 200;
        await site.AdvanceAsync(TimeSpan.FromDays(8));
        var young = await site.AskAsync(site.Bo);
        await site.DrainAsync();
        Assert.Equal(4, await site.Server.CountAsync("dispatch_attempt"));

        await site.AdvanceAsync(TimeSpan.FromDays(1));
        await site.Server.Get<PruneChannelDeliveries>().RunAsync(default);
        Assert.Equal(4, await site.Server.CountAsync("dispatch_attempt"));
        await site.AdvanceAsync(TimeSpan.FromDays(2));
        await site.Server.Get<PruneChannelDeliveries>().RunAsync(default);

        Assert.Equal((ChannelDeliveryState.Sent, 0), ((await site.ShowAsync(sent)).State, (await site.ShowAsync(sent)).Attempts.Count));
        Assert.Equal((ChannelDeliveryState.Dead, 0), ((await site.ShowAsync(dead)).State, (await site.ShowAsync(dead)).Attempts.Count));
        Assert.Equal((ChannelDeliveryState.Sent, 1), ((await site.ShowAsync(young)).State, (await site.ShowAsync(young)).Attempts.Count));
        await site.Server.AllIsWellAsync();

        // What is dead can be tried again all the same.
        Assert.Equal(1, await site.Server.Get<RetryChannelDeliveries>().RunAsync(site.Fixture.Furni.Id, null, default));
        await site.DrainAsync();
        Assert.Equal((ChannelDeliveryState.Sent, 3L), ((await site.ShowAsync(dead)).State, Assert.Single((await site.ShowAsync(dead)).Attempts).Number));
    }
}

public sealed class SqliteKeepingTests() : KeepingTests(Engine.Sqlite);

public sealed class PostgresKeepingTests() : KeepingTests(Engine.Postgres);
