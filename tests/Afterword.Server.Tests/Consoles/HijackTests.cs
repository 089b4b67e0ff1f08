using System.Text.RegularExpressions;
using Afterword.Server.Cli;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>An owner who makes an account for someone else's address, and waits until that address is given a role elsewhere.</summary>
public abstract partial class HijackTests(Engine engine) : IAsyncLifetime
{
    private const string Victim = "victim@bank.example";
    private TestServer _server = null!;
    private User _evil = null!;
    private User _bank = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine);
        (_evil, _bank) = (await _server.UserAsync("evil"), await _server.UserAsync("bank"));
    }

    [Fact]
    public async Task An_account_that_nobody_proved_comes_along_to_no_other_place()
    {
        // Each way of adding someone, with the page or command that it is.
        foreach (var (way, addAsync) in new (string, Func<Task<string>>)[]
        {
            ("person add", () => CommandAsync("--role", "owner", "--sender", "@bank")),
            ("person add, as an operator", () => CommandAsync("--role", "operator")),
            ("the operator's page Senders", () => ByPageAsync(Role.Operator, null, "/console/admin/senders", "/console/admin/senders/owner", ("sender", "bank"))),
            ("the operator's page Operators", () => ByPageAsync(Role.Operator, null, "/console/admin/people", "/console/admin/people/invite", ("name", ""))),
            ("the owner's page, where they own both", OwnerOfBothAsync),
        })
        {
            await using var other = new Cleared(_server, Victim);
            var (thief, attacker) = await HijackedAsync();
            (await attacker.GetAsync("/console/account")).Is(200);

            var said = await addAsync();

            Assert.True(Link().IsMatch(said), $"{way} gave no new link: {said}");
            Assert.True(said.Contains("nobody has proved", StringComparison.Ordinal), $"{way} does not say why: {said}");
            Assert.True((await attacker.GetAsync("/console/account")).Status == 303, $"The attacker's session outlives {way}.");
            Assert.True((await thief.SendPasswordAsync(new TestBrowser(_server))).Status == 403, $"The attacker's password outlives {way}.");
            foreach (var left in new[] { "recovery_code", "passkey" }) Assert.Equal(0, await _server.CountAsync(left));
            Assert.Equal(0, await _server.CountAsync("person", $"mail_key = '{Victim}' and totp_secret is not null"));

            (await Newcomer.AcceptAsync(new TestBrowser(_server), Link().Match(said).Value)).Is(303);
        }
    }

    [Fact]
    public async Task An_owner_of_one_sender_gets_no_link_for_the_person_of_another()
    {
        await HijackedAsync();
        var page = await ByPageAsync(Role.Owner, _bank, "/console/@bank/people", "/console/@bank/people/invite", ("name", ""), ("role", "agent"));

        Assert.DoesNotMatch(Link(), page);
        Assert.Equal(1, await _server.CountAsync("person_role", $"person_id = (select id from person where mail_key = '{Victim}')"));
    }

    [Fact]
    public async Task An_owner_does_not_find_out_who_belongs_to_other_senders_one_by_one()
    {
        const string Bank = "/console/@bank/people";
        for (var i = 0; i < 10; i++) await _server.PersonAsync(Role.Agent, _evil, $"agent{i}@evil.example");
        var ownerId = await _server.PersonAsync(Role.Owner, _bank, "owner@bank.example");
        var owner = await _server.SignedInAsync(ownerId);
        for (var i = 0; i < 10; i++) Assert.Contains("belongs to another sender", (await InviteAsync($"agent{i}@evil.example")).Is(400).Html, StringComparison.Ordinal);

        foreach (var email in new[] { "agent0@evil.example", "nobody@new.example" }) Assert.Contains("Try again tomorrow", (await InviteAsync(email)).Is(400).Html, StringComparison.Ordinal);
        Assert.Equal(10, await _server.CountAsync("audit", $"sender_id = {_bank.Id} and what like 'did not add agent%'"));

        await _server.AdvanceAsync(TimeSpan.FromHours(25));
        owner = await _server.SignedInAsync(ownerId);
        (await InviteAsync("nobody@new.example")).Is(303);

        async Task<Page> InviteAsync(string email) => await owner.SubmitAsync(await owner.GetAsync(Bank), $"{Bank}/invite", ("mail", email), ("name", ""), ("role", "agent"));
    }

    [Fact]
    public async Task Whoever_took_an_operators_link_keeps_their_account_at_further_places()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Owner, _evil);
        var browser = await ana.SignInAsync();

        Assert.IsType<InviteOutcome.Joined>(await _server.InviteAsync(Role.Owner, _bank, ana.Email));
        (await browser.GetAsync("/console/@bank/people")).Is(200);
    }

    [Fact]
    public async Task A_new_link_of_an_owner_takes_the_proof_away()
    {
        const string People = "/console/@evil/people";

        // Reset by an operator, and then caught by an owner, who may renew the link of a person of theirs.
        var ana = await Newcomer.SettledAsync(_server, Role.Agent, _evil);
        var id = (await _server.Get<Memberships>().FindAsync(ana.Email, default))!.Value;
        await _server.Get<Memberships>().ResetAsync(Member.CommandLine, id, default);
        var owner = await _server.MembershipAsync(Role.Owner, _evil);
        var page = await owner.GetAsync(People);
        var shown = (await owner.FinishAsync(await owner.PostAsync($"{People}/link", [.. page.HiddenOf($"{People}/invite"), ("person", $"{id}")]), $"{People}/link")).Is(200).Html;
        (await Newcomer.AcceptAsync(new TestBrowser(_server), Link().Match(shown).Value)).Is(303);

        Assert.IsType<InviteOutcome.InvitedAgain>(await _server.InviteAsync(Role.Owner, _bank, ana.Email));
    }

    [Fact]
    public async Task Whoever_takes_an_owners_link_while_an_operator_adds_the_person_comes_along_to_no_other_place()
    {
        foreach (var takingFirst in new[] { true, false })
        {
            await using var other = new Cleared(_server, Victim);
            var link = await VictimAsync();
            await using var held = await HeldRows.TakeAsync(_server, takingFirst ? HoldVictim : HoldRole);
            var taking = takingFirst ? AcceptAsync(link) : null;
            await held.UntilBlockedAsync(taking ?? Task.CompletedTask);
            var adding = _server.InviteAsync(Role.Owner, _bank, Victim);
            await held.UntilBlockedAsync(taking ?? Task.CompletedTask, adding);
            taking ??= AcceptAsync(link);
            await held.UntilBlockedAsync(taking, adding);
            await held.LetGoAsync();

            // Whichever came first: the password has ended, or the link has.
            Assert.True(await adding is InviteOutcome.InvitedAgain || await taking is null, $"{takingFirst}: {await adding}");
            Assert.Equal((takingFirst, 0), (takingFirst, await _server.CountAsync("person", "password_hash is not null and proved_at is null")));
            Assert.Equal(2, await _server.CountAsync("person_role", $"person_id = (select id from person where mail_key = '{Victim}')"));
        }
    }

    [Fact]
    public async Task Whoever_is_added_while_they_are_forgotten_elsewhere_is_there_with_the_role()
    {
        foreach (var removingFirst in new[] { true, false })
        {
            await using var other = new Cleared(_server, Victim);
            var id = await _server.PersonAsync(Role.Agent, _evil, Victim);
            await _server.SignedInAsync(id);
            await using var held = await HeldRows.TakeAsync(_server, removingFirst ? $"select 1 from console_session where person_id = {id} for update" : HoldRole);
            var removing = removingFirst ? RemoveAsync(id) : null;
            await held.UntilBlockedAsync(removing ?? Task.CompletedTask);
            var adding = _server.InviteAsync(Role.Owner, _bank, Victim);
            await held.UntilBlockedAsync(removing ?? Task.CompletedTask, adding);
            removing ??= RemoveAsync(id);
            await held.UntilBlockedAsync(removing, adding);
            await held.LetGoAsync();

            Assert.Equal(ChangeOutcome.Done, await removing);
            Assert.IsType<InviteOutcome.Invited>(await adding);
            Assert.Equal((removingFirst, 1), (removingFirst, await _server.CountAsync("person_role", $"sender_id = {_bank.Id}")));
            Assert.Equal(0, await _server.CountAsync("person_role", "person_id not in (select id from person)"));
        }
    }

    [Fact]
    public async Task Nobody_gets_a_second_link_for_somebody_who_is_taking_the_first()
    {
        foreach (var (way, renewAsync) in new (string, Func<string, long, Task<string?>>)[]
        {
            ("an owner's new link", (_, id) => _server.Get<Memberships>().RenewLinkAsync(
                new(new(0, "owner@evil.example", "Owner", 0, []), new(_evil.Id, "evil", "Evil", Role.Operator)), id, default)),
            ("the link of the mail", (link, _) => _server.Get<Invitations>().IssueForEmailAsync(link, default)),
        })
        {
            await using var other = new Cleared(_server, Victim);
            var link = await VictimAsync();
            var id = (await _server.Get<Memberships>().FindAsync(Victim, default))!.Value;
            await using var held = await HeldRows.TakeAsync(_server, HoldVictim);
            var taking = AcceptAsync(link);
            await held.UntilBlockedAsync(taking);
            var renewing = renewAsync(link, id);
            await held.UntilBlockedAsync(taking, renewing);
            await held.LetGoAsync();
            await Task.WhenAll(taking, renewing);

            Assert.Equal((way, 0), (way, await _server.CountAsync("invitation i join person p on p.id = i.person_id", "p.password_hash is not null")));
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private const string HoldVictim = $"select 1 from person where mail_key = '{Victim}' for no key update";

    // A role that another transaction is just giving: whoever gives it too waits there, behind all that was read before.
    private string HoldRole => $"insert into person_role (sender_id, person_id, role, created_at) select {_bank.Id}, id, 1, 0 from person where mail_key = '{Victim}'";

    private Task<ChangeOutcome> RemoveAsync(long id) => _server.Get<Memberships>().RemoveAsync(Member.CommandLine, _evil.Id, id, keepLast: false, default);

    private Task<long?> AcceptAsync(string link) => _server.Get<Invitations>().AcceptAsync(link[(link.LastIndexOf('/') + 1)..], "Victim", new("hash"), default);

    /// <summary>Invites the victim as an owner does it; gives the link that the page shows.</summary>
    private async Task<string> VictimAsync()
    {
        var owner = await _server.MembershipAsync(Role.Owner, _evil);
        var page = await owner.GetAsync("/console/@evil/people");
        return Link().Match((await owner.DoAsync(page, "/console/@evil/people/invite", ("mail", Victim), ("name", "Victim"), ("role", "supervisor"))).Is(200).Html).Value;
    }

    /// <summary>The attack up to the moment when someone else gives the address a role.</summary>
    private async Task<(Newcomer Thief, TestBrowser Browser)> HijackedAsync()
    {
        var (thief, browser) = (new Newcomer(_server, Victim), new TestBrowser(_server));
        var next = (await Newcomer.AcceptAsync(browser, await VictimAsync())).Is(303);
        await thief.AddAppAsync(browser, (await browser.GetAsync(next.Location)).Is(200));
        return (thief, browser);
    }

    private async Task<string> ByPageAsync(Role role, User? place, string page, string action, params (string, string)[] fields)
    {
        var membership = await _server.MembershipAsync(role, place, $"{role.Word}@works.example");
        return (await membership.DoAsync(await membership.GetAsync(page), action, [("mail", Victim), .. fields])).Html;
    }

    private async Task<string> OwnerOfBothAsync()
    {
        await _server.PersonAsync(Role.Owner, _evil, "both@works.example");
        var both = await _server.MembershipAsync(Role.Owner, _bank, "both@works.example");
        return (await both.DoAsync(await both.GetAsync("/console/@bank/people"), "/console/@bank/people/invite", ("mail", Victim), ("name", ""), ("role", "owner"))).Html;
    }

    private async Task<string> CommandAsync(params string[] arguments)
    {
        var (settings, said) = (_server.Get<Settings>(), new StringWriter());
        string[] store = settings.Database is { } url ? ["--database", url] : ["--data", settings.Data];
        Assert.Equal(0, await CommandLine.RunAsync(["person", "add", Victim, .. arguments, .. store], new() { Output = said, Error = said }));
        return said.ToString();
    }

    /// <summary>Forgets the person at the end, so that the next way finds none.</summary>
    private sealed class Cleared(TestServer server, string email) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            var member = (await server.Get<Memberships>().ListAllAsync(default)).Find(one => one.Email == email)!;
            foreach (var workspace in member.Workspaces) await server.Get<Memberships>().RemoveAsync(Member.CommandLine, workspace.SenderId, member.Id, keepLast: false, default);
        }
    }

    [GeneratedRegex("/console/invitation/[A-Za-z0-9_-]{27}")]
    private static partial Regex Link();
}

public sealed class SqliteHijackTests() : HijackTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresHijackTests() : HijackTests(Engine.Postgres);
