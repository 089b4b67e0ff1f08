using Afterword.Server.Channels;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Consoles;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Grants;

/// <summary>Two changes of one account at once: each waits for the other's end, and none for ever.</summary>
public abstract class LockOrderTests(Engine engine) : IAsyncLifetime
{
    private static readonly PasswordHash s_hash = new("hash");
    private GrantFixture _world = null!;

    private TestServer Server => _world.Server;

    public async ValueTask InitializeAsync() => _world = await GrantFixture.StartAsync(engine);

    [Fact]
    public async Task A_reset_and_an_invitation_that_is_taken()
    {
        var (ana, link) = await Newcomer.InvitedAsync(Server, Role.Agent, await Server.UserAsync("furni"));
        var id = (await Server.Get<Memberships>().FindAsync(ana.Email, default))!.Value;
        await Server.SignedInAsync(id);
        await using var held = await HeldRows.TakeAsync(Server, $"select 1 from console_session where person_id = {id} for update");

        var resetting = Server.Get<Memberships>().ResetAsync(Member.CommandLine, id, default);
        await held.UntilBlockedAsync(resetting);
        var taking = Server.Get<Invitations>().AcceptAsync(KeyOf(link), "Ana", s_hash, default);
        await held.UntilBlockedAsync(resetting, taking);
        await held.LetGoAsync();

        Assert.NotNull(await resetting);
        Assert.Null(await taking);
    }

    [Fact]
    public async Task A_new_password_and_a_link_for_one()
    {
        (await SignInAsync()).Is(303);
        var link = await Server.Get<UserPasswords>().IssueLinkAsync(_world.Ana.Id, dropsFactor: false, default);
        await using var held = await HeldRows.TakeAsync(Server, $"select 1 from visit where user_id = {_world.Ana.Id} for update");

        var setting = Server.Get<UserPasswords>().SetAsync(_world.Ana.Id, s_hash, default);
        await held.UntilBlockedAsync(setting);
        var taking = Server.Get<UserPasswords>().TakeLinkAsync(KeyOf(link), new("another"), default);
        await held.UntilBlockedAsync(setting, taking);
        await held.LetGoAsync();

        Assert.True(await setting);
        Assert.Null(await taking);
    }

    [Fact]
    public async Task A_recovery_code_and_the_removal_of_the_app()
    {
        var (factors, offer) = (Server.Get<UserFactors>(), Server.Get<AuthenticatorSetups>().Make(AccountKind.User, _world.Ana.Id, "@ana"));
        var code = Totp.CodeAt(OtpNet.Base32Encoding.ToBytes(offer.Key), Server.Clock.GetUtcNow());
        var codes = (await factors.AddAsync(_world.Ana.Id, offer.Sealed, code, default))!;

        // The removal goes through the codes by their keys, and stops before the last one.
        var first = codes.OrderBy(one => Convert.ToHexString(RecoveryCodes.HashOf(_world.Ana.Id, one)), StringComparer.Ordinal).First();
        await using var held = await HeldRows.TakeAsync(Server, "select 1 from user_recovery_code order by code_hash desc limit 1 for update");

        var removing = factors.RemoveAsync(_world.Ana.Id, default);
        await held.UntilBlockedAsync(removing);
        var checking = factors.CheckAsync(_world.Ana.Id, first, null, default);
        await held.UntilBlockedAsync(removing, checking);
        await held.LetGoAsync();

        Assert.Equal(1, await removing);
        Assert.IsType<SignInOutcome.Wrong>(await checking);
    }

    [Fact]
    public async Task Links_of_the_first_operator_of_which_one_makes_one()
    {
        var invitations = Server.Get<Invitations>();
        string[] links = [(await invitations.IssueFirstAsync(default))!, (await invitations.IssueFirstAsync(default))!];
        await using var held = await HeldRows.TakeAsync(Server, "select 1 from invitation for update");

        var taking = links.Select((link, i) =>
        {
            Assert.True(EmailAddress.TryParse($"otis{i}@works.example", out var email));
            return invitations.AcceptFirstAsync(KeyOf(link), email, "Otis", s_hash, default);
        }).ToArray();
        await held.UntilBlockedAsync(taking);
        await held.LetGoAsync();

        Assert.Single(await Task.WhenAll(taking), taken => taken is not null);
        Assert.Equal((1, 0), (await Server.CountAsync("person_role", "sender_id = 0"), await Server.CountAsync("invitation")));
    }

    [Fact]
    public async Task An_operator_who_is_added_and_a_link_of_the_first_one()
    {
        var link = (await Server.Get<Invitations>().IssueFirstAsync(default))!;
        Assert.True(EmailAddress.TryParse("olga@works.example", out var olga));
        Assert.True(EmailAddress.TryParse("otis@works.example", out var otis));

        // The one who is added has the role already, unseen by others, and waits to be written down.
        await using var held = await HeldRows.TakeAsync(Server, "insert into audit_head (sender_id, number, hash) values (0, 1, '') on conflict (sender_id) do update set number = audit_head.number");
        var adding = Server.Get<Memberships>().AddAsync(Member.CommandLine, olga, null, Workspace.Installation, Role.Operator, default);
        await held.UntilBlockedAsync(adding);
        var taking = Server.Get<Invitations>().AcceptFirstAsync(KeyOf(link), otis, "Otis", s_hash, default);
        await held.UntilBlockedAsync(adding, taking);
        await held.LetGoAsync();

        Assert.IsType<InviteOutcome.Invited>(await adding);
        Assert.Null(await taking);
        Assert.Equal(1, await Server.CountAsync("person_role", "sender_id = 0"));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private async Task<Page> SignInAsync()
    {
        var browser = _world.Guest();
        return await browser.SubmitAsync((await browser.GetAsync("/sign-in")).Is(200), "/sign-in", ("screen_name", "ana"), ("password", GrantFixture.Password));
    }

    private static string KeyOf(string link) => link[(link.LastIndexOf('/') + 1)..];
}

public sealed class SqliteLockOrderTests() : LockOrderTests(Engine.Sqlite);

public sealed class PostgresLockOrderTests() : LockOrderTests(Engine.Postgres);
