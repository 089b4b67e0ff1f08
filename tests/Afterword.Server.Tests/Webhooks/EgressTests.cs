using System.Collections.Concurrent;
using System.Net;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>Where webhooks must not go, in every spelling.</summary>
public sealed class EgressTests
{
    private const int AtOnce = 64;

    [Fact]
    public async Task No_spelling_of_a_forbidden_address_is_connected_to()
    {
        using var sentinel = new Sentinel();
        var spellings = Spellings.All().ToArray();
        Assert.True(spellings.Length >= 500, $"There are {spellings.Length}.");

        var attempts = await SendAsync(spellings, sentinel);

        Assert.Equal(0, sentinel.Connections);
        Assert.All(attempts, attempt => Assert.Null(attempt.Attempt.Status));
        var judged = attempts.Count(attempt => attempt.Attempt.Error!.Contains("no public address", StringComparison.Ordinal));
        Assert.True(judged >= 500, $"Only {judged} of {attempts.Count} were stopped by the guard: {string.Join('\n', attempts.Where(a => !a.Attempt.Error!.Contains("no public", StringComparison.Ordinal)).Select(a => $"{a.Host}: {a.Attempt.Error}").Take(20))}");
    }

    [Fact]
    public async Task Without_the_guard_the_same_spellings_reach_this_machine()
    {
        using var sentinel = new Sentinel();
        var here = Spellings.All().Where(spelling => spelling.IsHere).ToArray();

        var attempts = await SendAsync(here, sentinel, "Webhooks:AllowPrivateAddresses=true");

        Assert.True(sentinel.Connections >= 70, $"Of {here.Length} spellings {sentinel.Connections} connected: {string.Join('\n', attempts.Where(a => a.Attempt.Status is null).Select(a => $"{a.Host}: {a.Attempt.Error}").Take(20))}");
    }

