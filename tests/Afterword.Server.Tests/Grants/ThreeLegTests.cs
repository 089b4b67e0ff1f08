using System.Web;
using Afterword.Client;
using Afterword.Client.OAuth;
using Afterword.Server.Allowlists;
using Afterword.Server.OAuth;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Grants;

/// <summary>How an app gets a user's token: request token, the user's yes, exchange.</summary>
public abstract class ThreeLegTests(Engine engine) : IAsyncLifetime
{
    private const string Submit = "/1.1/feedback/submit/1.json";

    private GrantFixture _world = null!;

    public async ValueTask InitializeAsync() => _world = await GrantFixture.StartAsync(engine);

    [Fact]
    public async Task A_pin_is_for_apps_that_are_registered_for_it_and_no_callback_leads_to_what_a_browser_runs()
    {
        var apps = _world.Server.Get<Apps>();
        var web = await apps.AddAsync("Web", [GrantFixture.Callback, "com.furni.desk:/signed-in"], default);
        (await _world.CallAsync("/oauth/request_token", KeysOf(web), ("oauth_callback", "oob"))).Is(403, 415);
        foreach (var fine in web.Callbacks) (await _world.CallAsync("/oauth/request_token", KeysOf(web), ("oauth_callback", fine))).Is(200);

        string[] harmful =
        [
            "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,<b>x</b>", "file:///etc/passwd", "vbscript:x", "blob:https://a.example/1", "view-source:https://a.example/", "about:blank", "desk:/x",
            "/relative", "//a.example/", "https:", "https://a.example/#part",
        ];
        var odd = await apps.AddAsync("Odd", harmful, default);
        foreach (var callback in harmful)
        {
            Assert.False(Callback.MayBe(callback), callback);
            (await _world.CallAsync("/oauth/request_token", KeysOf(odd), ("oauth_callback", callback))).Is(403, 415);
        }

        static OAuthCredentials KeysOf(NewApp app) => new(app.ConsumerKey, app.ConsumerSecret, null, null);
    }

    [Fact]
    public async Task A_token_of_an_account_that_asks_is_told_to_the_senders_people()
    {
        await _world.GrantAsync();
        Assert.Equal(0, await _world.Server.CountAsync("audit"));

        var ana = await _world.Server.Get<UserAccounts>().FindAsync("ana", default);
        await _world.Server.Get<Allowlist>().AllowSenderAsync(ana!.Id, new(null, null, null, null), default);
        await _world.GrantAsync(browser: _world.Guest());

        Assert.Equal(1, await _world.Server.CountAsync("audit", $"sender_id = {ana.Id} and person = 'app Furni Desk' and what = 'got a token of @ana, which reads all feedback'"));
    }

    [Fact]
    public async Task Tokens_from_before_an_account_asks_are_told_to_the_senders_people_when_it_does()
    {
        var (lists, apps, ana) = (_world.Server.Get<Allowlist>(), _world.Server.Get<Apps>(), _world.Ana.Id);
        await _world.GrantAsync();
        var revoked = await apps.IssueTokenAsync((await GrantFixture.AddAppAsync(_world.Server, "Old App")).ConsumerKey, ana, Permission.Read, default);
        await apps.RevokeTokenAsync(revoked!.Token, default);
        for (var n = 0; n < 4; n++) await apps.IssueTokenAsync((await GrantFixture.AddAppAsync(_world.Server, $"Robot {n}")).ConsumerKey, ana, Permission.Read, default);

        const string told = "became a sender; apps with tokens from before, which read all feedback: ";

        // At once, and not again when its limits change.
        for (var n = 0; n < 2; n++)
        {
            await lists.AllowSenderAsync(ana, new(n, null, null, null), default);
            Assert.Equal(2, await _world.Server.CountAsync("audit"));
            foreach (var named in new[] { "Furni Desk, Robot 0, Robot 1, Robot 2", "Robot 3" })
            {
                Assert.Equal(1, await _world.Server.CountAsync("audit", $"sender_id = {ana} and person = 'command line' and what = '{told}{named}'"));
            }
        }
    }

