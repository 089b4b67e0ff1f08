using Afterword.Server.Hosting.Transport;
using Afterword.Server.Tests.Fixtures;
using Microsoft.Extensions.Hosting;

namespace Afterword.Server.Tests.Hosting;

/// <summary>A server that is told to stop lets its clients go first.</summary>
public sealed class ConnectionDrainingTests
{
    private const string Ask = "GET /healthz/live HTTP/1.1\r\nHost: x\r\n\r\n";

    [Fact]
    public async Task What_is_sent_on_a_kept_connection_after_the_order_to_stop_is_answered_and_the_connection_closed()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        var kept = new List<RawClient>();
        for (var i = 0; i < 25; i++)
        {
            kept.Add(await RawClient.ConnectAsync(server.Url));
            await kept[i].SendAsync(Ask);
            Assert.DoesNotContain("Connection: close", await kept[i].ReadAsync(), StringComparison.Ordinal);
        }

        var stopping = server.Get<IHost>().StopAsync(TestContext.Current.CancellationToken);
        foreach (var one in kept) await one.SendAsync(Ask);
        foreach (var one in kept)
        {
            var answer = await one.ReadAsync();
            Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
            Assert.Contains("Connection: close", answer, StringComparison.Ordinal);
            Assert.Equal("", await one.ReadAsync());
        }

        // Nobody is connected any more, so nothing is waited for.
        await stopping;
        Assert.Equal(0, server.Get<ConnectionLimit>().Count);
        kept.ForEach(one => one.Dispose());
    }

    [Fact]
    public async Task Balancers_hear_that_it_stops_and_connections_that_ask_nothing_hold_it_up_for_a_moment_only()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        using var idle = await RawClient.ConnectAsync(server.Url);
        using var balancer = await RawClient.ConnectAsync(server.Url);
        await balancer.SendAsync("GET /healthz/ready HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", await balancer.ReadAsync(), StringComparison.Ordinal);

        var stopping = server.Get<IHost>().StopAsync(TestContext.Current.CancellationToken);
        await balancer.SendAsync("GET /healthz/ready HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 503", await balancer.ReadAsync(), StringComparison.Ordinal);
        await stopping;
        Assert.Equal("", await idle.ReadAsync());
    }
}
