using System.Net;
using Afterword.Server.Allowlists;
using Afterword.Server.Console;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Consoles;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Afterword.Server.Tests.Grants;

/// <summary>A password that was right when it was compared begins nothing once the account has another one.</summary>
public abstract class OldPasswordTests(Engine engine) : IAsyncLifetime
{
    private const string Other = "a sentence of another kind";
    private const string Email = "ana@furni.example";
    private GrantFixture _world = null!;
    private User _furni = null!;

    private TestServer Server => _world.Server;

    public async ValueTask InitializeAsync()
    {
        _world = await GrantFixture.StartAsync(engine, "SignIn:SecondFactor=senders");
        _furni = await Server.UserAsync("furni");
    }

    [Fact]
    public async Task A_user_signs_in_with_the_old_password_no_more_once_it_was_reset()
    {
        var (old, thief) = (await CheckAsync(GrantFixture.Password), Browser());
        await ResetAsync();

        Assert.False(await Server.Get<UserSessions>().BeginAsync(thief, old.UserId, SignInMethod.Password, old.PasswordHash!));
        Assert.False(await Server.Get<KnownBrowsers>().RememberAsync(thief, AccountKind.User, old.UserId, old.PasswordHash!));
        Assert.False(await Server.Get<UserPasswords>().SetAsync(old.UserId, HashOf(GrantFixture.Password), default, old.PasswordHash));

        Assert.Equal((0, 0), (await Server.CountAsync("visit"), await Server.CountAsync("known_browser")));
        Assert.Equal(0, thief.Response.Headers.SetCookie.Count);
        var now = await CheckAsync(Other);
        Assert.True(await Server.Get<UserSessions>().BeginAsync(thief, now.UserId, SignInMethod.Password, now.PasswordHash!));
    }

    [Fact]
    public async Task A_person_signs_in_with_the_old_password_no_more_once_it_was_reset()
    {
        await Newcomer.SettledAsync(Server, Role.Agent, _furni, Email);
        var thief = Browser();
        var old = Assert.IsType<CheckOutcome.Right>(await Server.Get<CheckMemberPassword>().RunAsync(Browser(), Email, Newcomer.Password));
        Assert.NotNull(await Server.Get<Memberships>().ResetAsync(Member.CommandLine, old.PersonId, default));

        Assert.False(await Server.Get<ConsoleSessions>().BeginAsync(thief, old.PersonId, old.PasswordHash!));
        Assert.False(await Server.Get<KnownBrowsers>().RememberAsync(thief, AccountKind.Person, old.PersonId, old.PasswordHash!));

        Assert.Equal((0, 0), (await Server.CountAsync("console_session"), await Server.CountAsync("known_browser")));
        Assert.Equal(0, thief.Response.Headers.SetCookie.Count);
    }

    [Fact]
    public async Task A_user_session_that_has_ended_goes_on_with_no_code_no_app_and_no_new_password()
    {
        var (thief, now) = (Browser(), await CheckAsync(GrantFixture.Password));
        Assert.True(await Server.Get<UserSessions>().BeginAsync(thief, now.UserId, SignInMethod.Password, now.PasswordHash!));
        Return(thief);
        var offer = Server.Get<AuthenticatorSetups>().Make(AccountKind.User, now.UserId, "@ana");
        var code = Totp.CodeAt(OtpNet.Base32Encoding.ToBytes(offer.Key), Server.Clock.GetUtcNow());
        Assert.True(await Server.Get<UserPasswords>().SetAsync(now.UserId, HashOf(Other), default));

        Assert.False(await Server.Get<UserSessions>().GoOnAsync(thief, now.UserId));
        Assert.Null(await Server.Get<UserFactors>().AddAsync(now.UserId, offer.Sealed, code, default, UserSessions.HashOf(thief)));
        Assert.Equal((0, 0), (await Server.CountAsync("visit"), await Server.CountAsync("user_factor")));

        // Nor does a session that had shown the password alone set another one after its user added an app.
        now = await CheckAsync(Other);
        Assert.True(await Server.Get<UserSessions>().BeginAsync(thief, now.UserId, SignInMethod.Password, now.PasswordHash!));
        Return(thief);
        Assert.NotNull(await Server.Get<UserFactors>().AddAsync(now.UserId, offer.Sealed, code, default));
        Assert.False(await Server.Get<UserPasswords>().SetAsync(now.UserId, HashOf(GrantFixture.Password), default, now.PasswordHash, UserSessions.HashOf(thief)));

        // It removes no app either.
        Assert.Equal(0, await Server.Get<UserFactors>().RemoveAsync(now.UserId, default, UserSessions.HashOf(thief)));
        Assert.Equal(1, await Server.CountAsync("user_factor"));

        // One that begins afterwards owes the code.
        Assert.True(await Server.Get<UserSessions>().BeginAsync(thief, now.UserId, SignInMethod.Password, now.PasswordHash!));
        Return(thief);
        Assert.Null(await Server.Get<UserSessions>().WhoAsync(thief));
    }

