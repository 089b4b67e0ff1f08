using System.Text.RegularExpressions;
using Afterword.Server.Allowlists;
using Afterword.Server.Cli;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Authentication;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Consoles;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Grants;

/// <summary>The second factor of users: after the password, and never around it.</summary>
public abstract partial class UserFactorTests(Engine engine) : IAsyncLifetime
{
    private GrantFixture _world = null!;

    public async ValueTask InitializeAsync() => _world = await GrantFixture.StartAsync(engine);

    [Fact]
    public async Task A_user_with_an_app_needs_a_code_after_every_password()
    {
        var (browser, before) = (_world.Guest(), _world.Guest());
        foreach (var one in new[] { browser, before }) (await SignInAsync(one)).Is(303);
        var offer = (await browser.GetAsync("/account/app")).Is(200);
        var secret = Newcomer.Key(offer);
        (await browser.SubmitAsync(offer, "/account/app", ("code", CodeOf(secret)), ("password", "wrong"))).Is(403);
        (await browser.SubmitAsync(offer, "/account/app", ("code", "12"), ("password", GrantFixture.Password))).Is(400);
        var kept = (await browser.SubmitAsync(offer, "/account/app", ("code", CodeOf(secret)), ("password", GrantFixture.Password))).Is(200);
        var recovery = Recovery().Matches(kept.Html).Select(code => code.Groups[1].Value).ToArray();
        Assert.Equal(10, recovery.Distinct().Count());

        // The session that has shown the code goes on; the other one ends.
        (await browser.GetAsync("/account")).Is(200);
        (await before.GetAsync("/account")).Is(302);

        // The password alone opens no page, and lets no app in.
        var thief = _world.Guest();
        Assert.StartsWith("/sign-in/code", (await SignInAsync(thief)).Is(303).Location, StringComparison.Ordinal);
        foreach (var page in new[] { "/account", "/apps", "/messages", "/account/app" }) (await thief.GetAsync(page)).Is(302);
        var request = await _world.BeginAsync();
        Assert.Contains("type=\"password\"", (await thief.GetAsync($"/oauth/authorize?oauth_token={request.Token}")).Is(200).Html, StringComparison.Ordinal);
        (await thief.PostAsync("/account/remove-app", ("password", GrantFixture.Password))).Is(400);

        // Nor a second app.
        var code = (await thief.GetAsync("/sign-in/code")).Is(200);
        (await thief.SubmitAsync(code, "/sign-in/code", ("code", CodeOf(secret)))).Is(403);
        (await thief.PostAsync("/sign-in/app", [.. code.HiddenOf("/sign-in/code"), ("offer", _world.Server.Get<AuthenticatorSetups>().Make(AccountKind.User, _world.Ana.Id, "x").Sealed), ("code", "000000")])).Is(303);

        // What the app shows next, and a recovery code, lead on: each once.
        _world.Server.Clock.Advance(TimeSpan.FromSeconds(30));
        (await thief.SubmitAsync(code, "/sign-in/code", ("code", CodeOf(secret)), ("to", "/messages"))).Is(303);
        (await thief.GetAsync("/messages")).Is(200);
        foreach (var status in new[] { 303, 403 })
        {
            var other = _world.Guest();
            await SignInAsync(other);
            (await other.SubmitAsync((await other.GetAsync("/sign-in/code")).Is(200), "/sign-in/code", ("code", recovery[0].ToUpperInvariant()))).Is(status);
        }

        var page2 = (await browser.GetAsync("/account")).Is(200);
        (await browser.SubmitAsync(page2, "/account/remove-app", ("password", GrantFixture.Password))).Is(303);
        Assert.Equal("/apps", new Uri(_world.Server.Url, (await SignInAsync(_world.Guest())).Is(303).Location).AbsolutePath);
    }

    [Fact]
    public async Task The_audit_log_calls_nothing_a_sign_in_but_a_sign_in()
    {
        await _world.Server.Get<Allowlist>().AllowSenderAsync(_world.Ana.Id, new(null, null, null, null), default);
        var browser = _world.Guest();
        (await SignInAsync(browser)).Is(303);
        var offer = (await browser.GetAsync("/account/app")).Is(200);
        (await browser.SubmitAsync(offer, "/account/app", ("code", CodeOf(Newcomer.Key(offer))), ("password", GrantFixture.Password))).Is(200);
        (await browser.SubmitAsync(await browser.GetAsync("/account"), "/account/password", ("password", GrantFixture.Password), ("new-password", "a sentence of another kind"))).Is(303);
        (await browser.SubmitAsync(await browser.GetAsync("/account"), "/account/remove-app", ("password", "a sentence of another kind"))).Is(303);
        await _world.Server.Get<UserFactors>().RemoveAsync(_world.Ana.Id, default);

        var written = await _world.Server.Server.Store.Main.ReadAsync(
            session => session.Sql("select deed, what from audit where sender_id = @ana and person = '@ana' order by number").Bind("ana", _world.Ana.Id).ListAsync(row => ((AuditAction)row.GetInt32(0), row.GetString(1)), default), default);
        Assert.Equal(
            [(AuditAction.SignedIn, "with the password"), (AuditAction.Changed, "added an app for codes"), (AuditAction.Changed, "own password"), (AuditAction.Changed, "removed the app for codes")], written);
    }

