using System.Text.RegularExpressions;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>Links to choose a password, who may give them out, and what takes roles away.</summary>
public abstract partial class InvitationTests(Engine engine) : IAsyncLifetime
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
    public async Task An_invitation_is_good_for_once()
    {
        var (_, link) = await Newcomer.InvitedAsync(_server, Role.Agent, _furni);
        var (first, second) = (new TestBrowser(_server), new TestBrowser(_server));
        var page = (await second.GetAsync(link)).Is(200);
        (await Newcomer.AcceptAsync(first, link)).Is(303);

        (await second.SubmitAsync(page, link, ("name", "Eve"), ("password", "another fine password"))).Is(404);
        (await second.GetAsync(link)).Is(404);
        Assert.Equal(1, await _server.CountAsync("person", "name = 'Ana'"));
    }

    [Fact]
    public async Task Of_racing_browsers_one_takes_the_invitation()
    {
        var (_, link) = await Newcomer.InvitedAsync(_server, Role.Agent, _furni);
        var browsers = Enumerable.Range(0, 4).Select(_ => new TestBrowser(_server)).ToArray();
        var pages = await Task.WhenAll(browsers.Select(browser => browser.GetAsync(link)));

        var answers = await Task.WhenAll(browsers.Zip(pages).Select((pair, n) => pair.First.SubmitAsync(pair.Second, link, ("name", $"Ana {n}"), ("password", Newcomer.Password))));

        Assert.Equal(1, answers.Count(answer => answer.Status == 303));
        Assert.Equal(1, await _server.CountAsync("console_session"));
    }

    [Fact]
    public async Task An_invitation_ends_after_a_week()
    {
        var (_, link) = await Newcomer.InvitedAsync(_server, Role.Agent, _furni);
        await _server.AdvanceAsync(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        var browser = new TestBrowser(_server);
        var page = (await browser.GetAsync(link)).Is(200);

        await _server.AdvanceAsync(TimeSpan.FromSeconds(1));
        (await browser.GetAsync(link)).Is(404);
        (await browser.SubmitAsync(page, link, ("name", "Ana"), ("password", Newcomer.Password))).Is(404);
        Assert.Equal(1, await _server.Get<Invitations>().PurgeAsync(default));
    }

    [Theory]
    [InlineData("elevenchars")]
    [InlineData("aaaaaaaaaaaaaaaa")]
    [InlineData("my ana@furni.example password")]
    public async Task A_password_that_is_short_or_easy_is_refused(string password)
    {
        var (_, link) = await Newcomer.InvitedAsync(_server, Role.Agent, _furni);
        (await Newcomer.AcceptAsync(new TestBrowser(_server), link, password)).Is(400);
        (await new TestBrowser(_server).GetAsync(link)).Is(200);
    }

    [Fact]
    public async Task A_reset_ends_everything_and_the_older_links()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        var browser = await ana.SignInAsync();
        var id = (await _server.Get<Memberships>().FindAsync(ana.Email, default))!.Value;

        var link = (await _server.Get<Memberships>().ResetAsync(Member.CommandLine, id, default))!;
        var newer = (await _server.Get<Memberships>().ResetAsync(Member.CommandLine, id, default))!;

        (await browser.GetAsync(People)).Is(303);
        (await ana.SendPasswordAsync(new TestBrowser(_server))).Is(403);
        (await new TestBrowser(_server).GetAsync(link)).Is(404);
        Assert.Equal(0, await _server.CountAsync("recovery_code"));
        Assert.Equal(0, await _server.CountAsync("person", "totp_secret is not null"));
        (await Newcomer.AcceptAsync(new TestBrowser(_server), newer)).Is(303);
        Assert.Equal(2, await _server.CountAsync("audit", $"sender_id = {_furni.Id} and what = 'reset {ana.Email}'"));
    }

    [Fact]
    public async Task The_first_start_gives_one_link_that_makes_an_operator_and_then_no_more()
    {
        var invitations = _server.Get<Invitations>();
        var (first, second) = ((await invitations.IssueFirstAsync(default))!, (await invitations.IssueFirstAsync(default))!);
        var browser = new TestBrowser(_server);
        var page = (await browser.GetAsync(first)).Is(200);
        Assert.Contains("first operator", page.Html, StringComparison.Ordinal);

        (await browser.SubmitAsync(page, first, ("mail", "not an address"), ("name", "Otis"), ("password", Newcomer.Password))).Is(400);
        (await browser.SubmitAsync(page, first, ("mail", "otis@furni.example"), ("name", "Otis"), ("password", Newcomer.Password))).Is(303);

        Assert.Equal(1, await _server.CountAsync("person_role", "sender_id = 0 and role = 5"));
        (await new TestBrowser(_server).GetAsync(second)).Is(404);
        Assert.Null(await invitations.IssueFirstAsync(default));
    }

    [Fact]
    public async Task The_link_of_the_first_start_works_until_there_is_an_operator_whoever_else_was_added()
    {
        var first = (await _server.Get<Invitations>().IssueFirstAsync(default))!;
        var (ana, invitation) = await Newcomer.InvitedAsync(_server, Role.Owner, _furni);
        Assert.Null(await _server.Get<Invitations>().IssueFirstAsync(default));
        var browser = new TestBrowser(_server);
        var page = (await browser.GetAsync(first)).Is(200);

        // It gives nobody what someone else has.
        var refused = (await browser.SubmitAsync(page, first, ("mail", ana.Email.ToUpperInvariant()), ("name", "Eve"), ("password", Newcomer.Password))).Is(400);
        Assert.Contains("has an account already", refused.Html, StringComparison.Ordinal);
        (await new TestBrowser(_server).GetAsync(invitation)).Is(200);

        (await browser.SubmitAsync(page, first, ("mail", "otis@furni.example"), ("name", "Otis"), ("password", Newcomer.Password))).Is(303);
        Assert.Equal(1, await _server.CountAsync("person_role", "sender_id = 0 and role = 5"));
        (await browser.GetAsync(first)).Is(404);
    }

    [Fact]
    public async Task An_operator_who_was_added_ends_the_link_of_the_first_start()
    {
        var first = (await _server.Get<Invitations>().IssueFirstAsync(default))!;
        var browser = new TestBrowser(_server);
        var page = (await browser.GetAsync(first)).Is(200);
        await _server.PersonAsync(Role.Operator, null, "otis@furni.example");

        (await browser.GetAsync(first)).Is(404);
        (await browser.SubmitAsync(page, first, ("mail", "eve@furni.example"), ("name", "Eve"), ("password", Newcomer.Password))).Is(404);
        Assert.Equal(0, await _server.CountAsync("person", "name = 'Eve'"));
    }

    [Theory]
    [InlineData(Role.Operator, "You can change who may do what on this server")]
    [InlineData(Role.Supervisor, "You can read what customers wrote")]
    public async Task Why_a_second_factor_is_needed_is_said_by_what_the_person_may(Role role, string why)
    {
        var (_, link) = await Newcomer.InvitedAsync(_server, role, role == Role.Operator ? null : _furni);
        var browser = new TestBrowser(_server);

        var offer = (await browser.GetAsync((await Newcomer.AcceptAsync(browser, link)).Location)).Is(200);

        Assert.Contains(why, offer.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_needs_a_second_factor_reads_so_before_the_password()
    {
        const string Hint = "After the password you add a second factor";
        foreach (var (role, isTold) in new[] { (Role.Agent, false), (Role.Analyst, false), (Role.Supervisor, true), (Role.Owner, true) })
        {
            var (_, link) = await Newcomer.InvitedAsync(_server, role, _furni, $"{role.Word}@furni.example");
            Assert.Equal((role, isTold), (role, (await new TestBrowser(_server).GetAsync(link)).Is(200).Html.Contains(Hint, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task An_owner_invites_by_a_link_that_is_shown_once()
    {
        var owner = await _server.MembershipAsync(Role.Owner, _furni);
        var page = await owner.GetAsync(People);
        var shown = (await owner.DoAsync(page, $"{People}/invite", ("mail", "Ana@Furni.example"), ("name", "Ana"), ("role", "analyst"))).Is(200);

        var link = Link().Match(shown.Html).Value;
        (await Newcomer.AcceptAsync(new TestBrowser(_server), link)).Is(303);
        Assert.DoesNotContain("/console/invitation/", (await owner.GetAsync(People)).Html, StringComparison.Ordinal);
        (await owner.SubmitAsync(page, $"{People}/invite", ("mail", "ana@furni.example"), ("name", "Ana"), ("role", "owner"))).Is(400);
        Assert.Equal(1, await _server.CountAsync("person_role", "role = 3"));
    }

    [Fact]
    public async Task An_owner_gets_no_link_for_somebody_of_another_sender()
    {
        var other = await _server.UserAsync("other");
        var ana = await _server.PersonAsync(Role.Owner, other, "ana@other.example");
        var owner = await _server.MembershipAsync(Role.Owner, _furni);
        var page = await owner.GetAsync(People);

        var refused = (await owner.SubmitAsync(page, $"{People}/invite", ("mail", "ana@other.example"), ("name", ""), ("role", "agent"))).Is(400);
        Assert.DoesNotContain("/console/invitation/", refused.Html, StringComparison.Ordinal);
        Assert.Equal(1, await _server.CountAsync("person_role", $"person_id = {ana}"));

        // Nor when an operator has given the person a role here since.
        await _server.PersonAsync(Role.Agent, _furni, "ana@other.example");
        (await owner.PostAsync($"{People}/link", [.. page.HiddenOf($"{People}/invite"), ("person", $"{ana}")])).Is(400);
    }

    [Fact]
    public async Task The_last_owner_can_neither_go_nor_become_less()
    {
        var id = await _server.PersonAsync(Role.Owner, _furni, "owner@furni.example");
        var owner = await _server.SignedInAsync(id);
        var page = await owner.GetAsync(People);
        (string, string)[] self = [.. page.HiddenOf($"{People}/invite"), ("person", $"{id}")];

        (await owner.PostAsync($"{People}/remove", [.. self, (Confirmation.Field, "yes")])).Is(400);
        (await owner.PostAsync($"{People}/role", [.. self, ("role", "agent")])).Is(400);

        await _server.PersonAsync(Role.Owner, _furni, "second@furni.example");
        (await owner.PostAsync($"{People}/role", [.. self, ("role", "agent")])).Is(303);
        (await owner.GetAsync(People)).Is(403);
    }

    [Fact]
    public async Task Two_owners_cannot_remove_each_other_at_once()
    {
        var (one, two) = (await _server.PersonAsync(Role.Owner, _furni, "one@furni.example"), await _server.PersonAsync(Role.Owner, _furni, "two@furni.example"));
        var memberships = _server.Get<Memberships>();

        var outcomes = await Task.WhenAll(
            memberships.RemoveAsync(Member.CommandLine, _furni.Id, one, keepLast: true, default), memberships.RemoveAsync(Member.CommandLine, _furni.Id, two, keepLast: true, default));

        Assert.Equal(1, outcomes.Count(outcome => outcome == ChangeOutcome.Done));
        Assert.Equal(1, await _server.CountAsync("person_role"));
    }

    [Fact]
    public async Task Who_is_removed_is_out_at_once_and_forgotten_with_everything()
    {
        var owner = await _server.MembershipAsync(Role.Owner, _furni);
        var ana = await Newcomer.SettledAsync(_server, Role.Supervisor, _furni);
        var hers = await ana.SignInAsync();
        var id = (await _server.Get<Memberships>().FindAsync(ana.Email, default))!.Value;
        (await hers.GetAsync("/console/@furni/asked")).Is(200);
        var page = await owner.GetAsync(People);

        (string, string)[] form = [.. page.HiddenOf($"{People}/invite"), ("person", $"{id}")];
        var asked = (await owner.PostAsync($"{People}/remove", form)).Is(200);
        Assert.Contains($"Remove {ana.Email}?", asked.Html, StringComparison.Ordinal);
        (await hers.GetAsync("/console/@furni/asked")).Is(200);
        Assert.Contains("Saved.", (await owner.DoAsync(asked, $"{People}/remove")).Is(200).Html, StringComparison.Ordinal);

        (await hers.GetAsync("/console/@furni/asked")).Is(303);
        foreach (var table in (string[])["person_role", "console_session", "recovery_code", "passkey", "invitation"]) Assert.Equal(0, await _server.CountAsync(table, $"person_id = {id}"));
        Assert.Equal(0, await _server.CountAsync("person", $"id = {id}"));
    }

    [Fact]
    public async Task An_owner_changes_nobody_at_another_sender()
    {
        var ana = await _server.PersonAsync(Role.Owner, await _server.UserAsync("other"), "ana@other.example");
        var owner = await _server.MembershipAsync(Role.Owner, _furni);
        var page = await owner.GetAsync(People);
        (string, string)[] hers = [.. page.HiddenOf($"{People}/invite"), ("person", $"{ana}")];

        Assert.DoesNotContain("ana@other.example", (await owner.PostAsync($"{People}/remove", hers)).Is(400).Html, StringComparison.Ordinal);
        (await owner.PostAsync($"{People}/role", [.. hers, ("role", "agent")])).Is(400);
        (await owner.PostAsync($"{People}/link", hers)).Is(400);
        (await owner.PostAsync($"{People}/role", [.. page.HiddenOf($"{People}/invite"), ("person", $"{ana}"), ("role", "operator")])).Is(400);
        Assert.Equal(1, await _server.CountAsync("person_role", $"person_id = {ana} and role = 1"));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [GeneratedRegex("/console/invitation/[A-Za-z0-9_-]{27}")]
    private static partial Regex Link();
}

public sealed class SqliteInvitationTests() : InvitationTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresInvitationTests() : InvitationTests(Engine.Postgres);