    [Fact]
    public async Task A_console_session_that_has_ended_goes_on_with_no_second_factor()
    {
        var id = await Server.PersonAsync(Role.Agent, _furni, Email);
        var browser = await Server.SignedInAsync(id, SignInState.PasswordChecked);
        var thief = Browser();
        thief.Request.Headers.Cookie = $"{ConsoleSessions.Cookie}={browser.Cookies[ConsoleSessions.Cookie]}";
        var member = (await Server.Get<ConsoleSessions>().WhoAsync(thief))!.Member;
        await Server.Get<Memberships>().ResetAsync(Member.CommandLine, id, default);

        var offer = Server.Get<AuthenticatorSetups>().Make(AccountKind.Person, id, Email);
        var code = Totp.CodeAt(OtpNet.Base32Encoding.ToBytes(offer.Key), Server.Clock.GetUtcNow());
        Assert.False(await Server.Get<SecondFactors>().AddAppAsync(member, offer.Sealed, code, onlyFirst: true, default));
        Assert.False(await Server.Get<ConsoleSessions>().GoOnAsync(thief, member, SignInState.SignedIn));
        Assert.Equal((0, 0), (await Server.CountAsync("console_session"), await Server.CountAsync("person", "totp_secret is not null")));
    }

    [Fact]
    public async Task A_console_session_that_has_ended_makes_no_codes_and_removes_no_factor()
    {
        var ana = await Newcomer.SettledAsync(Server, Role.Owner, _furni, Email);
        var (thief, factors) = (Browser(), Server.Get<SecondFactors>());
        thief.Request.Headers.Cookie = $"{ConsoleSessions.Cookie}={(await ana.SignInAsync()).Cookies[ConsoleSessions.Cookie]}";
        var member = (await Server.Get<ConsoleSessions>().WhoAsync(thief))!.Member;
        var passkey = new Microsoft.AspNetCore.Identity.UserPasskeyInfo([1], [2], default, 0, [], true, false, false, [], []);
        Assert.True(await factors.AddPasskeyAsync(member, passkey, onlyFirst: false, default));
        await Server.Get<Memberships>().SignOutAsync(Member.CommandLine, Workspace.Installation, member.Id, default);

        Assert.Null(await factors.RenewRecoveryCodesAsync(member, default));
        await factors.RemoveAppAsync(member, needsOne: false, default);
        await factors.RemovePasskeyAsync(member, passkey.CredentialId, needsOne: false, default);

        var has = await factors.OfAsync(member.Id, default);
        Assert.Equal((true, 1, 10), (has.HasApp, has.Passkeys.Count, has.RecoveryCodes));
        Assert.IsType<CheckOutcome.Right>(await factors.CheckAsync(member.Id, ana.RecoveryCodes[0], null, default));
    }

    [Fact]
    public async Task Of_sign_ins_that_race_a_new_password_none_is_left()
    {
        await Newcomer.SettledAsync(Server, Role.Agent, _furni, Email);
        var (userSessions, sessions, browsers) = (Server.Get<UserSessions>(), Server.Get<ConsoleSessions>(), Server.Get<KnownBrowsers>());
        for (var round = 0; round < 8; round++)
        {
            var (user, hash) = (_world.Ana.Id, (await StoredAsync("account", _world.Ana.Id))!);
            Task[] all =
            [
                .. Enumerable.Range(0, 6).Select(_ => Task.Run(() => userSessions.BeginAsync(Browser(), user, SignInMethod.Password, hash))),
                .. Enumerable.Range(0, 2).Select(_ => Task.Run(() => browsers.RememberAsync(Browser(), AccountKind.User, user, hash))),
                Task.Run(() => Server.Get<UserPasswords>().SetAsync(user, new($"hash {round}"), default)),
            ];
            await Task.WhenAll(all);
            Assert.Equal((round, 0, 0), (round, await Server.CountAsync("visit"), await Server.CountAsync("known_browser", $"owner_id = {user}")));
        }

        var person = (await Server.Get<Memberships>().FindAsync(Email, default))!.Value;
        var theirs = (await StoredAsync("person", person))!;
        Task[] reset =
        [
            .. Enumerable.Range(0, 6).Select(_ => Task.Run(() => sessions.BeginAsync(Browser(), person, theirs))),
            Task.Run(() => Server.Get<Memberships>().ResetAsync(Member.CommandLine, person, default)),
        ];
        await Task.WhenAll(reset);
        Assert.Equal(0, await Server.CountAsync("console_session"));
    }

