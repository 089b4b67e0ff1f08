using Afterword.Server.Configuration;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Grants;

/// <summary>Users of the platform at a browser: passwords, locks, sessions.</summary>
public abstract class SignInTests(Engine engine) : IAsyncLifetime
{
    private GrantFixture _world = null!;
    private TestBrowser _browser = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await GrantFixture.StartAsync(engine);
        _browser = _world.Guest();
    }

    [Theory]
    [InlineData("ana")]
    [InlineData("@ana")]
    [InlineData(" ANA ")]
    public async Task A_user_signs_in_with_handle_and_password(string handle) =>
        Assert.Contains("@ana", (await TryAsync(_browser, handle, GrantFixture.Password)).Is(200).Html, StringComparison.Ordinal);

    [Fact]
    public async Task A_wrong_handle_a_wrong_password_and_a_missing_one_are_answered_alike()
    {
        await _world.Server.UserAsync("nopassword");
        var pages = new List<string>();
        foreach (var (handle, password) in new[] { ("ana", "wrong"), ("zoe", "wrong"), ("nopassword", ""), ("nopassword", "wrong"), ("ana", "") })
        {
            var page = (await TryAsync(_browser, handle, password)).Is(403);
            pages.Add(System.Text.RegularExpressions.Regex.Replace(page.Html, "value=\"[^\"]*\"", ""));
        }

        Assert.Single(pages.Distinct());
        Assert.Contains("The handle or the password is wrong", pages[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_typed_stays_but_the_password()
    {
        var page = await TryAsync(_browser, "ana\"><b", "secret-typed");
        Assert.Contains("value=\"ana&quot;&gt;&lt;b\"", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-typed", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Five_wrong_passwords_close_an_account_for_five_minutes()
    {
        for (var i = 0; i < 5; i++) (await TryAsync(_browser, "ana", $"wrong {i}")).Is(403);
        (await TryAsync(_browser, "ana", GrantFixture.Password)).Is(403);

        await _world.Server.AdvanceAsync(TimeSpan.FromMinutes(5));
        (await TryAsync(_browser, "ana", GrantFixture.Password)).Is(200);
    }

    [Fact]
    public async Task A_right_password_forgives_the_wrong_ones_before_it()
    {
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 4; i++) (await TryAsync(_browser, "ana", "wrong")).Is(403);
            (await TryAsync(_browser, "ana", GrantFixture.Password)).Is(200);
        }
    }

    [Fact]
    public async Task Failures_are_counted_across_nodes_and_restarts()
    {
        if (engine == Engine.Postgres)
        {
            await using var second = await _world.Server.StartSecondAsync();
            var there = new TestBrowser(second);
            for (var i = 0; i < 3; i++) (await TryAsync(there, "ana", "wrong")).Is(403);
        }
        else
        {
            for (var i = 0; i < 3; i++) (await TryAsync(_browser, "ana", "wrong")).Is(403);
            await _world.Server.RestartAsync();
        }

        for (var i = 0; i < 2; i++) (await TryAsync(_browser, "ana", "wrong")).Is(403);
        (await TryAsync(_browser, "ana", GrantFixture.Password)).Is(403);
    }

    [Fact]
    public async Task An_address_that_keeps_guessing_has_to_wait_whatever_the_account()
    {
        await using var world = await GrantFixture.StartAsync(engine, "SignIn:FailuresPerMinute=6", "SignIn:FailuresBeforeLock=100");
        var browser = world.Guest();
        for (var i = 0; i < 6; i++) (await TryAsync(browser, $"user{i}", "wrong")).Is(403);

        var refused = (await TryAsync(browser, "ana", GrantFixture.Password)).Is(429);
        Assert.Equal("60", refused.Answer.Headers["Retry-After"]);
        Assert.Contains("too many attempts", refused.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cookies_are_bound_to_this_host_and_hidden_from_scripts()
    {
        var page = await _browser.GetAsync("/sign-in");
        var answer = await _browser.SubmitAsync(page, "/sign-in", ("screen_name", "ana"), ("password", GrantFixture.Password));
        foreach (var cookies in new[] { page.Answer.Headers["Set-Cookie"], answer.Is(303).Answer.Headers["Set-Cookie"] })
        {
            Assert.StartsWith("__Host-", cookies, StringComparison.Ordinal);
            foreach (var word in new[] { "secure", "httponly", "path=/", "samesite=lax" }) Assert.Contains(word, cookies, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("domain", cookies, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Signing_out_ends_the_user_session_whoever_kept_the_cookie()
    {
        await TryAsync(_browser, "ana", GrantFixture.Password);
        var kept = _browser.Cookies["__Host-afterword"];
        await _browser.SubmitAsync((await _browser.GetAsync("/apps")).Is(200), "/sign-out");
        Assert.DoesNotContain("__Host-afterword", _browser.Cookies.Keys);

        _browser.Cookies["__Host-afterword"] = kept;
        Assert.Equal("/sign-in", (await _browser.GetAsync("/apps")).Is(302).Location);
    }

    [Fact]
    public async Task A_suspended_user_is_out_at_once_and_stays_out()
    {
        await TryAsync(_browser, "ana", GrantFixture.Password);
        await _world.Server.Get<UserAccounts>().SuspendAsync("ana", true, default);

        (await _browser.GetAsync("/apps")).Is(302);
        Assert.Contains("suspended", (await TryAsync(_world.Guest(), "ana", GrantFixture.Password)).Is(403).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_session_ends_after_two_weeks_without_one()
    {
        await TryAsync(_browser, "ana", GrantFixture.Password);
        await _world.Server.AdvanceAsync(TimeSpan.FromDays(13));
        (await _browser.GetAsync("/apps")).Is(200);
        await _world.Server.AdvanceAsync(TimeSpan.FromDays(13));
        (await _browser.GetAsync("/apps")).Is(200);
        await _world.Server.AdvanceAsync(TimeSpan.FromDays(14));
        (await _browser.GetAsync("/apps")).Is(302);
        Assert.Equal(1, await _world.Server.Get<UserSessions>().PurgeAsync(default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_guessed_cookie_is_nobody(string cookie)
    {
        _browser.Cookies["__Host-afterword"] = cookie;
        (await _browser.GetAsync("/apps")).Is(302);
    }

    [Fact]
    public async Task Passwords_and_user_sessions_are_hashed_in_the_store()
    {
        await TryAsync(_browser, "ana", GrantFixture.Password);
        var (hash, key) = await _world.Server.Server.Store.Main.ReadAsync(
            session => session.Sql("select a.password_hash, v.key_hash from account a join visit v on v.user_id = a.id").FirstAsync(row => (row.GetString(0), row.GetBytes(1)), default), default);

        Assert.Equal(_world.Server.Get<Settings>().SignIn.HashRounds, HashTests.RoundsOf(hash));
        Assert.NotEqual(_browser.Cookies["__Host-afterword"], System.Buffers.Text.Base64Url.EncodeToString(key));
        Assert.Equal(32, key.Length);
    }

    [Theory]
    [InlineData("application/json", "{}")]
    [InlineData("text/plain", "screen_name=ana")]
    [InlineData("application/x-www-form-urlencoded", "screen_name=%00&password=%FF%FE&form=%ED%A0%80")]
    [InlineData("multipart/form-data; boundary=x", "--x")]
    public async Task A_form_that_cannot_be_read_has_its_page(string type, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_world.Server.Url, "/sign-in")) { Content = new StringContent(body) };
        request.Content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
        var answer = (await _world.Server.SendAsync(request)).Is(400);
        Assert.Contains("text/html", answer.Headers["Content-Type"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_of_a_megabyte_is_refused_with_a_page()
    {
        var page = await _browser.GetAsync("/sign-in");
        var answer = await _browser.SubmitAsync(page, "/sign-in", ("screen_name", "ana"), ("password", new string('x', 1_000_000)));
        Assert.True(answer.Status is 400 or 413, $"{answer.Status}");
        Assert.Contains("<html", answer.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_secret_is_logged()
    {
        var request = await _world.BeginAsync();
        await TryAsync(_browser, "ana", "wrong-planted-password");
        var verifier = await GrantFixture.AllowAsync(_browser, request);
        (await _world.ExchangeAsync(request, verifier)).Is(200);

        foreach (var secret in new[] { "wrong-planted-password", GrantFixture.Password, verifier, request.Token!, request.TokenSecret!, _browser.Cookies["__Host-afterword"] })
        {
            Assert.DoesNotContain(_world.Server.Log, line => line.Contains(secret, StringComparison.Ordinal));
        }
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private static async Task<Page> TryAsync(TestBrowser browser, string handle, string password)
    {
        browser.Cookies.Remove("__Host-afterword");
        return await browser.SignInAsync((await browser.GetAsync("/sign-in")).Is(200), handle, password);
    }
}

public sealed class SqliteSignInTests() : SignInTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresSignInTests() : SignInTests(Engine.Postgres);