    [Fact]
    public async Task The_three_legs_lead_to_a_token_that_works()
    {
        var request = await _world.BeginAsync();
        var browser = _world.Guest();
        var question = (await GrantFixture.AskAsync(browser, request)).Is(200);
        Assert.Contains("Furni Desk", question.Html, StringComparison.Ordinal);
        Assert.Contains("@ana", question.Html, StringComparison.Ordinal);
        Assert.Contains("desk.example", question.Html, StringComparison.Ordinal);
        Assert.Contains("direct messages", question.Html, StringComparison.Ordinal);

        var led = (await browser.SubmitAsync(question, "/oauth/authorize", ("decision", "allow"))).Is(303);
        Assert.StartsWith(GrantFixture.Callback + "&", led.Location, StringComparison.Ordinal);
        Assert.Equal(request.Token, led.Led("oauth_token"));

        var answer = (await _world.ExchangeAsync(request, led.Led("oauth_verifier")!)).Is(200);
        var form = HttpUtility.ParseQueryString(answer.Body);
        Assert.Equal("application/x-www-form-urlencoded", answer.Headers["Content-Type"]);
        Assert.Equal($"{_world.Ana.Id}", form["user_id"]);
        Assert.Equal("ana", form["screen_name"]);
        Assert.StartsWith($"{_world.Ana.Id}-", form["oauth_token"], StringComparison.Ordinal);
        (await _world.Server.PostAsync(_world.TokenOf(answer), Submit, ("score", "5"))).Is(404, 34);
    }

    [Fact]
    public async Task The_client_of_this_project_walks_the_legs_too()
    {
        using var transport = new SocketsHttpHandler();
        using var steps = new OAuthSteps(new(_world.Server.Url, new(_world.App.ConsumerKey, _world.App.ConsumerSecret)) { Clock = _world.Server.Clock }, transport);

        var temporary = await steps.RequestTokenAsync(GrantFixture.Callback, "read");
        var browser = _world.Guest();
        var question = await browser.SignInAsync(await browser.GetAsync(steps.AuthorizeUrl(temporary).PathAndQuery), "ana", GrantFixture.Password);
        var verifier = (await browser.SubmitAsync(question, "/oauth/authorize", ("decision", "allow"))).Is(303).Led("oauth_verifier")!;
        var user = await steps.AccessTokenAsync(temporary, verifier);
        Assert.Equal(("ana", $"{_world.Ana.Id}"), (user.ScreenName, user.UserId));

        await steps.InvalidateTokenAsync(user.Credentials);
        var error = await Assert.ThrowsAsync<FeedbackApiException>(() => steps.InvalidateTokenAsync(user.Credentials));
        Assert.Equal(89, error.Code);
    }

    [Fact]
    public async Task A_pin_is_shown_where_there_is_no_address_to_lead_to()
    {
        var request = await _world.BeginAsync("oob");
        var browser = _world.Guest();
        var page = (await browser.SubmitAsync(await GrantFixture.AskAsync(browser, request), "/oauth/authorize", ("decision", "allow"))).Is(200);

        var pin = System.Text.RegularExpressions.Regex.Match(page.Html, "<code id=\"oauth_pin\">(\\d+)</code>").Groups[1].Value;
        Assert.Equal(7, pin.Length);
        (await _world.ExchangeAsync(request, pin)).Is(200);
    }

    [Fact]
    public async Task Cancel_leads_back_with_the_denied_token_which_is_dead()
    {
        var request = await _world.BeginAsync();
        var browser = _world.Guest();
        var led = (await browser.SubmitAsync(await GrantFixture.AskAsync(browser, request), "/oauth/authorize", ("decision", "cancel"))).Is(303);

        Assert.Equal($"{GrantFixture.Callback}&denied={request.Token}", led.Location);
        (await browser.GetAsync($"/oauth/authorize?oauth_token={request.Token}")).Is(404);
        (await _world.ExchangeAsync(request, "1")).Is(401, 89);
    }