    [Fact]
    public async Task Of_sign_ins_that_renew_a_hash_at_once_each_goes_on_with_the_one_that_is_stored()
    {
        await using var world = await GrantFixture.StartAsync(engine, services => services.AddSingleton(new PasswordHashes(rounds: 3)));
        await world.Server.Get<UserPasswords>().SetAsync(world.Ana.Id, new(new PasswordHashes(rounds: 2).Hash(GrantFixture.Password)), default);

        // Each has compared with the old hash before any goes on.
        var guesses = world.Server.Get<PasswordGuesses>();
        var begun = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => guesses.BeginAsync(Browser(), AccountKind.User, UserAccounts.Key("ana"), GrantFixture.Password)));
        Assert.All(begun, guess => Assert.True(guesses.Matches(guess)));
        var matched = await Task.WhenAll(begun.Select(guess => Task.Run(() => guesses.SettleAsync(Browser(), guess, isRight: true))));

        var stored = await StoredAsync(world.Server, "account", world.Ana.Id);
        Assert.All(matched, one => Assert.Equal(stored, one?.Hash));
        Assert.Equal(1, await world.Server.CountAsync("account", "screen_name = 'ana' and failed_sign_ins = 0"));
    }

    [Fact]
    public async Task A_link_counts_for_an_hour_as_what_sets_up_a_first_app()
    {
        var browser = _world.Guest();
        var link = await Server.Get<UserPasswords>().IssueLinkAsync(_world.Ana.Id, dropsFactor: false, default);
        (await browser.SubmitAsync((await browser.GetAsync(link)).Is(200), link, ("new-password", Other))).Is(303);
        await Server.AdvanceAsync(TimeSpan.FromMinutes(59));

        // Now the user becomes a sender, who needs one.
        await Server.Get<Allowlist>().AllowSenderAsync(_world.Ana.Id, new(null, null, null, null), default);
        (await browser.GetAsync("/sign-in/code")).Is(200);
        await Server.AdvanceAsync(TimeSpan.FromMinutes(1));
        (await browser.GetAsync("/sign-in/code")).Is(403);
    }

    [Fact]
    public async Task A_link_counts_for_an_hour_in_the_console_too()
    {
        var (_, invitation) = await Newcomer.InvitedAsync(Server, Role.Agent, _furni, Email);
        var browser = new TestBrowser(Server);
        await Newcomer.AcceptAsync(browser, invitation);
        for (var n = 0; n < 3; n++)
        {
            await Server.InviteAsync(n == 2 ? Role.Owner : Role.Agent, _furni, Email);
            await Server.AdvanceAsync(TimeSpan.FromMinutes(n == 2 ? 19 : 20));
            (await browser.GetAsync("/console/second-factor")).Is(n == 2 ? 200 : 303);
        }

        await Server.AdvanceAsync(TimeSpan.FromMinutes(1));
        (await browser.GetAsync("/console/second-factor")).Is(403);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private async Task<SignInOutcome.Welcome> CheckAsync(string password) => Assert.IsType<SignInOutcome.Welcome>(await Server.Get<CheckPassword>().RunAsync(Browser(), "ana", password));

    private async Task ResetAsync()
    {
        var link = await Server.Get<UserPasswords>().IssueLinkAsync(_world.Ana.Id, dropsFactor: false, default);
        Assert.NotNull(await Server.Get<UserPasswords>().TakeLinkAsync(link[(link.LastIndexOf('/') + 1)..], HashOf(Other), default));
    }

    private PasswordHash HashOf(string password) => new(Server.Get<PasswordHashes>().Hash(password));

    private Task<string?> StoredAsync(string table, long id) => StoredAsync(Server, table, id);

    private static Task<string?> StoredAsync(TestServer server, string table, long id) => server.Server.Store.Main.ReadAsync(
        session => session.Sql($"select password_hash from {table} where id = @id").Bind("id", id).FirstAsync(row => row.TextOrNull(0), default), default);

    private static DefaultHttpContext Browser() => new() { Connection = { RemoteIpAddress = IPAddress.Loopback } };

    // The browser comes again with the cookie that it got last.
    private static void Return(HttpContext http) => http.Request.Headers.Cookie = http.Response.Headers.SetCookie[^1]!.Split(';')[0];
}

public sealed class SqliteOldPasswordTests() : OldPasswordTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresOldPasswordTests() : OldPasswordTests(Engine.Postgres);