    [Fact]
    public async Task Of_two_who_set_up_the_first_app_at_once_one_has_it()
    {
        var factors = _world.Server.Get<UserFactors>();
        var offers = Enumerable.Range(0, 4).Select(_ => _world.Server.Get<AuthenticatorSetups>().Make(AccountKind.User, _world.Ana.Id, "@ana")).ToList();

        var codes = await Task.WhenAll(offers.Select(offer => factors.AddAsync(_world.Ana.Id, offer.Sealed, CodeOf(OtpNet.Base32Encoding.ToBytes(offer.Key)), default)));

        var first = Assert.Single(Enumerable.Range(0, 4), i => codes[i] is not null);
        _world.Server.Clock.Advance(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 4; i++) Assert.Equal(i == first, await factors.CheckAsync(_world.Ana.Id, CodeOf(OtpNet.Base32Encoding.ToBytes(offers[i].Key)), null, default) is SignInOutcome.Welcome);
    }

    [Fact]
    public async Task Wrong_codes_lock_the_codes_and_an_app_that_waits_gets_its_user_after_the_right_one()
    {
        var browser = _world.Guest();
        await SignInAsync(browser);
        var offer = await browser.GetAsync("/account/app");
        var secret = Newcomer.Key(offer);
        (await browser.SubmitAsync(offer, "/account/app", ("code", CodeOf(secret)), ("password", GrantFixture.Password))).Is(200);
        _world.Server.Clock.Advance(TimeSpan.FromSeconds(30));

        var request = await _world.BeginAsync();
        var other = _world.Guest();
        var page = await GrantFixture.AskAsync(other, request);
        for (var n = 0; n < 5; n++) (await other.SubmitAsync(page, "/sign-in/code", ("code", "none"))).Is(403);
        (await other.SubmitAsync(page, "/sign-in/code", ("code", CodeOf(secret)))).Is(403);

        await _world.Server.AdvanceAsync(TimeSpan.FromMinutes(5));
        var next = (await other.SubmitAsync(page, "/sign-in/code", ("code", CodeOf(secret)))).Is(303);
        var question = (await other.GetAsync(next.Location)).Is(200);
        Assert.NotNull((await other.SubmitAsync(question, "/oauth/authorize", ("decision", "allow"))).Is(303).Led("oauth_verifier"));
    }

    [Fact]
    public async Task An_app_that_opened_the_window_keeps_it_until_the_pin_is_shown()
    {
        const string opener = "Cross-Origin-Opener-Policy";
        var secret = await AddAppAsync(_world);
        var request = await _world.BeginAsync("oob");
        var browser = _world.Guest();

        // Nobody has given a password yet: the app that waits is not forgotten.
        Assert.Equal($"/oauth/authorize?oauth_token={request.Token}", (await browser.GetAsync($"/sign-in/code?oauth_token={request.Token}&leg=authorize")).Is(302).Location);

        var page = (await GrantFixture.AskAsync(browser, request)).Is(200);
        Assert.Equal("unsafe-none", page.Answer.Headers[opener]);
        Assert.Equal("unsafe-none", (await browser.SubmitAsync(page, "/sign-in/code", ("code", "none"))).Is(403).Answer.Headers[opener]);
        Assert.Equal("same-origin", (await browser.GetAsync("/sign-in/code")).Is(200).Answer.Headers[opener]);

        _world.Server.Clock.Advance(TimeSpan.FromSeconds(30));
        var next = (await browser.SubmitAsync(page, "/sign-in/code", ("code", CodeOf(secret)))).Is(303);
        var question = (await browser.GetAsync(next.Location)).Is(200);
        Assert.Equal("unsafe-none", (await browser.SubmitAsync(question, "/oauth/authorize", ("decision", "allow"))).Is(200).Answer.Headers[opener]);

        var other = await _world.BeginAsync("oob");
        question = (await browser.GetAsync($"/oauth/authorize?oauth_token={other.Token}")).Is(200);
        Assert.Equal("unsafe-none", (await browser.SubmitAsync(question, "/oauth/authorize", ("decision", "cancel"))).Is(200).Answer.Headers[opener]);
    }

