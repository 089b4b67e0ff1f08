using System.Net;
using Afterword.Client.OAuth;

namespace Afterword.Client.Tests.OAuth;

/// <summary>Keys, nonces, signatures and answers are those of Twitter's page "Implementing Sign in with Twitter".</summary>
public sealed class OAuthStepsTests : IDisposable
{
    private const string ConsumerSecret = "L8qq9PZyRg6ieKGEKhZolGC0vJWLw8iEJ88DRdyOg";
    private const string Callback = "http://localhost/sign-in-with-twitter/";
    private const string Confirmed =
        "oauth_token=NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0&oauth_token_secret=veNRnAWe6inFuo8o2u8SLLZLjolYDmDP7SzL0YfYI&oauth_callback_confirmed=true";

    private const string Exchanged =
        "oauth_token=7588892-kagSNqWge8gB1WwE3plnFsJHAZVfxWD7Vb57p0b4&oauth_token_secret=PbKfYqSryyeKDWz4ebtY3o5ogNLG11WJZBc9fQrQo&user_id=7588892&screen_name=kagSN%C3%BC";

    private static readonly TemporaryCredentials s_temporary = new(
        "NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0", "veNRnAWe6inFuo8o2u8SLLZLjolYDmDP7SzL0YfYI");

    private readonly FakeNetwork _network = new();
    private readonly ManualClock _clock = new("2011-10-13T00:57:07Z");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_token_is_asked_for_as_Twitters_documentation_shows()
    {
        using var steps = Steps(_network.Answers(Confirmed), "ea9ec8429b68d6b77cd5600adbbb0456");
        Assert.Equal(s_temporary, await steps.RequestTokenAsync(Callback, cancellationToken: Stop));

        var sent = _network.Requests.Single();
        Assert.Equal("POST https://api.twitter.com/oauth/request_token ", $"{sent.Method} {sent.Address.AbsoluteUri} {sent.Body}");
        Assert.Equal(
            """OAuth oauth_consumer_key="cChZNFj6T5R0TigYB9yd1w", oauth_nonce="ea9ec8429b68d6b77cd5600adbbb0456", """ +
            """oauth_signature_method="HMAC-SHA1", oauth_timestamp="1318467427", oauth_version="1.0", """ +
            """oauth_callback="http%3A%2F%2Flocalhost%2Fsign-in-with-twitter%2F", oauth_signature="F1Li3tvehgcraF8DMJ7OyxO4w9Y%3D" """.TrimEnd(),
            sent.Authorization);
    }

    [Fact]
    public async Task An_access_token_is_asked_for_as_Twitters_documentation_shows()
    {
        using var steps = Steps(_network.Answers(Exchanged), "a9900fe68e2573b27a37f10fbad6a755");
        var user = await steps.AccessTokenAsync(s_temporary, "uw7NjWHT6OJ1MpJOXsHfNxoAhPKpgI8BlYDhxEjIBY", Stop);

        Assert.Equal(
            new AuthorizedUser(
                new("cChZNFj6T5R0TigYB9yd1w", ConsumerSecret, "7588892-kagSNqWge8gB1WwE3plnFsJHAZVfxWD7Vb57p0b4", "PbKfYqSryyeKDWz4ebtY3o5ogNLG11WJZBc9fQrQo"),
                "7588892", "kagSNü"),
            user);
        var sent = _network.Requests.Single();
        Assert.Equal("POST https://api.twitter.com/oauth/access_token ", $"{sent.Method} {sent.Address.AbsoluteUri} {sent.Body}");
        Assert.Equal(
            """OAuth oauth_consumer_key="cChZNFj6T5R0TigYB9yd1w", oauth_nonce="a9900fe68e2573b27a37f10fbad6a755", """ +
            """oauth_signature_method="HMAC-SHA1", oauth_timestamp="1318467427", oauth_version="1.0", """ +
            """oauth_token="NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0", oauth_verifier="uw7NjWHT6OJ1MpJOXsHfNxoAhPKpgI8BlYDhxEjIBY", """ +
            """oauth_signature="39cipBtIOHEEnybAR4sATQTpl2I%3D" """.TrimEnd(),
            sent.Authorization);
    }

    [Fact]
    public async Task A_narrower_access_travels_in_the_form_and_is_signed()
    {
        using var steps = Steps(_network.Answers(Confirmed), "n");
        await steps.RequestTokenAsync(OAuthSteps.OutOfBand, "read", Stop);

        var sent = _network.Requests.Single();
        Assert.Equal("x_auth_access_type=read", sent.Body);
        Assert.Equal(
            OAuthSignature.Compute(
                "POST", sent.Address, [.. Read(sent).AsText(), new("x_auth_access_type", "read")], ConsumerSecret, ""),
            Read(sent).First("oauth_signature"));
        Assert.Equal("oob", Read(sent).First("oauth_callback"));
    }

