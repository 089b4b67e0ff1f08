using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Afterword.Client.OAuth;

namespace Afterword.Client.Tests.OAuth;

public sealed class OAuthHandlerTests
{
    private static readonly OAuthCredentials s_twitter = new(
        "xvz1evFS4wEEPTGEFPHBog",
        "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Query_and_form_are_signed_as_in_Twitters_documentation()
    {
        var network = new FakeNetwork().Answers("{}");
        using var http = Signing(network, s_twitter, new ManualClock("2011-10-14T20:09:18Z"), () => "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg");

        using var form = new FormUrlEncodedContent([new("status", "Hello Ladies + Gentlemen, a signed OAuth request!")]);
        using var answer = await http.PostAsync("https://api.twitter.com/1.1/statuses/update.json?include_entities=true", form, Stop);

        var sent = Read(network.Requests.Single().Authorization);
        Assert.Equal("hCtSmYh+iHYCEqBWrE7C7hYmtUk=", sent.First("oauth_signature"));
        Assert.Equal("1318622958", sent.First("oauth_timestamp"));
        Assert.Equal("1.0", sent.First("oauth_version"));
    }

    [Fact]
    public async Task A_JSON_body_is_not_signed()
    {
        var network = new FakeNetwork().Answers("{}").Answers("{}");
        using var http = Signing(network, s_twitter, new ManualClock("2016-01-04T19:45:37Z"), () => "n");

        using (await http.PostAsync("https://example.com/", new StringContent("a=1", Encoding.UTF8, "application/json"), Stop))
        using (await http.PostAsync("https://example.com/", null, Stop))
        {
            Assert.Equal(network.Requests[0].Authorization, network.Requests[1].Authorization);
        }
    }

    [Fact]
    public async Task A_form_is_recognised_whatever_its_charset_and_letter_case()
    {
        var network = new FakeNetwork().Answers("{}").Answers("{}");
        using var http = Signing(network, s_twitter, new ManualClock("2016-01-04T19:45:37Z"), () => "n");
        foreach (var type in new[] { "application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=UTF-8" })
        {
            using var form = new StringContent("a=1") { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
            using var answer = await http.PostAsync("https://example.com/", form, Stop);
        }

        Assert.Equal(network.Requests[0].Authorization, network.Requests[1].Authorization);
        Assert.Equal("a=1", network.Requests[1].Body);
    }

    [Fact]
    public async Task Without_a_token_none_is_named()
    {
        var network = new FakeNetwork().Answers("");
        using var http = Signing(network, new("key", "secret"), new ManualClock("2016-01-04T19:45:37Z"), () => "n");
        using var answer = await http.PostAsync("https://example.com/oauth/request_token", null, Stop);

        Assert.Null(Read(network.Requests.Single().Authorization).First("oauth_token"));
    }

    [Fact]
    public async Task Every_request_has_a_nonce_of_its_own()
    {
        var network = new FakeNetwork().Answers("").Answers("");
        using var http = Signing(network, s_twitter, clock: null, nonce: null);
        for (var i = 0; i < 2; i++)
        {
            using var answer = await http.GetAsync("https://example.com/", Stop);
        }

        var nonces = network.Requests.Select(r => Read(r.Authorization).First("oauth_nonce")!).ToList();
        Assert.NotEqual(nonces[0], nonces[1]);
        Assert.All(nonces, nonce => Assert.Equal(32, nonce.Length));
    }

    [Fact]
    public void An_unsigned_request_never_leaves_by_the_synchronous_door()
    {
        using var http = Signing(new FakeNetwork(), s_twitter, clock: null, nonce: null);
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://example.com/");
        Assert.Throws<NotSupportedException>(() => http.Send(request, Stop));
    }

    [Fact]
    public void Credentials_print_no_secret()
    {
        Assert.DoesNotContain(s_twitter.ConsumerSecret, s_twitter.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(s_twitter.TokenSecret!, s_twitter.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SignatureMethod.HmacSha1, "/1.1/show/%7Ejane/a%2Fb.json?q=r%20b+c&b5=%3D%253D&c%40=&a3=é", null)]
    [InlineData(SignatureMethod.HmacSha256, "/1.1/create.json", null)]
    [InlineData(SignatureMethod.HmacSha1, "/", "API.Example.com:80")]
    public async Task What_arrives_on_the_wire_verifies_as_a_server_reads_it(SignatureMethod method, string target, string? host)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeOneAsync(listener);

        var signing = new OAuthHandler(s_twitter, method: method) { InnerHandler = new SocketsHttpHandler() };
        using var http = new HttpClient(signing);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}{target}")
        {
            Content = new FormUrlEncodedContent([new("message", "Wie war's? 100% + \"gut\" & 日本 ~"), new("empty", ""), new("a3", "2 q")]),
        };
        request.Headers.Host = host;
        using var answer = await http.SendAsync(request, Stop);
        var (requestLine, headers, body) = await serving;

        var sent = new ParameterList();
        var rawTarget = requestLine.Split(' ')[1];
        Assert.True(AuthorizationHeader.TryParse(headers["Authorization"], sent));
        sent.AddForm(body);
        if (rawTarget.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query) sent.AddQuery(rawTarget.AsSpan(query));

        var text = new SignatureBase();
        text.Add(sent);
        text.Complete(requestLine.Split(' ')[0], new BaseAddress("http", headers["Host"], rawTarget));
        Assert.True(SignatureMethods.TryParse(sent.ValueAt(sent.IndexOf("oauth_signature_method"u8)), out var used));
        Assert.Equal(method, used);
        Assert.True(text.Verify(
            used, s_twitter.ConsumerSecret, s_twitter.TokenSecret, sent.ValueAt(sent.IndexOf("oauth_signature"u8))));
    }

    private static HttpClient Signing(HttpMessageHandler network, OAuthCredentials credentials, TimeProvider? clock, Func<string>? nonce) =>
        new(new OAuthHandler(credentials, clock, nonce) { InnerHandler = network });

    private static ParameterList Read(string? authorization)
    {
        var list = new ParameterList();
        Assert.True(AuthorizationHeader.TryParse(authorization, list));
        return list;
    }

    private static async Task<(string RequestLine, Dictionary<string, string> Headers, byte[] Body)> ServeOneAsync(TcpListener listener)
    {
        using var connection = await listener.AcceptTcpClientAsync(Stop);
        await using var stream = connection.GetStream();

        var head = new List<byte>();
        var one = new byte[1];
        while (!head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            await stream.ReadExactlyAsync(one, Stop);
            head.Add(one[0]);
        }

        var lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines[1..].Select(l => l.Split(": ", 2)).ToDictionary(l => l[0], l => l[1], StringComparer.OrdinalIgnoreCase);
        var body = new byte[int.Parse(headers["Content-Length"], System.Globalization.CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, Stop);
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), Stop);
        return (lines[0], headers, body);
    }
}
