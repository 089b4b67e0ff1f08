using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Webhooks;
using Afterword.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Afterword.Server.Tests.Hosting;

/// <summary>How many connections there may be, and how long one may stay that asks for nothing. None of them knows the store.</summary>
public sealed class ConnectionLimitTests
{
    private const string Ask = "GET /healthz/live HTTP/1.1\r\nHost: x\r\n\r\n";

    [Fact]
    public async Task A_connection_too_many_is_closed_at_once_and_the_log_says_why_once_a_minute()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite, "Http:MaxConnections=8");
        var limit = server.Get<ConnectionLimit>();
        var open = await OpenAsync(server, 8);
        await UntilAsync(() => limit.Count == 8);

        var refused = await OpenAsync(server, 20);
        foreach (var one in refused) Assert.Equal("", await one.ReadAsync());
        Assert.DoesNotContain(open, one => one.IsClosed);
        Assert.Contains("all 8 are open (1 refused", Assert.Single(Refusals(server)), StringComparison.Ordinal);
        server.Clock.Advance(TimeSpan.FromMinutes(1));
        var again = await OpenAsync(server, 1);
        Assert.Equal("", await again[0].ReadAsync());
        Assert.Contains("(20 refused", Refusals(server)[1], StringComparison.Ordinal);

        // One that has gone makes room.
        open[0].Dispose();
        await UntilAsync(() => limit.Count == 7);
        var late = (await OpenAsync(server, 1))[0];
        await late.SendAsync(Ask);
        Assert.StartsWith("HTTP/1.1 200", await late.ReadAsync(), StringComparison.Ordinal);

        foreach (var one in open.Concat(refused).Concat(again).Append(late)) one.Dispose();
        await UntilAsync(() => limit.Count == 0);
    }

    [Fact]
    public async Task A_connection_that_asks_for_nothing_is_closed_and_one_that_has_asked_may_ask_again()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite, "Kestrel:Limits:RequestHeadersTimeout=00:00:01");
        using var asks = await RawClient.ConnectAsync(server.Url);
        await asks.SendAsync(Ask);
        Assert.StartsWith("HTTP/1.1 200", await asks.ReadAsync(), StringComparison.Ordinal);
        using var idle = await RawClient.ConnectAsync(server.Url);

        Assert.Equal("", await idle.ReadAsync());
        await asks.SendAsync(Ask);
        Assert.StartsWith("HTTP/1.1 200", await asks.ReadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_TLS_a_connection_that_asks_for_nothing_after_its_handshake_is_closed_as_soon_as_without()
    {
        await using var server = await TestServer.StartAsync(
            Engine.Sqlite, services => services.Configure<KestrelServerOptions>(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(SickServer.BadCertificate))),
            "Kestrel:Limits:RequestHeadersTimeout=00:00:01");
        await using var asks = await ShakeHandsAsync(server, SslApplicationProtocol.Http11);
        await AskAsync(asks);
        foreach (var protocol in new[] { SslApplicationProtocol.Http11, SslApplicationProtocol.Http2 })
        {
            await using var idle = await ShakeHandsAsync(server, protocol);
            Assert.Equal(protocol, idle.NegotiatedApplicationProtocol);
            await EndAsync(idle);
        }

        // The one that has asked goes on, and a server that stops waits for none of them.
        await AskAsync(asks);
        await using var stops = await ShakeHandsAsync(server, SslApplicationProtocol.Http11);

        static async Task AskAsync(SslStream stream)
        {
            var answer = new byte[4096];
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Ask), TestContext.Current.CancellationToken);
            var length = await stream.ReadAsync(answer, TestContext.Current.CancellationToken);
            Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString(answer, 0, length), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_address_has_a_share_and_this_machine_and_proxies_have_none()
    {
        var limit = LimitOf(openFiles: null, ("Http:MaxConnections", "200"), ("Http:ConnectionsPerAddress", "20"), ("Proxies", "198.51.100.0/24"));
        Assert.Equal((200, 20), (limit.Most, limit.MostOfAddress));
        foreach (var (address, next, most) in new[]
        {
            ("203.0.113.7", "203.0.113.7", 20), ("::ffff:203.0.113.8", "203.0.113.8", 20), ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 20),
            ("127.0.0.1", "127.0.0.1", 200), ("::1", "::1", 200), ("198.51.100.9", "198.51.100.9", 200), ("::ffff:198.51.100.9", "198.51.100.9", 200),
        })
        {
            var from = new IPEndPoint(IPAddress.Parse(address), 1);
            var taken = Enumerable.Range(0, 300).Count(_ => limit.TryTake(from));
            Assert.True(taken == most, $"{address}: {taken}");
            Assert.False(limit.TryTake(new IPEndPoint(IPAddress.Parse(next), 1)));
            Assert.Equal(most < limit.Most, limit.TryTake(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1)));
            if (most < limit.Most) limit.Release(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1));
            for (var i = 0; i < taken; i++) limit.Release(from);
            Assert.Equal(0, limit.Count);
        }
    }

    [Fact]
    public void The_limit_of_open_files_leaves_room_for_everything_else()
    {
        foreach (var (files, set, most, share) in new[]
        {
            (300, "", 32, 16), (1_024, "", 512, 128), (4_096, "", 3_072, 768), (20_000, "", 12_288, 3_072), (1_048_576, "", 12_288, 3_072),
            (1_024, "5000", 512, 128), (1_048_576, "50000", 50_000, 12_500), (20_000, "100", 100, 25),
        })
        {
            var limit = LimitOf(files, ("Http:MaxConnections", set));
            Assert.Equal((files, most, share), (files, limit.Most, limit.MostOfAddress));
        }

        Assert.Equal(1024, OpenFiles.Read(["Limit                     Soft Limit           Hard Limit           Units", "Max open files            1024                 4096                 files"]));
        Assert.Null(OpenFiles.Read(["Max open files            unlimited            unlimited            files"]));
        if (OperatingSystem.IsLinux()) Assert.NotNull(OpenFiles.Limit());
    }

    [Fact]
    public async Task A_connection_that_cannot_be_closed_ends_no_listener_and_counts_no_more()
    {
        var limit = LimitOf(openFiles: null, ("Http:MaxConnections", "1"));
        await using var listener = BoundedTransport.Bound(new BrokenListener(connections: 257), limit, TimeSpan.FromMinutes(1));
        var taken = await listener.AcceptAsync(TestContext.Current.CancellationToken);

        // All others are too many, and break; then the listener has no more.
        Assert.Null(await listener.AcceptAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, limit.Count);
        await Assert.ThrowsAsync<InvalidOperationException>(() => taken!.DisposeAsync().AsTask());
        Assert.Equal(0, limit.Count);
    }

    [Fact]
    public async Task Kestrels_own_limits_are_read_and_what_is_not_read_is_refused()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite, "Kestrel:Limits:KeepAliveTimeout=00:01:00", "Kestrel:Limits:RequestHeadersTimeout=00:00:10", "Kestrel:Limits:MaxConcurrentConnections=30");
        var kestrel = server.Get<IOptions<KestrelServerOptions>>().Value.Limits;
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(10), 30), (kestrel.KeepAliveTimeout, kestrel.RequestHeadersTimeout, server.Get<ConnectionLimit>().Most));
        Assert.Equal((16 * 1024, 16, 2_048), (kestrel.MaxRequestHeadersTotalSize, kestrel.Http2.MaxStreamsPerConnection, kestrel.MinRequestBodyDataRate?.BytesPerSecond));

        var errors = Read(("Kestrel:Limits:MaxRequestBodySize", "1"), ("Kestrel:Limits:KeepAliveTimeout", "never"), ("Http:MaxConnections", "0")).Errors;
        Assert.Equal(3, errors.Count);
        Assert.Contains(errors, error => error.StartsWith("Kestrel:Limits:MaxRequestBodySize is not a setting. In Kestrel:Limits there are: Kestrel:Limits:KeepAliveTimeout, ", StringComparison.Ordinal));
    }

    private static (Settings? Settings, IReadOnlyList<string> Errors) Read(params (string Key, string Value)[] settings) =>
        SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value))).Build());

    private static ConnectionLimit LimitOf(int? openFiles, params (string Key, string Value)[] settings) =>
        new(Read(settings).Settings!, openFiles, new ManualClock("2026-01-05T09:00:00Z"), NullLogger<ConnectionLimit>.Instance);

    private static async Task<List<RawClient>> OpenAsync(TestServer server, int count)
    {
        var open = new List<RawClient>();
        while (open.Count < count) open.Add(await RawClient.ConnectAsync(server.Url));
        return open;
    }

    private static async Task<SslStream> ShakeHandsAsync(TestServer server, SslApplicationProtocol protocol)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Url.Port), TestContext.Current.CancellationToken);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "127.0.0.1",
                ApplicationProtocols = [protocol],
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetCertHashString() == SickServer.BadCertificate.GetCertHashString(),
            },
            TestContext.Current.CancellationToken);
        return stream;
    }

    // By itself it would be kept for more than two minutes.
    private static async Task EndAsync(SslStream stream)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        try
        {
            await stream.CopyToAsync(Stream.Null, patience.Token);
        }
        catch (IOException)
        {
            // Closed without a word.
        }
    }

    private static List<string> Refusals(TestServer server)
    {
        lock (server.Log) return server.Log.FindAll(line => line.Contains("New connections", StringComparison.Ordinal));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var polls = 0; !holds(); polls++)
        {
            Assert.True(polls < 6_000, "It did not come to that.");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private sealed class BrokenListener(int connections) : IConnectionListener
    {
        private int _left = connections;

        public EndPoint EndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 1);

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<ConnectionContext?>(_left-- > 0 ? new BrokenConnection { RemoteEndPoint = EndPoint } : null);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class BrokenConnection : DefaultConnectionContext
    {
        public override void Abort(ConnectionAbortedException abortReason)
        {
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            throw new InvalidOperationException();
        }
    }
}
