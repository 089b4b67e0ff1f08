using System.Security.Cryptography;
using System.Text;
using Afterword.Client.OAuth;
using Afterword.Server.Allowlists;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.OAuth;

/// <summary>Who is calling: signatures, clocks, nonces, allowlists.</summary>
public abstract class AccessTests(Engine engine) : IAsyncLifetime
{
    private const string Show = "/1.1/feedback/show/1.json";

    private TestServer _server = null!;
    private NewApp _app = null!;
    private OAuthCredentials _token = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine);
        _app = await _server.AppAsync();
        (_, _token) = await _server.SenderAsync(_app);
    }

    // 404/34 is what a caller gets that was let in: the feedback does not exist.
    [Fact]
    public async Task A_signed_request_is_let_in() => (await _server.GetAsync(_token, Show)).Is(404, 34);

    [Fact]
    public async Task Hmac_sha256_is_accepted_too() => (await SignedAsync(signatureMethod: "HMAC-SHA256")).Is(404, 34);

    [Fact]
    public async Task A_request_without_credentials_is_unreadable() => (await _server.SendAsync(null, HttpMethod.Get, Show, null)).Is(400, 215);

    [Fact]
    public async Task Protocol_parameters_may_come_in_the_query_or_the_form_but_in_one_place_only()
    {
        var query = Signed(new Uri(_server.Url, Show), "GET", "");
        (await _server.SendAsync(null, HttpMethod.Get, $"{Show}?{query}", null)).Is(404, 34);

        var address = new Uri(_server.Url, "/1.1/feedback/dismiss/1.json");
        var form = Signed(address, "POST", "");
        (await _server.SendAsync(null, HttpMethod.Post, address.PathAndQuery, Encoding.ASCII.GetBytes(form))).Is(404, 34);

        (await _server.SendAsync(_token, HttpMethod.Get, $"{Show}?oauth_nonce=x", null)).Is(400, 215);
        (await _server.SendAsync(_token, HttpMethod.Post, address.PathAndQuery, "oauth_x=1"u8.ToArray())).Is(400, 215);
    }

    [Fact]
    public async Task Whoever_changes_anything_is_refused()
    {
        var address = new Uri(_server.Url, Show + "?a=1");
        var header = _server.Sign(_token, "GET", address, null);

        (await WithHeaderAsync(header, Show + "?a=2")).Is(401, 32);
        (await WithHeaderAsync(header, "/1.1/feedback/show/2.json?a=1")).Is(401, 32);
        (await WithHeaderAsync(_server.Sign(_token, "POST", address, null), Show + "?a=1")).Is(401, 32);
        (await WithHeaderAsync(header, Show + "?a=1", request => request.Headers.Host = "evil.example")).Is(401, 32);
        (await _server.SendAsync(_token with { ConsumerSecret = "x" }, HttpMethod.Get, Show, null)).Is(401, 32);
        (await _server.SendAsync(_token with { TokenSecret = "x" }, HttpMethod.Get, Show, null)).Is(401, 32);
        (await _server.SendAsync(_token with { ConsumerKey = "nobody" }, HttpMethod.Get, Show, null)).Is(401, 32);
        (await _server.SendAsync(_token with { Token = "1-nobody" }, HttpMethod.Get, Show, null)).Is(401, 89);
    }

    [Fact]
    public async Task A_hash_of_the_body_that_was_signed_must_be_that_of_the_body()
    {
        const string path = "/1.1/feedback/create.json", json = """{"type":"csat"}""", other = """{"type":"nps"}""";
        var (sha1, sha256) = (Sha1(json), Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(json))));

        // 400/38 is what a caller gets that was let in: parameters are missing.
        foreach (var fine in (string[])[sha1, sha256]) Assert.Equal(400, (await SendAsync(json, fine)).Status);
        foreach (var (body, hash) in ((string, string)[])[(other, sha1), (other, sha256), ("", sha1), (json, ""), (json, "x"), (json, sha1[..^4]), (json, Convert.ToBase64String(new byte[32])), (json, new string('A', 2_000))]) (await SendAsync(body, hash)).Is(401, 32);
        (await SendAsync(json, sha1, sha1)).Is(401, 32);

        // An empty body has a hash as well; clients send it with every GET.
        var empty = Sha1("");
        (await WithHeaderAsync(_server.Sign(_token, "GET", new Uri(_server.Url, Show), null, more: [("oauth_body_hash", empty)]), Show)).Is(404, 34);