    [Fact]
    public async Task A_token_is_given_back_under_its_own_signature()
    {
        using var steps = Steps(_network.Answers("""{"access_token":"12-token"}"""), "n", SignatureMethod.HmacSha256);
        await steps.InvalidateTokenAsync(new("other app", "other secret", "12-token", "token secret"), Stop);

        var sent = _network.Requests.Single();
        Assert.Equal("POST https://api.twitter.com/1.1/oauth/invalidate_token.json ", $"{sent.Method} {sent.Address.AbsoluteUri} {sent.Body}");
        Assert.Equal(
            """OAuth oauth_consumer_key="other%20app", oauth_nonce="n", oauth_signature_method="HMAC-SHA256", """ +
            """oauth_timestamp="1318467427", oauth_version="1.0", oauth_token="12-token", """ +
            $"""oauth_signature="{PercentEncoding.Encode(OAuthSignature.Compute(
                "POST", sent.Address, Read(sent).AsText(), "other secret", "token secret", SignatureMethod.HmacSha256))}" """.TrimEnd(),
            sent.Authorization);
    }

    [Fact]
    public void The_users_page_names_the_request_token_and_what_was_asked_for()
    {
        using var steps = Steps(_network, "n");
        var temporary = new TemporaryCredentials("a+b/c", "secret");
        Assert.Equal("https://api.twitter.com/oauth/authorize?oauth_token=a%2Bb%2Fc", steps.AuthorizeUrl(temporary).AbsoluteUri);
        Assert.Equal(
            "https://api.twitter.com/oauth/authorize?oauth_token=a%2Bb%2Fc&force_login=true&screen_name=f%26rni",
            steps.AuthorizeUrl(temporary, forceLogin: true, screenName: "f&rni").AbsoluteUri);
        Assert.Equal(
            "https://api.twitter.com/oauth/authenticate?oauth_token=a%2Bb%2Fc&screen_name=furni",
            steps.AuthenticateUrl(temporary, screenName: "furni").AbsoluteUri);
    }

