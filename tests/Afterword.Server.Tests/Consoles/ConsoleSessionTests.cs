using System.Text.RegularExpressions;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>How long a person stays signed in, and what ends it.</summary>
public abstract partial class ConsoleSessionTests(Engine engine) : IAsyncLifetime
{
    private protected const string Account = "/console/account";
    private TestServer _server = null!;
    private User _furni = null!;

    private protected TestServer Server => _server;

    private protected User Furni => _furni;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine);
        _furni = await _server.UserAsync("furni");
    }

    [Fact]
    public async Task A_browser_that_nobody_uses_for_half_an_hour_is_signed_out()
    {
        var browser = await _server.MembershipAsync(Role.Owner, _furni);
        await _server.AdvanceAsync(TimeSpan.FromMinutes(29));
        (await browser.GetAsync(Account)).Is(200);
        await _server.AdvanceAsync(TimeSpan.FromMinutes(29));
        (await browser.GetAsync(Account)).Is(200);
        await _server.AdvanceAsync(TimeSpan.FromMinutes(30));
        (await browser.GetAsync(Account)).Is(303);
    }

    [Fact]
    public async Task A_page_that_keeps_itself_up_to_date_keeps_nobody_signed_in()
    {
        var browser = await _server.MembershipAsync(Role.Owner, _furni);
        browser.AsksByItself = true;
        for (var i = 0; i < 5; i++)
        {
            await _server.AdvanceAsync(TimeSpan.FromMinutes(5));
            (await browser.GetAsync("/console/@furni/overview")).Is(200);
        }

        await _server.AdvanceAsync(TimeSpan.FromMinutes(5));
        (await browser.GetAsync("/console/@furni/overview")).Is(303);
    }

    [Fact]
    public async Task Nobody_stays_signed_in_for_more_than_eight_hours()
    {
        var browser = await _server.MembershipAsync(Role.Owner, _furni);
        for (var minute = 20; minute < 8 * 60; minute += 20)
        {
            await _server.AdvanceAsync(TimeSpan.FromMinutes(20));
            (await browser.GetAsync(Account)).Is(200);
        }

        await _server.AdvanceAsync(TimeSpan.FromMinutes(20));
        (await browser.GetAsync(Account)).Is(303);
        Assert.Equal(1, await _server.Get<ConsoleSessions>().PurgeAsync(default));
    }

    [Fact]
    public async Task Signing_out_ends_the_session_in_the_store()
    {
        var browser = await _server.MembershipAsync(Role.Owner, _furni);
        var key = browser.Cookies[ConsoleSessions.Cookie];
        (await browser.SubmitAsync(await browser.GetAsync(Account), "/console/sign-out")).Is(303);

        Assert.DoesNotContain(ConsoleSessions.Cookie, browser.Cookies.Keys);
        browser.Cookies[ConsoleSessions.Cookie] = key;
        (await browser.GetAsync(Account)).Is(303);
    }

    [Fact]
    public async Task Sessions_that_a_person_ends_are_logged_and_written_down()
    {
        var id = await _server.PersonAsync(Role.Owner, _furni, "ana@furni.example");
        var here = await _server.SignedInAsync(id);
        for (var n = 0; n < 3; n++) await _server.SignedInAsync(id);
        (await here.SubmitAsync((await here.GetAsync(Account)).Is(200), "/console/account/end-session")).Is(303);
        (await here.SubmitAsync((await here.GetAsync(Account)).Is(200), "/console/account/end-others")).Is(303);
        (await here.SubmitAsync((await here.GetAsync(Account)).Is(200), "/console/sign-out")).Is(303);

        foreach (var (what, many) in new[] { ("signed another browser out of the console", 1), ("signed 2 other browsers out of the console", 2), ("signed out of the console", 1) })
        {
            Assert.Equal((what, 1), (what, await _server.CountAsync("audit", $"sender_id = 0 and person_id = {id} and what = '{what}'")));
            Assert.Contains(_server.Log, line => line.Contains($"Person {id} ended {many} of their own console sessions.", StringComparison.Ordinal));
        }

        Assert.DoesNotContain(_server.Log, line => line.Contains("ana@furni.example", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_of_the_other_browsers_is_ended_and_nobody_elses()
    {
        var id = await _server.PersonAsync(Role.Owner, _furni, "ana@furni.example");
        var (here, there) = (await _server.SignedInAsync(id), await _server.SignedInAsync(id));
        var other = await _server.MembershipAsync(Role.Owner, _furni);
        var page = (await here.GetAsync(Account)).Is(200);
        var ended = SessionId().Match(page.Html).Groups[1].Value;

        // The same field, sent by someone else, ends nothing.
        var theirs = await other.GetAsync(Account);
        (await other.PostAsync("/console/account/end-session", [.. theirs.HiddenOf("/console/sign-out"), ("session", ended)])).Is(303);
        (await there.GetAsync(Account)).Is(200);

        (await here.SubmitAsync(page, "/console/account/end-session")).Is(303);
        (await there.GetAsync(Account)).Is(303);
        (await here.GetAsync(Account)).Is(200);
    }

    [Fact]
    public async Task A_new_password_ends_the_other_browsers_and_needs_the_old_one()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        var (here, there) = (await ana.SignInAsync(), await ana.SignInAsync());
        var page = await here.GetAsync(Account);

        (await here.SubmitAsync(page, "/console/account/password", ("password", "not my password"), ("new-password", "another fine password"))).Is(403);
        (await there.GetAsync(Account)).Is(200);
        (await here.SubmitAsync(page, "/console/account/password", ("password", Newcomer.Password), ("new-password", "short"))).Is(400);
        (await here.SubmitAsync(page, "/console/account/password", ("password", Newcomer.Password), ("new-password", "another fine password"))).Is(303);

        (await there.GetAsync(Account)).Is(303);
        (await here.GetAsync(Account)).Is(200);
        (await ana.SendPasswordAsync(new TestBrowser(_server))).Is(403);
        (await ana.SendPasswordAsync(new TestBrowser(_server), "another fine password")).Is(303);
    }

    [Fact]
    public async Task A_new_password_is_no_second_factor()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        var browser = await ana.SignInAsync();
        (await browser.SubmitAsync(await browser.GetAsync(Account), "/console/account/password", ("password", Newcomer.Password), ("new-password", "another fine password"))).Is(303);
        (await browser.GetAsync(Account)).Is(200);

        await _server.InviteAsync(Role.Owner, _furni, ana.Email);

        Assert.StartsWith("/console/second-factor", (await browser.GetAsync(Account)).Is(303).Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_second_factor_of_an_owner_stays()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        var browser = await ana.SignInAsync();
        var page = await browser.GetAsync(Account);

        var refused = (await browser.SubmitAsync(page, "/console/account/remove-app", ("password", Newcomer.Password))).Is(400);

        Assert.Contains("add another one before", refused.Html, StringComparison.Ordinal);
        Assert.Equal(1, await _server.CountAsync("person", "totp_secret is not null"));
    }

    [Fact]
    public async Task Of_two_removals_at_once_one_leaves_the_last_second_factor()
    {
        var (factors, gone) = (_server.Get<SecondFactors>(), new List<bool>());
        for (var round = 0; round < 20; round++)
        {
            var id = await _server.PersonAsync(Role.Owner, _furni, $"ana{round}@furni.example");
            await _server.SignedInAsync(id);
            var ana = new Member(id, "ana", "Ana", (await _server.Get<ConsoleSessions>().ListAsync(id, default))[0].Id, []);
            await _server.Server.Store.Main.WriteAsync(
                async session =>
                {
                    await session.Sql("update person set totp_secret = @secret where id = @id").Bind("secret", new byte[] { 1 }).Bind("id", ana.Id).RunAsync(default);
                    return await PasskeyStore.AddAsync(session, ana.Id, Passkey(round), default);
                },
                default);

            gone.AddRange(await Task.WhenAll(factors.RemoveAppAsync(ana, needsOne: true, default), factors.RemovePasskeyAsync(ana, Passkey(round).CredentialId, needsOne: true, default)));

            Assert.True((await factors.OfAsync(ana.Id, default)).HasAny, $"Round {round} took both.");
        }

        Assert.Equal(20, gone.Count(removed => removed));
        Assert.Equal(20, await _server.CountAsync("audit", "what like 'removed%'"));

        static Microsoft.AspNetCore.Identity.UserPasskeyInfo Passkey(int number) => new([(byte)number, 1], [2], default, 0, [], true, false, false, [], []);
    }

    [Fact]
    public async Task A_second_factor_whose_removal_cannot_be_written_down_stays()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        var browser = await ana.SignInAsync();
        var page = await browser.GetAsync(Account);
        var code = Totp.CodeAt(Newcomer.Key(page), _server.Clock.GetUtcNow());
        (await browser.SubmitAsync(page, "/console/account/app", ("code", code), ("password", Newcomer.Password))).Is(200);
        page = await browser.GetAsync(Account);

        await _server.RenameAsync("audit", "lost");
        (await browser.SubmitAsync(page, "/console/account/remove-app", ("password", Newcomer.Password))).Is(500);
        await _server.RenameAsync("lost", "audit");

        Assert.Equal(1, await _server.CountAsync("person", "totp_secret is not null"));
        (await browser.SubmitAsync(page, "/console/account/remove-app", ("password", Newcomer.Password))).Is(303);
        Assert.Equal(0, await _server.CountAsync("person", "totp_secret is not null"));
    }

    [Fact]
    public async Task New_recovery_codes_replace_the_old_ones()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        var browser = await ana.SignInAsync();
        (await browser.SubmitAsync(await browser.GetAsync(Account), "/console/account/recovery-codes", ("password", Newcomer.Password))).Is(200);

        Assert.Equal(10, await _server.CountAsync("recovery_code"));
        var other = new TestBrowser(_server);
        await ana.SendPasswordAsync(other);
        (await Newcomer.SendCodeAsync(other, ana.RecoveryCodes[0])).Is(403);
    }

    [Fact]
    public async Task An_agent_may_add_an_app_and_is_asked_for_it_from_then_on()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        var browser = await ana.SignInAsync();
        var page = await browser.GetAsync(Account);
        var code = Totp.CodeAt(Newcomer.Key(page), _server.Clock.GetUtcNow());

        (await browser.SubmitAsync(page, "/console/account/app", ("code", code), ("password", "wrong password"))).Is(403);
        (await browser.SubmitAsync(page, "/console/account/app", ("code", code), ("password", Newcomer.Password))).Is(200);

        (await browser.GetAsync(Account)).Is(200);
        var other = new TestBrowser(_server);
        await ana.SendPasswordAsync(other);
        (await other.GetAsync(Account)).Is(303);
    }

    [GeneratedRegex("name=\"session\" value=\"(\\d+)\"")]
    private static partial Regex SessionId();

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

public sealed class SqliteConsoleSessionTests() : ConsoleSessionTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresConsoleSessionTests() : ConsoleSessionTests(Engine.Postgres)
{
    [Fact]
    public async Task A_session_that_was_ended_elsewhere_is_over_on_every_node_at_once()
    {
        await using var second = await Server.StartSecondAsync();
        var id = await Server.PersonAsync(Role.Owner, Furni, "ana@furni.example");
        var (here, there) = (await Server.SignedInAsync(id), await second.SignedInAsync(id));
        (await there.GetAsync(Account)).Is(200);

        var page = await here.GetAsync(Account);
        (await here.SubmitAsync(page, "/console/account/end-others")).Is(303);

        (await there.GetAsync(Account)).Is(303);
        (await here.GetAsync(Account)).Is(200);
    }
}