#pragma warning disable CA5350 // what clients send
        static string Sha1(string text) => Convert.ToBase64String(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350

        Task<Answer> SendAsync(string body, params string[] hashes)
        {
            var header = _server.Sign(_token, "POST", new Uri(_server.Url, path), null, more: [.. hashes.Select(hash => ("oauth_body_hash", hash))]);
            return _server.SendAsync(null, HttpMethod.Post, path, null, request =>
            {
                request.Content = new StringContent(body, Encoding.UTF8, "application/json");
                request.Headers.TryAddWithoutValidation("Authorization", header);
            });
        }
    }

    [Fact]
    public async Task A_forwarded_host_is_believed_of_nobody_unless_configured() =>
        (await WithHeaderAsync(Header(), Show, request => request.Headers.TryAddWithoutValidation("X-Forwarded-Host", "evil.example"))).Is(404, 34);

    [Fact]
    public async Task A_token_works_with_its_own_app_alone()
    {
        var other = await _server.AppAsync();

        (await _server.GetAsync(_token with { ConsumerKey = other.ConsumerKey, ConsumerSecret = other.ConsumerSecret }, Show)).Is(401, 89);
    }

    [Theory]
    [InlineData(300, 404, 34)]
    [InlineData(-300, 404, 34)]
    [InlineData(301, 401, 135)]
    [InlineData(-301, 401, 135)]
    public async Task A_clock_may_be_off_by_five_minutes(long seconds, int status, int code) =>
        (await SignedAsync(timestamp: _server.Clock.GetUtcNow().ToUnixTimeSeconds() + seconds)).Is(status, code);

    [Fact]
    public async Task A_request_is_accepted_once_even_after_a_restart()
    {
        // A host name of its own: the port, and so the signed address, is another one after the restart.
        const string host = "feedback.example";
        var header = _server.Sign(_token, "GET", new Uri($"http://{host}{Show}"), null);
        Task<Answer> SendAsync() => WithHeaderAsync(header, Show, request => request.Headers.Host = host);

        (await SendAsync()).Is(404, 34);
        (await SendAsync()).Is(401, 32);
        await _server.RestartAsync();
        (await SendAsync()).Is(401, 32);

        await _server.Get<NonceStore>().PurgeAsync(default);
        (await SendAsync()).Is(401, 32);
    }

    [Fact]
    public async Task Of_two_hundred_racing_copies_one_is_accepted()
    {
        var header = Header();

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => WithHeaderAsync(header)));

        Assert.Single(answers, answer => answer.Status == 404);
        Assert.Equal(199, answers.Count(answer => answer.Status == 401));
    }

    [Fact]
    public async Task Of_copies_that_are_looked_at_together_one_is_accepted()
    {
        // Faster than a commit: many of them are in one batch.
        var copy = new NonceEntry(_server.Clock.GetUtcNow().ToUnixTimeSeconds(), 7, 1, 1, LimitedEndpoint.None);
        var nonce = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => _server.Get<NonceStore>().AdmitAsync(copy)));

        Assert.Single(nonce, one => one.IsFresh);
    }

    [Fact]
    public async Task Nonces_are_forgotten_only_when_their_timestamp_is_refused_anyway()
    {
        var early = _server.Clock.GetUtcNow().ToUnixTimeSeconds() + 300;
        (await SignedAsync(nonce: "ahead", timestamp: early)).Is(404, 34);

        await _server.AdvanceAsync(TimeSpan.FromSeconds(600));
        await _server.Get<NonceStore>().PurgeAsync(default);
        (await SignedAsync(nonce: "ahead", timestamp: early)).Is(401, 32);

        await _server.AdvanceAsync(TimeSpan.FromSeconds(302));
        Assert.True(await _server.Get<NonceStore>().PurgeAsync(default) > 0);
        (await SignedAsync(nonce: "ahead", timestamp: early)).Is(401, 135);
    }

    [Fact]
    public async Task Apps_and_senders_must_be_on_the_allowlist()
    {
        var app = await _server.AppAsync(allowed: false);
        var user = await _server.UserAsync("newcomer");
        var token = await _server.TokenAsync(app, user);

        (await _server.GetAsync(token, Show)).Is(403, 87);
        await _server.Get<Apps>().AllowAsync(app.ConsumerKey, true, default);
        (await _server.GetAsync(token, Show)).Is(403, 87);

        // Granted a moment ago, it works at once, although a cache holds the refusal's grounds.
        await _server.Get<Allowlist>().AllowSenderAsync(user.Id, new(null, null, null, null), default);
        (await _server.GetAsync(token, Show)).Is(404, 34);

        await _server.Get<Allowlist>().DenySenderAsync(user.Id, default);
        await _server.AdvanceAsync(TimeSpan.FromSeconds(5));
        (await _server.GetAsync(token, Show)).Is(403, 87);
    }

    [Fact]
    public async Task Suspension_holds_within_five_seconds()
    {
        (await _server.GetAsync(_token, Show)).Is(404, 34);
        await _server.Get<UserAccounts>().SuspendAsync("furni", true, default);
        await _server.AdvanceAsync(TimeSpan.FromSeconds(5));
        (await _server.GetAsync(_token, Show)).Is(403, 64);

        await _server.Get<Apps>().SuspendAsync(_app.ConsumerKey, true, default);
        await _server.AdvanceAsync(TimeSpan.FromSeconds(5));
        (await _server.GetAsync(_token, Show)).Is(401, 416);
    }

    [Fact]
    public async Task A_token_without_direct_messages_may_look_but_not_ask()
    {
        var user = await _server.Get<UserAccounts>().FindAsync("furni", default);
        var token = await _server.TokenAsync(_app, user!, Permission.Write);

        (await _server.GetAsync(token, Show)).Is(404, 34);
        (await _server.PostAsync(token, "/1.1/feedback/create.json")).Is(403, 93);
    }

    [Fact]
    public async Task Nothing_secret_is_logged()
    {
        (await _server.GetAsync(_token, Show)).Is(404, 34);
        (await _server.SendAsync(_token with { TokenSecret = "x" }, HttpMethod.Get, Show, null)).Is(401, 32);

        foreach (var secret in new[] { _token.ConsumerSecret, _token.TokenSecret! }) Assert.DoesNotContain(_server.Log, line => line.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Secrets_are_encrypted_in_the_store()
    {
        var stored = await _server.Server.Store.Main.ReadAsync(
            session => session.Sql("select consumer_secret from app union all select secret from access_token").ListAsync(row => row.GetBytes(0), default), default);

        Assert.Equal(2, stored.Count);
        foreach (var secret in new[] { _token.ConsumerSecret, _token.TokenSecret! })
        {
            Assert.DoesNotContain(stored, bytes => Encoding.Latin1.GetString(bytes).Contains(secret, StringComparison.Ordinal));
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private string Header() => _server.Sign(_token, "GET", new Uri(_server.Url, Show), null);

    private Task<Answer> SignedAsync(string? nonce = null, long? timestamp = null, string signatureMethod = "HMAC-SHA1", params (string, string)[] more) =>
        WithHeaderAsync(_server.Sign(_token, "GET", new Uri(_server.Url, Show), null, nonce, timestamp, signatureMethod, more));

    private Task<Answer> WithHeaderAsync(string header, string path = Show, Action<HttpRequestMessage>? change = null) => _server.SendAsync(
        null, HttpMethod.Get, path, null,
        request =>
        {
            request.Headers.TryAddWithoutValidation("Authorization", header);
            change?.Invoke(request);
        });

    /// <summary>The protocol's parameters as they stand in a query or a form.</summary>
    private string Signed(Uri address, string method, string rest)
    {
        var header = _server.Sign(_token, method, address, null);
        return string.Join('&', header["OAuth ".Length..].Split(", ").Select(part => part.Replace("\"", "", StringComparison.Ordinal))) + rest;
    }
}

public sealed class SqliteAccessTests() : AccessTests(Engine.Sqlite);

public sealed class PostgresAccessTests() : AccessTests(Engine.Postgres);
