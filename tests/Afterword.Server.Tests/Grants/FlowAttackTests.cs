using Afterword.Client.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Grants;

/// <summary>The attacks of RFC 5849, section 4, each as a test, and those on the pages that stand for the second leg.</summary>
public abstract class FlowAttackTests(Engine engine) : IAsyncLifetime
{
    private GrantFixture _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await GrantFixture.StartAsync(engine);
        await GrantFixture.AddUserAsync(_world.Server, "mallory");
    }

    // Section 4.9 of the first OAuth, and the reason for the verifier: whoever began the flow must not be able to end it.
    [Fact]
    public async Task Session_fixation_gains_nothing_without_the_verifier_that_went_to_the_victim()
    {
        var planted = await _world.BeginAsync();
        await GrantFixture.AllowAsync(_world.Guest(), planted);

        (await _world.CallAsync("/oauth/access_token", planted)).Is(400, 38);
        (await _world.ExchangeAsync(planted, "guess")).Is(401, 32);
    }

    [Fact]
    public async Task A_stolen_verifier_fits_neither_another_request_token_nor_another_app()
    {
        var victims = await _world.BeginAsync();
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), victims);

        var mallorys = await _world.BeginAsync();
        await GrantFixture.AllowAsync(_world.Guest(), mallorys, "mallory");
        (await _world.ExchangeAsync(mallorys, verifier)).Is(401, 32);

        var other = await GrantFixture.AddAppAsync(_world.Server, "Other");
        (await _world.ExchangeAsync(victims with { ConsumerKey = other.ConsumerKey, ConsumerSecret = other.ConsumerSecret }, verifier)).Is(401, 89);
        (await _world.ExchangeAsync(victims with { TokenSecret = mallorys.TokenSecret }, verifier)).Is(401, 32);
    }

    [Fact]
    public async Task A_verifier_works_once()
    {
        var request = await _world.BeginAsync();
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), request);

        (await _world.ExchangeAsync(request, verifier)).Is(200);
        (await _world.ExchangeAsync(request, verifier)).Is(401, 89);
    }

    [Fact]
    public async Task Of_a_hundred_racing_exchanges_one_gets_the_token()
    {
        var request = await _world.BeginAsync();
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), request);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => _world.ExchangeAsync(request, verifier)));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(99, answers.Count(answer => answer.Status == 401));
        Assert.Equal(1, await _world.Server.CountAsync("access_token"));
    }

    [Fact]
    public async Task Five_wrong_verifiers_kill_a_request_token()
    {
        var four = await _world.BeginAsync();
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), four);
        for (var i = 0; i < 4; i++) (await _world.ExchangeAsync(four, $"{i}")).Is(401, 32);
        (await _world.ExchangeAsync(four, verifier)).Is(200);

        var five = await _world.BeginAsync();
        verifier = await GrantFixture.AllowAsync(_world.Guest(), five);
        for (var i = 0; i < 5; i++) (await _world.ExchangeAsync(five, $"{i}")).Is(401, 32);
        (await _world.ExchangeAsync(five, verifier)).Is(401, 89);
    }

    [Fact]
    public async Task Of_a_hundred_racing_guesses_five_are_looked_at()
    {
        var request = await _world.BeginAsync();
        await GrantFixture.AllowAsync(_world.Guest(), request);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => _world.ExchangeAsync(request, $"{i:D7}")));

        Assert.Equal(5, answers.Count(answer => answer.Codes.Contains(32)));
        Assert.Equal(95, answers.Count(answer => answer.Codes.Contains(89)));
    }

    // Section 4.6 and 2.1: the callback is signed and fixed in the first leg, and the browser has no say in it.
    [Fact]
    public async Task The_callback_cannot_be_changed_on_the_way()
    {
        var bare = new OAuthCredentials(_world.App.ConsumerKey, _world.App.ConsumerSecret, null, null);
        var address = new Uri(_world.Server.Url, "/oauth/request_token");
        var form = TestServer.Form(("oauth_callback", GrantFixture.Callback));
        var header = _world.Server.Sign(bare, "POST", address, form);
        (await _world.Server.SendAsync(null, HttpMethod.Post, address.PathAndQuery, TestServer.Form(("oauth_callback", "oob")), request => request.Headers.TryAddWithoutValidation("Authorization", header))).Is(401, 32);

        var request = await _world.BeginAsync();
        var browser = _world.Guest();
        var page = await browser.GetAsync($"/oauth/authorize?oauth_token={request.Token}&oauth_callback=https%3A%2F%2Fevil.example%2F");
        Assert.DoesNotContain("evil.example", page.Html, StringComparison.Ordinal);
        var question = await browser.SignInAsync(page, "ana", GrantFixture.Password);
        var led = (await browser.SubmitAsync(question, "/oauth/authorize", ("decision", "allow"), ("oauth_callback", "https://evil.example/"))).Is(303);
        Assert.StartsWith(GrantFixture.Callback, led.Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_token_is_bound_to_the_first_who_approves()
    {
        var request = await _world.BeginAsync();
        var (ana, mallory) = (_world.Guest(), _world.Guest());
        var anas = await GrantFixture.AskAsync(ana, request);
        var mallorys = await GrantFixture.AskAsync(mallory, request, "mallory");

        (await mallory.SubmitAsync(mallorys, "/oauth/authorize", ("decision", "allow"))).Is(303);
        (await ana.SubmitAsync(anas, "/oauth/authorize", ("decision", "allow"))).Is(404);
        (await ana.SubmitAsync(anas, "/oauth/authorize", ("decision", "cancel"))).Is(404);
        Assert.Equal(1, await _world.Server.CountAsync("request_token", "user_id is not null"));
    }

    // Section 4.13: another site sends the form in the user's browser, which adds the cookies.
    [Fact]
    public async Task Another_site_cannot_say_yes_for_the_user()
    {
        var request = await _world.BeginAsync();
        var browser = _world.Guest();
        var question = await GrantFixture.AskAsync(browser, request);

        (await browser.PostAsync("/oauth/authorize", ("oauth_token", request.Token!), ("decision", "allow"))).Is(400);
        (await browser.PostAsync("/oauth/authorize", ("oauth_token", request.Token!), ("decision", "allow"), ("form", "x"))).Is(400);

        var mallory = _world.Guest();
        var mallorys = await GrantFixture.AskAsync(mallory, request, "mallory");
        (await browser.PostAsync("/oauth/authorize", [.. mallorys.HiddenOf("/oauth/authorize"), ("decision", "allow")])).Is(400);
        Assert.Equal(0, await _world.Server.CountAsync("request_token", "user_id is not null"));

        (await browser.SubmitAsync(question, "/oauth/authorize", ("decision", "allow"))).Is(303);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/sign-out")]
    [InlineData("/apps")]
    public async Task Another_site_can_send_no_form_of_ours(string path)
    {
        var browser = _world.Guest();
        var token = await _world.GrantAsync(browser: browser);

        (await browser.PostAsync(path, ("screen_name", "mallory"), ("password", GrantFixture.Password), ("app", "1"))).Is(400);

        Assert.Contains("@ana", (await browser.GetAsync("/apps")).Is(200).Html, StringComparison.Ordinal);
        (await _world.Server.PostAsync(token, "/1.1/feedback/submit/1.json", ("score", "1"))).Is(404, 34);
    }

    [Fact]
    public async Task A_form_without_a_decision_asks_again()
    {
        var request = await _world.BeginAsync();
        var browser = _world.Guest();
        (await browser.SubmitAsync(await GrantFixture.AskAsync(browser, request), "/oauth/authorize")).Is(200);
        Assert.Equal(0, await _world.Server.CountAsync("request_token", "user_id is not null"));
    }

    // Section 4.14: a frame around the page would have the user press a button that is not seen.
    [Theory]
    [InlineData("/oauth/authorize")]
    [InlineData("/oauth/authenticate")]
    [InlineData("/sign-in")]
    [InlineData("/apps")]
    public async Task No_page_can_be_framed_or_kept_or_run_a_script(string path)
    {
        var browser = _world.Guest();
        foreach (var signedIn in new[] { false, true })
        {
            if (signedIn) await GrantFixture.AskAsync(browser, await _world.BeginAsync());
            var page = await browser.GetAsync($"{path}?oauth_token={(await _world.BeginAsync()).Token}");
            if (page.Status == 302) continue;

            var policy = page.Is(200).Answer.Headers["Content-Security-Policy"];
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("script-src", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("DENY", page.Answer.Headers["X-Frame-Options"]);
            Assert.Contains("no-store", page.Answer.Headers["Cache-Control"], StringComparison.Ordinal);
            Assert.Equal("no-referrer", page.Answer.Headers["Referrer-Policy"]);
            Assert.Equal("nosniff", page.Answer.Headers["X-Content-Type-Options"]);
        }
    }

    [Fact]
    public async Task A_false_host_changes_no_address_and_breaks_the_signature()
    {
        var bare = new OAuthCredentials(_world.App.ConsumerKey, _world.App.ConsumerSecret, null, null);
        var header = _world.Server.Sign(bare, "POST", new Uri(_world.Server.Url, "/oauth/request_token"), null, more: [("oauth_callback", "oob")]);
        async Task<Answer> SendAsync(string name, string value) => await _world.Server.SendAsync(null, HttpMethod.Post, "/oauth/request_token", null, request =>
        {
            request.Headers.TryAddWithoutValidation("Authorization", header);
            request.Headers.TryAddWithoutValidation(name, value);
        });

        (await SendAsync("Host", "evil.example")).Is(401, 32);
        (await SendAsync("X-Forwarded-Host", "evil.example")).Is(200);

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_world.Server.Url, $"/oauth/authorize?oauth_token={(await _world.BeginAsync()).Token}"));
        request.Headers.Host = "evil.example";
        Assert.DoesNotContain("evil.example", (await _world.Server.SendAsync(request)).Is(200).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_in_leads_to_pages_of_this_server_alone()
    {
        var browser = _world.Guest();
        var page = await browser.GetAsync("/sign-in");
        foreach (var token in new[] { "//evil.example", "https://evil.example/", "\r\nLocation: https://evil.example/", "x&y=1" })
        {
            var led = (await browser.PostAsync("/sign-in", [.. page.HiddenOf("/sign-in"), ("screen_name", "ana"), ("password", GrantFixture.Password), ("oauth_token", token), ("leg", "//evil.example")])).Is(303);
            Assert.Equal($"/oauth/authorize?oauth_token={Uri.EscapeDataString(token)}", led.Location);
        }
    }

    [Fact]
    public async Task A_key_that_was_planted_before_the_sign_in_is_worth_nothing_after_it()
    {
        var mallory = _world.Guest();
        await GrantFixture.AskAsync(mallory, await _world.BeginAsync(), "mallory");
        var planted = mallory.Cookies["__Host-afterword"];

        var ana = _world.Guest();
        ana.Cookies["__Host-afterword"] = planted;
        await ana.SignInAsync(await ana.GetAsync($"/oauth/authorize?oauth_token={(await _world.BeginAsync()).Token}&force_login=true"), "ana", GrantFixture.Password);

        Assert.NotEqual(planted, ana.Cookies["__Host-afterword"]);
        Assert.Contains("@ana", (await ana.GetAsync("/apps")).Is(200).Html, StringComparison.Ordinal);
        mallory.Cookies["__Host-afterword"] = planted;
        (await mallory.GetAsync("/apps")).Is(302);
    }

    [Fact]
    public async Task No_leg_can_be_replayed()
    {
        var bare = new OAuthCredentials(_world.App.ConsumerKey, _world.App.ConsumerSecret, null, null);
        var header = _world.Server.Sign(bare, "POST", new Uri(_world.Server.Url, "/oauth/request_token"), null, more: [("oauth_callback", "oob")]);
        Task<Answer> SendAsync() => _world.Server.SendAsync(null, HttpMethod.Post, "/oauth/request_token", null, request => request.Headers.TryAddWithoutValidation("Authorization", header));

        (await SendAsync()).Is(200);
        (await SendAsync()).Is(401, 32);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();
}

public sealed class SqliteFlowAttackTests() : FlowAttackTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresFlowAttackTests() : FlowAttackTests(Engine.Postgres);