    [Fact]
    public async Task Cancel_without_a_callback_has_its_own_page()
    {
        var browser = _world.Guest();
        var page = await browser.SubmitAsync(await GrantFixture.AskAsync(browser, await _world.BeginAsync("oob")), "/oauth/authorize", ("decision", "cancel"));
        Assert.Contains("You said no", page.Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callback_and_verifier_may_come_in_header_query_or_body()
    {
        var bare = new OAuthCredentials(_world.App.ConsumerKey, _world.App.ConsumerSecret, null, null);
        (await _world.CallWithHeaderAsync("/oauth/request_token", bare, ("oauth_callback", "oob"))).Is(200);
        (await _world.Server.SendAsync(bare, HttpMethod.Post, "/oauth/request_token?oauth_callback=oob", null)).Is(200);
        (await _world.Server.GetAsync(bare, "/oauth/request_token?oauth_callback=oob")).Is(200);
        (await _world.Server.SendAsync(bare, HttpMethod.Post, "/oauth/request_token?oauth_callback=oob", TestServer.Form(("oauth_callback", "oob")))).Is(400, 44);

        var browser = _world.Guest();
        var first = await _world.BeginAsync();
        (await _world.CallWithHeaderAsync("/oauth/access_token", first, ("oauth_verifier", await GrantFixture.AllowAsync(browser, first)))).Is(200);
        var second = await _world.BeginAsync();
        (await _world.Server.SendAsync(second, HttpMethod.Post, $"/oauth/access_token?oauth_verifier={await GrantFixture.AllowAsync(_world.Guest(), second)}", null)).Is(200);
    }

    [Fact]
    public async Task An_empty_token_parameter_is_no_token() =>
        (await _world.CallWithHeaderAsync("/oauth/request_token", new(_world.App.ConsumerKey, _world.App.ConsumerSecret, "", ""), ("oauth_callback", "oob"))).Is(200);

    [Theory]
    [InlineData("https://desk.example/signed-in")]
    [InlineData("https://desk.example/signed-in?from=afterword&x=1")]
    [InlineData("https://desk.example/Signed-in?from=afterword")]
    [InlineData("https://desk.example.evil.example/signed-in?from=afterword")]
    [InlineData("http://desk.example/signed-in?from=afterword")]
    [InlineData("OOB")]
    [InlineData("javascript:alert(1)")]
    public async Task Only_a_registered_callback_is_taken(string callback) => (await _world.RequestTokenAsync(("oauth_callback", callback))).Is(403, 415);

    [Fact]
    public async Task What_is_wrong_with_the_first_leg_is_named()
    {
        Assert.Equal(["oauth_callback parameter is missing."], (await _world.RequestTokenAsync()).Is(400, 38).Messages);
        (await _world.RequestTokenAsync(("oauth_callback", "oob"), ("x_auth_access_type", "all"))).Is(400, 44);
        (await _world.Server.SendAsync(null, HttpMethod.Post, "/oauth/request_token", null)).Is(400, 215);
        (await _world.CallAsync("/oauth/request_token", new(_world.App.ConsumerKey, "wrong", null, null), ("oauth_callback", "oob"))).Is(401, 32);
        (await _world.CallAsync("/oauth/request_token", new("nobody", "wrong", null, null), ("oauth_callback", "oob"))).Is(401, 32);

        await _world.Server.Get<Apps>().SuspendAsync(_world.App.ConsumerKey, true, default);
        await _world.Server.AdvanceAsync(TimeSpan.FromSeconds(5));
        (await _world.RequestTokenAsync(("oauth_callback", "oob"))).Is(401, 416);
    }

    [Fact]
    public async Task What_is_wrong_with_the_third_leg_is_named()
    {
        var request = await _world.BeginAsync();
        (await _world.ExchangeAsync(request with { Token = "nobody" }, "1")).Is(401, 89);
        (await _world.ExchangeAsync(request with { TokenSecret = "wrong" }, "1")).Is(401, 32);
        (await _world.CallAsync("/oauth/access_token", request)).Is(400, 38);
        (await _world.ExchangeAsync(request, "1")).Is(401, 89);

        var verifier = await GrantFixture.AllowAsync(_world.Guest(), request);
        (await _world.ExchangeAsync(request, verifier + "x")).Is(401, 32);
        await _world.Server.Get<UserAccounts>().SuspendAsync("ana", true, default);
        (await _world.ExchangeAsync(request, verifier)).Is(403, 64);
    }

    [Theory]
    [InlineData("read", 403)]
    [InlineData("write", 403)]
    [InlineData("dm", 404)]
    [InlineData(null, 404)]
    public async Task A_token_may_do_what_was_asked_for(string? access, int status) =>
        Assert.Equal(status, (await _world.Server.PostAsync(await _world.GrantAsync(access), Submit, ("score", "5"))).Status);

    [Fact]
    public async Task Request_tokens_live_fifteen_minutes()
    {
        var browser = _world.Guest();
        var early = await _world.BeginAsync();
        var question = await GrantFixture.AskAsync(browser, early);
        await _world.Server.AdvanceAsync(RequestTokens.Lifetime);

        (await browser.GetAsync($"/oauth/authorize?oauth_token={early.Token}")).Is(404);
        (await browser.SubmitAsync(question, "/oauth/authorize", ("decision", "allow"))).Is(404);

        var late = await _world.BeginAsync();
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), late);
        await _world.Server.AdvanceAsync(RequestTokens.Lifetime);
        (await _world.ExchangeAsync(late, verifier)).Is(401, 89);

        Assert.Equal(2, await _world.Server.Get<RequestTokens>().PurgeAsync(default));
        Assert.Equal(0, await _world.Server.CountAsync("request_token"));
    }

