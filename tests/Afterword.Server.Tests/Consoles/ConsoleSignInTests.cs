using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>Getting in with password and second factor, and everything that must not get in.</summary>
public abstract class ConsoleSignInTests(Engine engine) : IAsyncLifetime
{
    private const string People = "/console/@furni/people";
    private TestServer _server = null!;
    private User _furni = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine);
        _furni = await _server.UserAsync("furni");
    }

    [Fact]
    public async Task The_invited_choose_a_password_and_a_second_factor_and_are_in()
    {
        var (ana, link) = await Newcomer.InvitedAsync(_server, Role.Owner, _furni);
        var browser = new TestBrowser(_server);

        var next = (await Newcomer.AcceptAsync(browser, link)).Is(303);
        (await browser.GetAsync(People)).Is(303);
        var codes = await ana.AddAppAsync(browser, (await browser.GetAsync(next.Location)).Is(200));

        Assert.Equal(10, ana.RecoveryCodes.Distinct().Count());
        Assert.Contains("href=\"/console\"", codes.Html, StringComparison.Ordinal);
        (await browser.GetAsync(People)).Is(200);
        Assert.Equal(0, await _server.CountAsync("invitation"));
        Assert.Equal(1, await _server.CountAsync("person", "password_hash is not null and password_hash <> 'correct horse battery staple'"));
    }

    [Fact]
    public async Task An_agent_comes_in_with_a_password_alone()
    {
        var agent = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        Assert.Empty(agent.Secret);
        var browser = await agent.SignInAsync();
        (await browser.GetAsync("/console/account")).Is(200);
    }

    [Fact]
    public async Task Where_the_setting_says_so_an_owner_comes_in_with_a_password_alone()
    {
        await using var server = await TestServer.StartAsync(engine, "Console:SecondFactor=optional");
        var owner = await Newcomer.SettledAsync(server, Role.Owner, await server.UserAsync("furni"));
        Assert.Empty(owner.Secret);
        (await (await owner.SignInAsync()).GetAsync(People)).Is(200);
    }

    [Fact]
    public async Task The_password_alone_opens_nothing_to_an_owner()
    {
        var owner = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        var browser = new TestBrowser(_server);
        Assert.Equal("/console/second-factor?back=%2Fconsole%2F%40furni%2Fpeople", (await owner.SendPasswordAsync(browser, back: People)).Is(303).Location);

        Assert.Equal("/console/second-factor?back=%2Fconsole%2F%40furni%2Fpeople", (await browser.GetAsync(People)).Is(303).Location);
        (await browser.GetAsync("/console/account")).Is(303);
    }

    [Fact]
    public async Task Whoever_knows_only_the_password_cannot_add_a_second_factor_of_their_own()
    {
        var owner = await Newcomer.SettledAsync(_server, Role.Owner, _furni);

        // Nor a first one, before the owner of the account has: with a secret that the server has made for this very account.
        var (other, link) = await Newcomer.InvitedAsync(_server, Role.Owner, _furni, "other@furni.example");
        var (thief, early) = (new TestBrowser(_server), new TestBrowser(_server));
        await Newcomer.AcceptAsync(early, link);
        (await other.SendPasswordAsync(thief)).Is(303);
        var page = (await thief.GetAsync("/console/second-factor")).Is(403);
        Assert.Contains("you need a link that was sent to you", page.Html, StringComparison.Ordinal);
        var (id, offers) = ((await _server.Get<Memberships>().FindAsync(other.Email, default))!.Value, _server.Get<AuthenticatorSetups>());
        var offer = offers.Make(AccountKind.Person, id, other.Email).Sealed;
        var code = Totp.CodeAt(offers.Open(AccountKind.Person, id, offer)!, _server.Clock.GetUtcNow());
        (string, string)[] form = [.. page.HiddenOf("/console/sign-out"), ("offer", offer), ("code", code), ("credential", "{}"), ("name", "")];
        foreach (var kind in new[] { "app", "new-passkey" }) (await thief.PostAsync($"/console/second-factor/{kind}", form)).Is(403);
        Assert.Equal(1, await _server.CountAsync("person", "totp_secret is not null"));

        await other.AddAppAsync(early, (await early.GetAsync("/console/second-factor")).Is(200));
        (await thief.PostAsync("/console/second-factor/app", form)).Is(303);
        (await thief.GetAsync(People)).Is(303);
        Assert.NotEmpty(owner.Secret);
    }

    [Fact]
    public async Task A_higher_role_owes_the_second_factor_from_the_next_request_on()
    {
        var analyst = await Newcomer.SettledAsync(_server, Role.Analyst, _furni);
        var browser = await analyst.SignInAsync();
        (await browser.GetAsync("/console/account")).Is(200);

        await _server.InviteAsync(Role.Owner, _furni, analyst.Email);

        Assert.StartsWith("/console/second-factor", (await browser.GetAsync(People)).Is(303).Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_works_once()
    {
        var owner = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        _server.Clock.Advance(TimeSpan.FromMinutes(1));
        var (first, second) = (new TestBrowser(_server), new TestBrowser(_server));
        await owner.SendPasswordAsync(first);
        await owner.SendPasswordAsync(second);

        (await Newcomer.SendCodeAsync(first, owner.Code)).Is(303);
        (await Newcomer.SendCodeAsync(second, owner.Code)).Is(403);

        _server.Clock.Advance(TimeSpan.FromSeconds(30));
        (await Newcomer.SendCodeAsync(second, owner.Code)).Is(303);
    }

    [Fact]
    public async Task The_code_with_which_the_app_was_set_up_is_used_up()
    {
        var owner = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        var browser = new TestBrowser(_server);
        await owner.SendPasswordAsync(browser);
        (await Newcomer.SendCodeAsync(browser, owner.Code)).Is(403);
    }

    [Fact]
    public async Task A_recovery_code_works_once_however_it_is_typed()
    {
        var owner = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        var (first, second) = (new TestBrowser(_server), new TestBrowser(_server));
        await owner.SendPasswordAsync(first);
        await owner.SendPasswordAsync(second);

        var typed = owner.RecoveryCodes[3].Replace("-", " ", StringComparison.Ordinal).ToUpperInvariant();
        (await Newcomer.SendCodeAsync(first, typed)).Is(303);
        (await Newcomer.SendCodeAsync(second, owner.RecoveryCodes[3])).Is(403);
        Assert.Equal(9, await _server.CountAsync("recovery_code"));
        Assert.Equal(1, await _server.CountAsync("audit", $"sender_id = 0 and person = '{owner.Email}' and what = 'used a recovery code'"));

        // So does how the invitation was taken.
        Assert.Equal(1, await _server.CountAsync("audit", $"sender_id = 0 and person = '{owner.Email}' and deed = {(int)AuditAction.SignedIn} and what = 'with a link to choose a password'"));
    }

    [Fact]
    public async Task Racing_recovery_codes_let_one_in()
    {
        var owner = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        var browsers = Enumerable.Range(0, 4).Select(_ => new TestBrowser(_server)).ToArray();
        foreach (var browser in browsers) await owner.SendPasswordAsync(browser);

        var answers = await Task.WhenAll(browsers.Select(browser => Newcomer.SendCodeAsync(browser, owner.RecoveryCodes[0])));

        Assert.Equal(1, answers.Count(answer => answer.Status == 303));
    }

    [Fact]
    public async Task An_unknown_address_and_a_wrong_password_get_the_same_page()
    {
        var owner = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        var nobody = new Newcomer(_server, "nobody@furni.example");
        var invited = (await Newcomer.InvitedAsync(_server, Role.Owner, _furni, "invited@furni.example")).Person;

        var wrong = await Told(owner);
        Assert.Equal(wrong, await Told(nobody));
        Assert.Equal(wrong, await Told(invited));

        async Task<string> Told(Newcomer person)
        {
            var page = (await person.SendPasswordAsync(new TestBrowser(_server), "wrong password")).Is(403);
            return System.Text.RegularExpressions.Regex.Replace(page.Html.Replace(person.Email, "MAIL", StringComparison.Ordinal), "name=\"form\" value=\"[^\"]*\"", "");
        }
    }

    [Fact]
    public async Task Racing_guesses_lock_the_account_and_the_lock_ends()
    {
        await using var server = await TestServer.StartAsync(engine, "SignIn:FailuresPerMinute=10000");
        var owner = await Newcomer.SettledAsync(server, Role.Agent, await server.UserAsync("furni"));
        await Task.WhenAll(Enumerable.Range(0, 12).Select(n => owner.SendPasswordAsync(new TestBrowser(server), $"guess {n}")));

        (await owner.SendPasswordAsync(new TestBrowser(server))).Is(403);
        Assert.Equal(1, await server.CountAsync("person", "failed_sign_ins = 5"));

        await server.AdvanceAsync(TimeSpan.FromMinutes(5));
        (await owner.SendPasswordAsync(new TestBrowser(server))).Is(303);
    }

    [Fact]
    public async Task Wrong_codes_end_the_codes_though_the_password_is_right_each_time()
    {
        var owner = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        _server.Clock.Advance(TimeSpan.FromMinutes(1));
        await GuessCodesAsync(_server, owner, 5);

        await RefusedWithTheRightCodeAsync(_server, owner);
    }

    [Fact]
    public async Task Each_lock_by_codes_lasts_twice_as_long_until_the_owner_comes()
    {
        await using var server = await TestServer.StartAsync(engine, "SignIn:FailuresPerMinute=10000");
        var owner = await Newcomer.SettledAsync(server, Role.Owner, await server.UserAsync("furni"));
        foreach (var minutes in new[] { 5, 10, 20 }) await LockedForAsync(minutes);

        // Wrong passwords, which anybody can send, make it no longer.
        for (var guess = 0; guess < 5; guess++) (await owner.SendPasswordAsync(new TestBrowser(server), "wrong password")).Is(403);
        await server.AdvanceAsync(TimeSpan.FromMinutes(5));

        await owner.SignInAsync();
        await LockedForAsync(5);

        async Task LockedForAsync(int minutes)
        {
            await GuessCodesAsync(server, owner, 5);
            await server.AdvanceAsync(TimeSpan.FromMinutes(minutes) - TimeSpan.FromSeconds(1));
            await RefusedWithTheRightCodeAsync(server, owner);
            await server.AdvanceAsync(TimeSpan.FromSeconds(1));
        }
    }

    private static async Task RefusedWithTheRightCodeAsync(TestServer server, Newcomer owner)
    {
        var browser = new TestBrowser(server);
        (await owner.SendPasswordAsync(browser)).Is(303);
        (await Newcomer.SendCodeAsync(browser, owner.Code)).Is(403);
    }

    private static async Task GuessCodesAsync(TestServer server, Newcomer owner, int guesses)
    {
        for (var guess = 0; guess < guesses; guess++)
        {
            var browser = new TestBrowser(server);
            (await owner.SendPasswordAsync(browser)).Is(303);
            (await Newcomer.SendCodeAsync(browser, owner.Code == "000000" ? "000001" : "000000")).Is(403);
        }
    }

    [Fact]
    public async Task Too_many_wrong_passwords_from_one_address_have_to_wait()
    {
        await using var server = await TestServer.StartAsync(engine, "SignIn:FailuresPerMinute=3");
        for (var guess = 0; guess < 3; guess++) (await new Newcomer(server, $"n{guess}@furni.example").SendPasswordAsync(new TestBrowser(server))).Is(403);

        var refused = (await new Newcomer(server, "n@furni.example").SendPasswordAsync(new TestBrowser(server))).Is(429);
        Assert.Equal("60", refused.Answer.Headers["Retry-After"]);
    }

    [Fact]
    public async Task A_planted_session_key_is_not_taken_over_at_either_step()
    {
        var owner = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        _server.Clock.Advance(TimeSpan.FromMinutes(1));
        var browser = new TestBrowser(_server);
        browser.Cookies[ConsoleSessions.Cookie] = "AAAAAAAAAAAAAAAAAAAAAAAAAAA";
        var planted = browser.Cookies[ConsoleSessions.Cookie];

        (await owner.SendPasswordAsync(browser)).Is(303);
        var half = browser.Cookies[ConsoleSessions.Cookie];
        (await Newcomer.SendCodeAsync(browser, owner.Code)).Is(303);
        var whole = browser.Cookies[ConsoleSessions.Cookie];

        Assert.Equal(3, new[] { planted, half, whole }.Distinct().Count());
        browser.Cookies[ConsoleSessions.Cookie] = half;
        Assert.StartsWith("/console/sign-in", (await browser.GetAsync(People)).Is(303).Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_cookie_is_for_this_host_alone_and_no_script_reads_it()
    {
        var agent = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        var answer = (await agent.SendPasswordAsync(new TestBrowser(_server))).Is(303);

        var cookie = answer.Answer.Headers["Set-Cookie"];
        Assert.Matches("__Host-afterword-console=[A-Za-z0-9_-]{27}; path=/; secure; samesite=lax; httponly", cookie);
        Assert.DoesNotContain("domain", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("/messages")]
    [InlineData("/console.evil.example")]
    public async Task The_way_back_leads_to_the_console_alone(string back)
    {
        var agent = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        Assert.Equal("/console/second-factor", (await agent.SendPasswordAsync(new TestBrowser(_server), back: back)).Is(303).Location);
    }

    [Fact]
    public async Task A_form_of_another_site_signs_nobody_in()
    {
        var agent = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        var browser = new TestBrowser(_server);
        (await browser.PostAsync("/console/sign-in", ("mail", agent.Email), ("password", Newcomer.Password))).Is(400);
        Assert.DoesNotContain(ConsoleSessions.Cookie, browser.Cookies.Keys);
    }

    [Theory]
    [InlineData("/console/sign-in")]
    [InlineData("/console/@furni/people")]
    public async Task No_page_lets_itself_be_framed_kept_or_scripted(string path)
    {
        var page = (await (await _server.MembershipAsync(Role.Owner, _furni)).GetAsync(path)).Answer;
        if (page.Status == 303) page = (await new TestBrowser(_server).GetAsync(path)).Answer;

        Assert.Contains("frame-ancestors 'none'", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Equal("DENY", page.Headers["X-Frame-Options"]);
        Assert.Contains("no-store", page.Headers["Cache-Control"], StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

public sealed class SqliteConsoleSignInTests() : ConsoleSignInTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresConsoleSignInTests() : ConsoleSignInTests(Engine.Postgres);