    [Fact]
    public async Task A_path_in_the_servers_address_is_kept_and_a_token_of_the_options_is_not_used()
    {
        var options = Options() with
        {
            Server = new Uri("https://feedback.example/base?x#y"), Credentials = new("key", "secret", "12-token", "token secret"),
        };
        using var steps = new OAuthSteps(options, _network.Answers(Confirmed));
        await steps.RequestTokenAsync(Callback, cancellationToken: Stop);

        var sent = _network.Requests.Single();
        Assert.Equal("https://feedback.example/base/oauth/request_token", sent.Address.AbsoluteUri);
        Assert.Null(Read(sent).First("oauth_token"));
        Assert.Equal("https://feedback.example/base/oauth/authorize?oauth_token=t", steps.AuthorizeUrl(new("t", "s")).AbsoluteUri);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, 32, "Could not authenticate you.")]
    [InlineData(HttpStatusCode.Unauthorized, 89, "Invalid or expired token.")]
    [InlineData(HttpStatusCode.Unauthorized, 135, "Timestamp out of bounds.")]
    [InlineData(HttpStatusCode.Forbidden, 415, "Callback URL not approved for this client application.")]
    [InlineData(HttpStatusCode.TooManyRequests, 88, "Rate limit exceeded.")]
    public async Task Every_step_hands_on_what_the_server_refused(HttpStatusCode status, int code, string message)
    {
        var body = $$"""{"errors":[{"code":{{code}},"message":"{{message}}"}]}""";
        using var steps = Steps(_network.Answers(body, status).Answers(body, status).Answers(body, status, ("Retry-After", "37")), "n");

        foreach (var call in Calls(steps))
        {
            var refusal = await Assert.ThrowsAsync<FeedbackApiException>(call);
            Assert.Equal((status, code, message), (refusal.Status, refusal.Code, refusal.Message));
        }

        Assert.Equal(3, _network.Requests.Count);
    }

    [Fact]
    public async Task A_refusal_says_when_to_come_back()
    {
        using var steps = Steps(_network.Answers("", HttpStatusCode.ServiceUnavailable, ("Retry-After", "37")), "n");
        var refusal = await Assert.ThrowsAsync<FeedbackApiException>(() => steps.RequestTokenAsync(Callback, cancellationToken: Stop));
        Assert.Equal(_clock.GetUtcNow().AddSeconds(37), refusal.RetryAt);
        Assert.Equal("The server answered with status 503 and no reason.", refusal.Message);
    }

    [Theory]
    [InlineData("oauth_token=t&oauth_token_secret=s")]
    [InlineData("oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=false")]
    [InlineData("oauth_token=t&oauth_callback_confirmed=true")]
    [InlineData("oauth_token=&oauth_token_secret=s&oauth_callback_confirmed=true")]
    [InlineData("<html>Welcome</html>")]
    [InlineData("")]
    public async Task An_unconfirmed_callback_or_half_a_request_token_is_not_taken(string body)
    {
        using var steps = Steps(_network.Answers(body), "n");
        var refusal = await Assert.ThrowsAsync<FeedbackApiException>(() => steps.RequestTokenAsync(Callback, cancellationToken: Stop));
        Assert.Equal((HttpStatusCode.OK, "The server's answer is not one of this API."), (refusal.Status, refusal.Message));
    }

    [Theory]
    [InlineData("oauth_token=t&oauth_token_secret=s&user_id=7")]
    [InlineData("oauth_token=t&oauth_token_secret=s&screen_name=furni")]
    [InlineData("oauth_token=t&user_id=7&screen_name=furni")]
    [InlineData("oauth_token_secret=s&user_id=7&screen_name=furni")]
    [InlineData("{}")]
    public async Task Half_an_access_token_is_not_taken(string body)
    {
        using var steps = Steps(_network.Answers(body), "n");
        await Assert.ThrowsAsync<FeedbackApiException>(() => steps.AccessTokenAsync(s_temporary, "1234567", Stop));
    }

    [Fact]
    public async Task No_answer_at_all_is_the_networks_exception()
    {
        using var steps = Steps(_network.Fails().Fails().Fails(), "n");
        foreach (var call in Calls(steps)) await Assert.ThrowsAsync<HttpRequestException>(call);
    }

    [Fact]
    public async Task A_step_that_cannot_be_right_is_not_sent()
    {
        using var steps = Steps(_network, "n");
        await Assert.ThrowsAsync<ArgumentException>(() => steps.RequestTokenAsync("", cancellationToken: Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => steps.AccessTokenAsync(s_temporary, "", Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => steps.InvalidateTokenAsync(new("key", "secret"), Stop));
        Assert.Throws<ArgumentException>(() => new OAuthSteps(Options() with { Server = new Uri("ftp://host/") }, _network));
        Assert.Empty(_network.Requests);
    }

    [Fact]
    public async Task A_step_can_be_given_up()
    {
        using var steps = new OAuthSteps(Options(), new QuietNetwork());
        using var given = new CancellationTokenSource();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => steps.RequestTokenAsync(Callback, cancellationToken: given.Token));
    }

    [Fact]
    public async Task A_transport_of_the_callers_outlives_the_steps_unless_told_otherwise()
    {
        var network = new QuietNetwork();
        new OAuthSteps(Options(), network).Dispose();
        Assert.False(network.IsDisposed);

        var steps = new OAuthSteps(Options(), network, disposeTransport: true);
        await Assert.ThrowsAsync<FeedbackApiException>(() => steps.RequestTokenAsync(Callback, cancellationToken: Stop));
        Assert.False(network.IsDisposed);
        steps.Dispose();
        Assert.True(network.IsDisposed);
    }

    [Fact]
    public void Temporary_credentials_and_users_print_no_secret()
    {
        Assert.DoesNotContain(s_temporary.TokenSecret, s_temporary.ToString(), StringComparison.Ordinal);
        var user = new AuthorizedUser(new("key", "consumer secret", "7-token", "token secret"), "7", "furni");
        Assert.Contains("furni", user.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", user.ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => _network.Dispose();

    private static Func<Task>[] Calls(OAuthSteps steps) =>
    [
        () => steps.RequestTokenAsync(Callback, cancellationToken: Stop),
        () => steps.AccessTokenAsync(s_temporary, "1234567", Stop),
        () => steps.InvalidateTokenAsync(new("key", "secret", "12-token", "token secret"), Stop),
    ];

    private static ParameterList Read(FakeNetwork.Sent sent)
    {
        var list = new ParameterList();
        Assert.True(AuthorizationHeader.TryParse(sent.Authorization, list));
        return list;
    }

    private static FeedbackClientOptions Options() => new(new Uri("https://api.twitter.com"), new("cChZNFj6T5R0TigYB9yd1w", ConsumerSecret));

    private OAuthSteps Steps(FakeNetwork network, string nonce, SignatureMethod method = SignatureMethod.HmacSha1) =>
        new(Options() with { Clock = _clock, SignatureMethod = method }, network) { Nonce = () => nonce };

    private sealed class QuietNetwork : HttpMessageHandler
    {
        public bool IsDisposed { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.NoContent));
        }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