    [Fact]
    public async Task Authenticate_asks_once_and_leads_back_at_once_from_then_on()
    {
        var browser = _world.Guest();
        await _world.GrantAsync(browser: browser);

        var again = await _world.BeginAsync();
        var led = (await browser.GetAsync($"/oauth/authenticate?oauth_token={again.Token}")).Is(302);
        (await _world.ExchangeAsync(again, led.Led("oauth_verifier")!)).Is(200);

        var question = (await browser.GetAsync($"/oauth/authorize?oauth_token={(await _world.BeginAsync()).Token}")).Is(200);
        Assert.Contains("Allow", question.Html, StringComparison.Ordinal);

        var signIn = (await browser.GetAsync($"/oauth/authenticate?oauth_token={(await _world.BeginAsync()).Token}&force_login=true&screen_name=an%22a")).Is(200);
        Assert.Contains("type=\"password\"", signIn.Html, StringComparison.Ordinal);
        Assert.Contains("value=\"an&quot;a\"", signIn.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_only_looks_at_an_address_approves_nothing()
    {
        var browser = _world.Guest();
        await _world.GrantAsync(browser: browser);
        var again = await _world.BeginAsync();

        var looked = (await browser.HeadAsync($"/oauth/authenticate?oauth_token={again.Token}")).Is(200);

        Assert.False(looked.Answer.Headers.ContainsKey("Location"));
        Assert.Equal(0, await _world.Server.CountAsync("request_token", "verifier is not null"));
        (await browser.GetAsync($"/oauth/authenticate?oauth_token={again.Token}")).Is(302);
        Assert.Equal(1, await _world.Server.CountAsync("request_token", "verifier is not null"));
    }

    [Fact]
    public async Task Authenticate_asks_when_the_app_wants_more_than_before_or_nothing_was_given()
    {
        var browser = _world.Guest();
        await _world.GrantAsync("read", browser);
        (await browser.GetAsync($"/oauth/authenticate?oauth_token={(await _world.BeginAsync(access: "read")).Token}")).Is(302);
        (await browser.GetAsync($"/oauth/authenticate?oauth_token={(await _world.BeginAsync()).Token}")).Is(200);

        var apps = await browser.GetAsync("/apps");
        await browser.SubmitAsync(apps, "/apps");
        (await browser.GetAsync($"/oauth/authenticate?oauth_token={(await _world.BeginAsync(access: "read")).Token}")).Is(200);
    }

    [Fact]
    public async Task Signing_in_again_gives_the_same_token()
    {
        var browser = _world.Guest();
        var first = await _world.GrantAsync(browser: browser);

        Assert.Equal(first, await _world.GrantAsync(browser: browser));
        Assert.NotEqual(first.Token, (await _world.GrantAsync("read", browser)).Token);
        Assert.Equal(2, await _world.Server.CountAsync("access_token"));
    }

    [Theory]
    [InlineData("/1.1/oauth/invalidate_token")]
    [InlineData("/1.1/oauth/invalidate_token.json")]
    public async Task An_invalidated_token_is_refused_at_once_and_elsewhere_within_five_seconds(string path)
    {
        await using var second = engine == Engine.Postgres ? await _world.Server.StartSecondAsync() : null;
        var token = await _world.GrantAsync();
        if (second is not null) (await second.PostAsync(token, Submit, ("score", "5"))).Is(404, 34);

        var answer = (await _world.Server.PostAsync(token, path)).Is(200);
        Assert.Equal($"{{\"access_token\":\"{token.Token}\"}}", answer.Body);
        (await _world.Server.PostAsync(token, Submit, ("score", "5"))).Is(401, 89);
        await _world.Server.AdvanceAsync(TimeSpan.FromSeconds(5));
        if (second is not null) (await second.PostAsync(token, Submit, ("score", "5"))).Is(401, 89);
    }

    [Fact]
    public async Task A_user_sees_the_apps_that_were_let_in_and_can_take_it_back()
    {
        var browser = _world.Guest();
        var token = await _world.GrantAsync(browser: browser);
        (await _world.Server.PostAsync(token, Submit, ("score", "5"))).Is(404, 34);

        // Said yes to, and not yet exchanged: that goes too.
        var pending = await _world.BeginAsync();
        var question = await browser.GetAsync($"/oauth/authorize?oauth_token={pending.Token}");
        var verifier = (await browser.SubmitAsync(question, "/oauth/authorize", ("decision", "allow"))).Is(303).Led("oauth_verifier")!;

        var apps = (await browser.GetAsync("/apps")).Is(200);
        Assert.Contains("Furni Desk", apps.Html, StringComparison.Ordinal);
        var ended = (await browser.SubmitAsync(apps, "/apps")).Is(200);
        Assert.Contains("can no longer use your account", ended.Html, StringComparison.Ordinal);
        Assert.Contains("There are none", ended.Html, StringComparison.Ordinal);

        (await _world.Server.PostAsync(token, Submit, ("score", "5"))).Is(401, 89);
        (await _world.ExchangeAsync(pending, verifier)).Is(401, 89);
    }

    [Fact]
    public async Task An_app_name_is_text_and_never_markup()
    {
        var app = await GrantFixture.AddAppAsync(_world.Server, "<script>alert(1)</script>");
        var answer = await _world.CallAsync("/oauth/request_token", new(app.ConsumerKey, app.ConsumerSecret, null, null), ("oauth_callback", "oob"));
        var page = await _world.Guest().GetAsync($"/oauth/authorize?oauth_token={_world.TokenOf(answer).Token}");

        Assert.DoesNotContain("<script", page.Is(200).Html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_link_and_a_missing_token_have_their_page()
    {
        foreach (var path in new[] { "/oauth/authorize", "/oauth/authorize?oauth_token=nobody", "/oauth/authenticate?oauth_token=a&oauth_token=b", "/oauth/authorize?oauth_token=" + new string('x', 5_000) })
        {
            Assert.Contains("This link no longer works", (await _world.Guest().GetAsync(path)).Is(404).Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Secrets_and_verifiers_are_encrypted_in_the_store()
    {
        var request = await _world.BeginAsync();
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), request);
        var stored = await _world.Server.Server.Store.Main.ReadAsync(
            session => session.Sql("select secret, verifier from request_token").ListAsync(row => (byte[][])[row.GetBytes(0), row.GetBytes(1)], default), default);

        Assert.Single(stored);
        foreach (var secret in new[] { request.TokenSecret!, verifier })
        {
            Assert.DoesNotContain(stored[0], bytes => System.Text.Encoding.Latin1.GetString(bytes).Contains(secret, StringComparison.Ordinal));
        }
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();
}

public sealed class SqliteThreeLegTests() : ThreeLegTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresThreeLegTests() : ThreeLegTests(Engine.Postgres);