    [Fact]
    public async Task Of_several_addresses_only_the_public_ones_are_connected_to()
    {
        using var sentinel = new Sentinel();
        var looked = 0;
        var guard = new EgressGuard(Settings("Webhooks:AllowedNetworks=127.0.0.9"), (_, _) =>
        {
            looked++;
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("127.0.0.9"), IPAddress.Loopback]);
        });

        await using var connection = await guard.ConnectAsync(new DnsEndPoint("mixed.example", sentinel.Port), TestContext.Current.CancellationToken);

        var socket = ((System.Net.Sockets.NetworkStream)connection).Socket;
        Assert.Equal("127.0.0.9", ((IPEndPoint)socket.RemoteEndPoint!).Address.ToString());
        Assert.Equal(1, looked);
    }

    [Fact]
    public async Task A_name_that_leads_inside_and_one_that_is_not_there_are_answered_alike()
    {
        var told = new List<string>();
        foreach (var resolve in new Resolve[]
        {
            (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.7")]),
            (_, _) => Task.FromResult<IPAddress[]>([]),
            (_, _) => Task.FromException<IPAddress[]>(new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound)),
            (_, _) => Task.FromException<IPAddress[]>(new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.TryAgain)),
        })
        {
            var error = await Assert.ThrowsAsync<HttpRequestException>(
                async () => await new EgressGuard(Settings(), resolve).ConnectAsync(new DnsEndPoint("db.internal.example", 443), TestContext.Current.CancellationToken));
            told.Add($"{error.HttpRequestError} {error.Message}");
        }

        Assert.Single(told.Distinct());
    }

    [Fact]
    public void An_address_that_carries_a_private_one_under_a_public_prefix_is_forbidden()
    {
        var guard = new EgressGuard(Settings(), Nobody);
        foreach (var inside in new[] { "10.0.0.7", "127.0.0.1", "169.254.169.254", "192.168.1.1" })
        {
            Assert.False(guard.Allows(IPAddress.Parse($"2606:4700::5efe:{inside}")), inside);
            Assert.False(guard.Allows(IPAddress.Parse($"2606:4700::200:5efe:{inside}")), inside);
        }

        Assert.True(guard.Allows(IPAddress.Parse("2606:4700::5efe:8.8.8.8")));
        Assert.True(guard.Allows(IPAddress.Parse("2606:4700::5eff:10.0.0.7")));
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("1.1.1.1", true)]
    [InlineData("172.15.255.255", true)]
    [InlineData("172.32.0.0", true)]
    [InlineData("100.63.255.255", true)]
    [InlineData("100.128.0.0", true)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("2606:4700:4700::1111", true)]
    [InlineData("2a00:1450::1", true)]
    [InlineData("169.253.255.255", true)]
    [InlineData("223.255.255.255", true)]
    public void A_public_address_is_allowed(string address, bool allowed) =>
        Assert.Equal(allowed, new EgressGuard(Settings(), Nobody).Allows(IPAddress.Parse(address)));

    // The first and the last address of every range; that nobody answers at most of them would hide a hole.
    [Theory]
    [InlineData("0.0.0.0", "0.255.255.255")]
    [InlineData("10.0.0.0", "10.255.255.255")]
    [InlineData("100.64.0.0", "100.127.255.255")]
    [InlineData("127.0.0.0", "127.255.255.255")]
    [InlineData("169.254.0.0", "169.254.255.255")]
    [InlineData("172.16.0.0", "172.31.255.255")]
    [InlineData("192.0.0.0", "192.0.0.255")]
    [InlineData("192.0.2.0", "192.0.2.255")]
    [InlineData("192.31.196.0", "192.31.196.255")]
    [InlineData("192.52.193.0", "192.52.193.255")]
    [InlineData("192.88.99.0", "192.88.99.255")]
    [InlineData("192.168.0.0", "192.168.255.255")]
    [InlineData("192.175.48.0", "192.175.48.255")]
    [InlineData("198.18.0.0", "198.19.255.255")]
    [InlineData("198.51.100.0", "198.51.100.255")]
    [InlineData("203.0.113.0", "203.0.113.255")]
    [InlineData("224.0.0.0", "239.255.255.255")]
    [InlineData("240.0.0.0", "255.255.255.255")]
    [InlineData("168.63.129.16", "::ffff:169.254.169.254")]
    [InlineData("::", "::1")]
    [InlineData("64:ff9b::a9fe:a9fe", "100::1")]
    [InlineData("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("4000::", "fc00::")]
    [InlineData("fe80::1%1", "fec0::1")]
    [InlineData("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void A_special_address_is_forbidden(string first, string last)
    {
        var guard = new EgressGuard(Settings(), Nobody);

        Assert.False(guard.Allows(IPAddress.Parse(first)));
        Assert.False(guard.Allows(IPAddress.Parse(last)));
    }

    [Fact]
    public void A_named_network_is_allowed_and_nothing_beside_it()
    {
        var guard = new EgressGuard(Settings("Webhooks:AllowedNetworks=10.1.0.0/16 fd12::/16"), Nobody);

        Assert.True(guard.Allows(IPAddress.Parse("10.1.255.255")));
        Assert.True(guard.Allows(IPAddress.Parse("::ffff:10.1.0.1")));
        Assert.True(guard.Allows(IPAddress.Parse("fd12::1")));
        Assert.False(guard.Allows(IPAddress.Parse("10.2.0.0")));
        Assert.False(guard.Allows(IPAddress.Parse("fd13::1")));
        Assert.False(guard.Allows(IPAddress.Loopback));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_a_failure_and_is_not_followed(int status)
    {
        using var sentinel = new Sentinel();
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = status;
            http.Response.Headers.Location = Spellings.Url("http", "localhost", sentinel.Port);
            return Task.CompletedTask;
        });

        var attempt = await SendAsync(receiver.Url, "Webhooks:AllowPrivateAddresses=true");

        Assert.Equal((status, false), (attempt.Status, attempt.Succeeded));
        Assert.Equal(0, sentinel.Connections);

        // The control: a client that follows would have gone there.
        using var follows = new HttpClient();
        using var followed = await follows.GetAsync(receiver.Url, TestContext.Current.CancellationToken);
        Assert.Equal(1, sentinel.Connections);
    }

    [Fact]
    public async Task Plain_http_is_refused_at_the_time_of_sending_too()
    {
        await using var receiver = await Receiver.StartAsync();

        var attempt = await SendAsync(receiver.Url, "Webhooks:AllowPrivateAddresses=true", "Webhooks:AllowPlainHttp=false");

        Assert.Contains("Webhooks:AllowPlainHttp", attempt.Error, StringComparison.Ordinal);
        Assert.Empty(receiver.All);
    }

    [Theory]
    [InlineData("http://desk.example.com/", "https")]
    [InlineData("ftp://desk.example.com/", "absolute")]
    [InlineData("//desk.example.com/", "absolute")]
    [InlineData("desk", "absolute")]
    [InlineData("https://", "absolute")]
    [InlineData("https://a:b@desk.example.com/", "--basic")]
    [InlineData("https://desk.example.com/#x", "fragment")]
    [InlineData("https://desk.example.com/ x", "absolute")]
    [InlineData("https://127.0.0.1/", "public")]
    [InlineData("https://2130706433/", "public")]
    [InlineData("https://[::1]/", "public")]
    public void A_wrong_address_is_told_with_what_is_right(string text, string told)
    {
        var settings = Settings("Webhooks:AllowPlainHttp=false");

        Assert.Contains(told, WebhookUrl.Read(text, settings, new EgressGuard(settings, Nobody)).Wrong, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyCollection<(string Host, DeliveryAttempt Attempt)>> SendAsync(Spelling[] spellings, Sentinel sentinel, params string[] settings)
    {
        var attempts = new ConcurrentBag<(string, DeliveryAttempt)>();
        await Parallel.ForEachAsync(spellings, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (spelling, stop) =>
        {
            if (!Uri.TryCreate(Spellings.Url("http", spelling.Host, sentinel.Port), UriKind.Absolute, out var url)) return;

            var looked = 0;
            Task<IPAddress[]> ResolveAsync(string host, CancellationToken _) => Task.FromResult(
                spelling.Leads is { } leads ? leads[Math.Min(looked++, leads.Length - 1)]
                : Dns.GetHostAddresses(host));
            attempts.Add((spelling.Host, await SendAsync(url, ResolveAsync, settings)));
            if (spelling.Leads is { Length: > 1 }) attempts.Add((spelling.Host, await SendAsync(url, ResolveAsync, settings)));
        });
        return attempts;
    }

    private static Task<DeliveryAttempt> SendAsync(Uri url, params string[] settings) => SendAsync(url, Nobody, settings);

    private static async Task<DeliveryAttempt> SendAsync(Uri url, Resolve resolve, params string[] more)
    {
        var settings = All(more);
        using var connections = new OutgoingConnections(settings, TimeProvider.System, NullLogger<OutgoingConnections>.Instance);
        var sender = new WebhookSender(new EgressGuard(settings.Webhooks, resolve), connections, settings.Webhooks, TimeProvider.System);
        return await sender.SendAsync(new WebhookTarget(new(1, 2), url, null, [RotateSecret.SignerOf(RotateSecret.New().Key)]), "1", "{}"u8.ToArray(), TestContext.Current.CancellationToken);
    }

    private static WebhookSettings Settings(params string[] more) => All(more).Webhooks;

    private static Settings All(params string[] more)
    {
        var given = new Dictionary<string, string?> { ["Webhooks:AllowPlainHttp"] = "true", ["Webhooks:Timeout"] = "00:00:05" };
        foreach (var pair in more) given[pair.Split('=')[0]] = pair.Split('=')[1];
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(given).Build());
        Assert.Empty(errors);
        return settings!;
    }

    private static Task<IPAddress[]> Nobody(string host, CancellationToken stop) => Task.FromResult<IPAddress[]>([]);
}