    [Fact]
    public async Task Where_the_setting_says_so_a_sender_sets_up_an_app_behind_a_link_before_anything_else()
    {
        await using var world = await GrantFixture.StartAsync(engine, "SignIn:SecondFactor=senders");
        var signedIn = world.Guest();
        (await SignInAsync(signedIn)).Is(303);
        var before = (await signedIn.GetAsync("/account")).Is(200);

        await world.Server.Get<Allowlist>().AllowSenderAsync(world.Ana.Id, new(null, null, null, null), default);

        // A session from before opens nothing any more.
        Assert.Equal("/sign-in?to=%2Faccount", (await signedIn.GetAsync("/account")).Is(302).Location);
        await PasswordAloneSetsUpNothingAsync(world, signedIn, before.HiddenOf("/account/password").First(field => field.Name == "form"));

        // A link that an operator passed on does.
        var proof = await world.Server.Get<UserPasswords>().IssueLinkAsync(world.Ana.Id, dropsFactor: false, default);
        Assert.Equal("/sign-in/code?to=%2Faccount", (await signedIn.SubmitAsync(await signedIn.GetAsync(proof), proof, ("new-password", GrantFixture.Password))).Is(303).Location);
        (await signedIn.GetAsync("/account")).Is(302);
        var request = await world.BeginAsync("oob");
        Assert.Equal("unsafe-none", (await signedIn.GetAsync($"/sign-in/code?oauth_token={request.Token}")).Is(200).Answer.Headers["Cross-Origin-Opener-Policy"]);
        var offer = (await signedIn.GetAsync("/sign-in/code?to=/messages")).Is(200);
        var secret = Newcomer.Key(offer);
        (await signedIn.SubmitAsync(offer, "/sign-in/app", ("code", "12"))).Is(400);
        var kept = (await signedIn.SubmitAsync(offer, "/sign-in/app", ("code", Totp.CodeAt(secret, world.Server.Clock.GetUtcNow())))).Is(200);
        Assert.Contains("href=\"/messages\"", kept.Html, StringComparison.Ordinal);
        (await signedIn.GetAsync("/messages")).Is(200);
        (await signedIn.SubmitAsync(await signedIn.GetAsync("/account"), "/account/remove-app", ("password", GrantFixture.Password))).Is(400);

        // Who lost it asks an operator.
        var settings = world.Server.Get<Settings>();
        string[] store = settings.Database is { } url ? ["--database", url] : ["--data", settings.Data];
        var said = new StringWriter();
        Assert.Equal(0, await CommandLine.RunAsync(["user", "password", "@ana", "--without-app", .. store], new() { Output = said, Error = said }));

        // Whoever has the old password meets the app until the link is used.
        Assert.Equal((1, 10), (await world.Server.CountAsync("user_factor"), await world.Server.CountAsync("user_recovery_code")));
        (await signedIn.GetAsync("/account")).Is(200);
        var link = Link().Match(said.ToString()).Value;
        (await signedIn.SubmitAsync(await signedIn.GetAsync(link), link, ("new-password", "a sentence of another kind"))).Is(303);
        (await signedIn.GetAsync("/account")).Is(302);
        Assert.Equal(0, await world.Server.CountAsync("user_factor") + await world.Server.CountAsync("user_recovery_code"));

        // The sender's people see all of it.
        foreach (var what in new[] { "added an app for codes", "with the second factor", "new password by a link, and no app for codes any more" })
        {
            Assert.Equal((what, 1), (what, await world.Server.CountAsync("audit", $"sender_id = {world.Ana.Id} and person = '@ana' and what = '{what}'")));
        }
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    // Neither by the page, nor with a secret that the server has made for this very account.
    private static async Task PasswordAloneSetsUpNothingAsync(GrantFixture world, TestBrowser browser, (string Name, string Value) form)
    {
        (await browser.GetAsync("/account/app")).Is(302);
        Assert.Contains("you need a link that was sent to you", (await browser.GetAsync("/sign-in/code")).Is(403).Html, StringComparison.Ordinal);
        var offer = world.Server.Get<AuthenticatorSetups>().Make(AccountKind.User, world.Ana.Id, "@ana").Sealed;
        var secret = world.Server.Get<AuthenticatorSetups>().Open(AccountKind.User, world.Ana.Id, offer)!;
        (await browser.PostAsync("/sign-in/app", form, ("offer", offer), ("code", Totp.CodeAt(secret, world.Server.Clock.GetUtcNow())))).Is(403);
        Assert.Equal(0, await world.Server.CountAsync("user_factor"));
    }

    private static async Task<byte[]> AddAppAsync(GrantFixture world)
    {
        var (offers, factors) = (world.Server.Get<AuthenticatorSetups>(), world.Server.Get<UserFactors>());
        var offer = offers.Make(AccountKind.User, world.Ana.Id, "@ana").Sealed;
        var secret = offers.Open(AccountKind.User, world.Ana.Id, offer)!;
        Assert.NotNull(await factors.AddAsync(world.Ana.Id, offer, Totp.CodeAt(secret, world.Server.Clock.GetUtcNow()), default));
        return secret;
    }

    private string CodeOf(byte[] secret) => Totp.CodeAt(secret, _world.Server.Clock.GetUtcNow());

    private static async Task<Page> SignInAsync(TestBrowser browser) =>
        await browser.SubmitAsync((await browser.GetAsync("/sign-in")).Is(200), "/sign-in", ("screen_name", "ana"), ("password", GrantFixture.Password));

    [GeneratedRegex("/sign-in/password/[A-Za-z0-9_-]{27}")]
    private static partial Regex Link();

    [GeneratedRegex("<code>([a-z2-7-]{29})</code>")]
    private static partial Regex Recovery();
}

public sealed class SqliteUserFactorTests() : UserFactorTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresUserFactorTests() : UserFactorTests(Engine.Postgres);
