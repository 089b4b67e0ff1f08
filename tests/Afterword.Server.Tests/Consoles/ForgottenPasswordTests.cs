using System.Text.RegularExpressions;
using Afterword.Server.Allowlists;
using Afterword.Server.Channels;
using Afterword.Server.Cli;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Grants;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>Forgotten passwords, of users and of people of the console, and sessions that someone else ends.</summary>
public abstract partial class ForgottenPasswordTests(Engine engine) : IAsyncLifetime
{
    private const string Other = "a sentence of another kind";
    private PostOffice _office = null!;
    private TestServer _server = null!;
    private User _furni = null!;

    public async ValueTask InitializeAsync()
    {
        _office = await PostOffice.StartAsync();
        _server = await TestServer.StartAsync(
            engine, "PublicUrl=https://feedback.example", "Mail:Host=127.0.0.1", $"Mail:Port={_office.Port}", "Mail:Tls=none", "Mail:From=feedback@mail.example", "Proxies=127.0.0.1",
            "SignIn:SecondFactor=senders");
        _furni = await _server.UserAsync("furni");
    }

    [Fact]
    public async Task An_emailed_link_sets_a_persons_password_once_and_leaves_the_second_factor()
    {
        var owner = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        var before = await owner.SignInAsync();

        // The same page for someone who is not there, and no mail.
        var unknown = await AskAsync("/console/forgotten", ("mail", "nobody@furni.example"));
        var known = await AskAsync("/console/forgotten", ("mail", owner.Email.ToUpperInvariant()));
        Assert.Equal(unknown.Is(200).Html, known.Is(200).Html);
        var email = (await _office.WaitAsync(1))[0];
        Assert.Equal((owner.Email, "A new password for the Afterword console"), (email.To, email["Subject"]));
        var link = Link().Match(email.Plain).Value;

        var (browser, late) = (new TestBrowser(_server), new TestBrowser(_server));
        var (page, second) = ((await browser.GetAsync(link)).Is(200), (await late.GetAsync(link)).Is(200));
        (await browser.SubmitAsync(page, link, ("new-password", "elevenchars"))).Is(400);
        (await browser.SubmitAsync(page, link, ("new-password", "ana of furni, again"))).Is(400);
        Assert.Equal("/console/second-factor", (await browser.SubmitAsync(page, link, ("new-password", Other))).Is(303).Location);

        (await late.SubmitAsync(second, link, ("new-password", "yet another sentence"))).Is(404);
        (await before.GetAsync("/console/account")).Is(303);
        (await browser.GetAsync("/console/account")).Is(303);
        (await owner.SendPasswordAsync(new TestBrowser(_server))).Is(403);
        (await owner.SendPasswordAsync(new TestBrowser(_server), Other)).Is(303);
        _server.Clock.Advance(TimeSpan.FromSeconds(30));
        (await Newcomer.SendCodeAsync(browser, owner.Code)).Is(303);
        Assert.Equal(1, await _server.CountAsync("audit", $"person = '{owner.Email}' and what like 'forgotten password%'"));
        Assert.DoesNotContain(_server.Log, line => line.Contains(link, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_link_ends_after_half_an_hour_and_few_are_sent()
    {
        var agent = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        for (var n = 0; n < 3; n++) (await AskAsync("/console/forgotten", ("mail", agent.Email))).Is(200);
        await _server.UserAsync("zoe");
        await _server.Get<UserAccounts>().ReachByAsync("zoe", ChannelAvailability.Read("email", "zoe@furni.example").Reachability!, default);
        await _server.Get<UserPasswords>().SetAsync((await _server.Get<UserAccounts>().FindAsync("zoe", default))!.Id, new(_server.Get<PasswordHashes>().Hash(GrantFixture.Password)), default);
        (await AskAsync("/sign-in/forgotten", ("screen_name", "zoe"))).Is(200);

        // They are sent in the order in which they were asked for.
        var emails = await _office.WaitAsync(2);
        Assert.Equal([agent.Email, "zoe@furni.example"], emails.Select(email => email.To));
        var link = Link().Match(emails[0].Plain).Value;
        await _server.AdvanceAsync(TimeSpan.FromMinutes(30) - TimeSpan.FromSeconds(1));
        var browser = new TestBrowser(_server);
        var page = (await browser.GetAsync(link)).Is(200);
        await _server.AdvanceAsync(TimeSpan.FromSeconds(1));
        (await browser.GetAsync(link)).Is(404);
        (await browser.SubmitAsync(page, link, ("new-password", Other))).Is(404);
        Assert.Equal(2, await _server.Get<ResetLinks>().PurgeAsync(default));

        var asking = new TestBrowser(_server) { From = "10.3.0.1" };
        var form = await asking.GetAsync("/console/forgotten");
        for (var n = 0; n < 5; n++) (await asking.SubmitAsync(form, "/console/forgotten", ("mail", $"n{n}@furni.example"))).Is(200);
        (await asking.SubmitAsync(form, "/console/forgotten", ("mail", "n@furni.example"))).Is(429);
    }

    [Fact]
    public async Task A_user_chooses_a_new_password_by_an_email_in_their_language_or_an_operators_link()
    {
        await AddMajaAsync();
        var signedIn = new TestBrowser(_server);
        (await TryAsync(signedIn, GrantFixture.Password)).Is(303);
        Assert.Contains("href=\"/sign-in/forgotten\"", (await new TestBrowser(_server).GetAsync("/sign-in")).Html, StringComparison.Ordinal);

        var (unknown, known) = (await AskAsync("/sign-in/forgotten", ("screen_name", "nobody")), await AskAsync("/sign-in/forgotten", ("screen_name", "@Maja")));
        Assert.Equal(unknown.Is(200).Html, known.Is(200).Html);
        var email = (await _office.WaitAsync(1))[0];
        Assert.Equal("maja@post.example", email.To);
        Assert.Contains("Passwort", email["Subject"], StringComparison.Ordinal);
        await ChooseAsync(Link().Match(email.Plain).Value, Other);

        (await signedIn.GetAsync("/account")).Is(302);
        (await TryAsync(new TestBrowser(_server), GrantFixture.Password)).Is(403);
        (await TryAsync(new TestBrowser(_server), Other)).Is(303);

        await ChooseAsync(Link().Match(await CommandAsync("user", "password", "@maja")).Value, GrantFixture.Password);
        (await TryAsync(new TestBrowser(_server), GrantFixture.Password)).Is(303);
        Assert.Equal(2, await _server.CountAsync("audit", "sender_id = 0 and person = '@maja' and what = 'new password by a link'"));
    }

    [Fact]
    public async Task An_emailed_link_ends_with_the_address_that_it_went_to_and_one_passed_on_does_not()
    {
        using var folder = TestFolder.Create("import");
        var file = Path.Combine(folder.Path, "users.csv");
        foreach (var (way, change, ends) in new (string Way, Func<string, Task>, bool)[]
        {
            ("user channel", handle => CommandAsync("user", "channel", $"@{handle}", "email", "--mail", $"{handle}@new.example"), true),
            ("user channel, without an address", handle => CommandAsync("user", "channel", $"@{handle}", "built-in"), false),
            ("user import", handle => ImportAsync($"{handle},Maja,email,{handle}@new.example"), true),
            ("user import of the same address", handle => ImportAsync($"{handle},Maja,email,{handle}@post.example"), false),
            ("user import of a name alone", handle => ImportAsync($"{handle},Maja Who,,"), false),
        })
        {
            var handle = $"maja{_office.All.Count}";
            await _server.Get<UserAccounts>().AddAsync(new NewUser(handle, "Maja", GrantFixture.Password, MessagingPermission.Anyone) { ChannelAvailability = ChannelAvailability.Read("email", $"{handle}@post.example").Reachability! }, default);
            (await AskAsync("/sign-in/forgotten", ("screen_name", handle))).Is(200);
            var link = Link().Match((await _office.WaitAsync(_office.All.Count + 1))[^1].Plain).Value;
            (await new TestBrowser(_server).GetAsync(link)).Is(200);

            await change(handle);
            Assert.Equal((way, ends ? 404 : 200), (way, (await new TestBrowser(_server).GetAsync(link)).Status));

            // Whom an operator gives a link to, the operator knows.
            var passedOn = Link().Match(await CommandAsync("user", "password", $"@{handle}")).Value;
            await CommandAsync("user", "channel", $"@{handle}", "email", "--mail", $"{handle}@third.example");
            Assert.Equal((way, 200), (way, (await new TestBrowser(_server).GetAsync(passedOn)).Status));
        }

        Task ImportAsync(string line)
        {
            File.WriteAllText(file, $"handle,name,channel,email\n{line}\n");
            return CommandAsync("user", "import", file, "--update");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_link_that_is_made_while_the_address_changes_goes_to_the_new_one_or_ends(bool asksFirst)
    {
        var maja = await AddMajaAsync();
        await using var held = await HeldRows.TakeAsync(_server, $"select 1 from account where id = {maja} for no key update");
        var changing = asksFirst ? null : ChangeAsync();
        await held.UntilBlockedAsync(changing ?? Task.CompletedTask);
        (await AskAsync("/sign-in/forgotten", ("screen_name", "maja"))).Is(200);
        var mailed = _office.WaitAsync(1);
        await held.UntilBlockedAsync(changing ?? Task.CompletedTask, mailed);
        changing ??= ChangeAsync();
        await held.UntilBlockedAsync(changing, mailed);
        await held.LetGoAsync();
        await changing;

        var email = (await mailed)[0];
        Assert.Equal(email.To == "maja@new.example" ? 200 : 404, (await new TestBrowser(_server).GetAsync(Link().Match(email.Plain).Value)).Status);

        Task<bool> ChangeAsync() => _server.Get<UserAccounts>().ReachByAsync("maja", ChannelAvailability.Read("email", "maja@new.example").Reachability!, default);
    }

    [Fact]
    public async Task Of_requests_for_one_account_at_once_one_is_emailed()
    {
        await AddMajaAsync();
        var zoe = new NewUser("zoe", "Zoe", GrantFixture.Password, MessagingPermission.Anyone) { ChannelAvailability = ChannelAvailability.Read("email", "zoe@post.example").Reachability! };
        await _server.Get<UserAccounts>().AddAsync(zoe, default);

        // Each has looked for a link of the last minutes, or waits for the account, before any is made.
        await using (var held = await HeldRows.TakeAsync(_server, "lock table reset_link in share mode"))
        {
            for (var n = 1; n <= 2; n++) (await AskAsync("/sign-in/forgotten", ("screen_name", "maja"), $"10.5.0.{n}")).Is(200);
            var never = new TaskCompletionSource().Task;
            await held.UntilBlockedAsync(never, never);
            await held.LetGoAsync();
        }

        // Those of one address are mailed one after the other, so both are behind these.
        for (var n = 1; n <= 2; n++)
        {
            (await AskAsync("/sign-in/forgotten", ("screen_name", n == 1 ? "zoe" : "nobody"), $"10.5.0.{n}")).Is(200);
        }

        var emails = await _office.WaitAsync(2);
        Assert.Equal(["maja@post.example", "zoe@post.example"], emails.Select(email => email.To).Order());
        Assert.Equal(2, await _server.CountAsync("reset_link"));
    }

    [Fact]
    public async Task Sessions_of_a_person_are_ended_without_a_reset_by_those_who_may()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        var id = (await _server.Get<Memberships>().FindAsync(ana.Email, default))!.Value;
        var other = await _server.UserAsync("other");
        foreach (var (role, sender, page, status) in new[]
        {
            (Role.Owner, other, "/console/@other/people", 400), (Role.Owner, _furni, "/console/@furni/people", 303), (Role.Operator, null, "/console/admin/people", 303),
        })
        {
            var (hers, membership) = (await ana.SignInAsync(), await _server.MembershipAsync(role, sender, $"{role.Word}{status}@works.example"));
            var form = (await membership.GetAsync(page)).Is(200).HiddenOf($"{page}/invite");
            (await membership.PostAsync($"{page}/sign-out", [.. form, ("person", $"{id}")])).Is(status);
            Assert.Equal((page, status == 303 ? 303 : 200), (page, (await hers.GetAsync("/console/account")).Status));

            // An operator's action is told to the person's senders, too.
            foreach (var (place, many) in new[] { (_furni.Id, 1), (Workspace.Installation, role == Role.Operator ? 1 : 0) })
            {
                Assert.Equal(status == 303 ? many : 0, await _server.CountAsync("audit", $"sender_id = {place} and what = 'signed out {ana.Email}' and person = '{role.Word}{status}@works.example'"));
            }
        }

        Assert.Equal(2, _server.Log.Count(line => line.Contains($"ended all console sessions of person {id}.", StringComparison.Ordinal)));

        Assert.Contains(ConsoleSessions.Cookie, (await ana.SignInAsync()).Cookies.Keys);
    }

    [Fact]
    public async Task An_owner_signs_out_nobody_who_has_a_role_where_somebody_else_is_owner()
    {
        const string Page = "/console/@furni/people";
        var (ana, other, mine) = (await Newcomer.SettledAsync(_server, Role.Agent, _furni), await _server.UserAsync("other"), await _server.UserAsync("mine"));
        var id = (await _server.Get<Memberships>().FindAsync(ana.Email, default))!.Value;
        await _server.PersonAsync(Role.Agent, other, ana.Email);
        var owner = await _server.MembershipAsync(Role.Owner, _furni, "owner@furni.example");
        var form = (await owner.GetAsync(Page)).Is(200).HiddenOf($"{Page}/invite");
        var hers = await ana.SignInAsync();

        var refused = (await owner.PostAsync($"{Page}/sign-out", [.. form, ("person", $"{id}")])).Is(400);
        Assert.Contains("only an operator can sign them out", refused.Html, StringComparison.Ordinal);
        (await hers.GetAsync("/console/account")).Is(200);
        Assert.Equal((1, 0), (await _server.CountAsync("known_browser", $"owner_id = {id}"), await _server.CountAsync("audit", $"what = 'signed out {ana.Email}'")));

        // The role here is the owner's to take; what the person has at the owner's other sender is the owner's too.
        (await owner.PostAsync($"{Page}/remove", [.. form, ("person", $"{id}"), (Confirmation.Field, "yes")])).Is(303);
        (await hers.GetAsync("/console/@furni/asked")).Is(404);
        (await hers.GetAsync("/console/@other/asked")).Is(200);
        var bob = await _server.PersonAsync(Role.Agent, _furni, "bob@furni.example");
        await _server.PersonAsync(Role.Agent, mine, "bob@furni.example");
        await _server.PersonAsync(Role.Owner, mine, "owner@furni.example");
        (await owner.PostAsync($"{Page}/sign-out", [.. form, ("person", $"{bob}")])).Is(303);
    }

    [Fact]
    public async Task Who_needs_a_first_second_factor_gets_to_it_by_an_emailed_link()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Analyst, _furni);
        await _server.InviteAsync(Role.Owner, _furni, ana.Email);
        var browser = new TestBrowser(_server);
        (await ana.SendPasswordAsync(browser)).Is(303);
        (await browser.SubmitAsync((await browser.GetAsync("/console/second-factor")).Is(403), "/console/forgotten")).Is(200);
        var link = Link().Match((await _office.WaitAsync(1))[0].Plain).Value;
        Assert.Equal("/console/second-factor", (await browser.SubmitAsync((await browser.GetAsync(link)).Is(200), link, ("new-password", Other))).Is(303).Location);
        await ana.AddAppAsync(browser, (await browser.GetAsync("/console/second-factor")).Is(200));
        (await browser.GetAsync("/console/@furni/people")).Is(200);

        // A sender of the platform likewise.
        var maja = await AddMajaAsync();
        await _server.Get<Allowlist>().AllowSenderAsync(maja, new(null, null, null, null), default);
        (await TryAsync(browser, GrantFixture.Password)).Is(303);
        (await browser.SubmitAsync((await browser.GetAsync("/sign-in/code")).Is(403), "/sign-in/forgotten")).Is(200);
        link = Link().Match((await _office.WaitAsync(2))[1].Plain).Value;
        Assert.Equal("/sign-in/code?to=%2Faccount", (await browser.SubmitAsync((await browser.GetAsync(link)).Is(200), link, ("new-password", Other))).Is(303).Location);
        Assert.NotEmpty(Newcomer.Key((await browser.GetAsync("/sign-in/code")).Is(200)));
    }

    [Fact]
    public async Task Whoever_asks_for_a_link_ends_none_and_all_end_when_one_is_used()
    {
        var maja = await AddMajaAsync();
        var ana = await Newcomer.SettledAsync(_server, Role.Agent, _furni);
        var passedOn = await _server.Get<UserPasswords>().IssueLinkAsync(maja, dropsFactor: false, default);
        for (var round = 0; round < 3; round++)
        {
            foreach (var (page, who) in new[] { ("/sign-in/forgotten", ("screen_name", "maja")), ("/console/forgotten", ("mail", ana.Email)) }) (await AskAsync(page, who, $"10.4.0.{round}")).Is(200);
            await _office.WaitAsync(2 * (round + 1));
            await _server.AdvanceAsync(TimeSpan.FromMinutes(round < 2 ? 10 : 9));
        }

        string[] mailed = [.. (await _office.WaitAsync(6)).Select(email => Link().Match(email.Plain).Value)];
        foreach (var link in mailed.Prepend(passedOn)) (await new TestBrowser(_server).GetAsync(link)).Is(200);
        Assert.Equal(7, await _server.CountAsync("reset_link"));

        // Of browsers that race with different links of one account one gets it.
        foreach (var page in new[] { "/sign-in", "/console" })
        {
            var links = mailed.Append(passedOn).Where(link => link.StartsWith(page, StringComparison.Ordinal)).ToArray();
            var opened = await Task.WhenAll(links.Select(async link =>
            {
                var browser = new TestBrowser(_server);
                return (Guest: browser, Page: (await browser.GetAsync(link)).Is(200), Link: link);
            }));
            var answers = await Task.WhenAll(opened.Select(one => one.Guest.SubmitAsync(one.Page, one.Link, ("new-password", Other))));
            Assert.Equal(1, answers.Count(answer => answer.Status == 303));
            Assert.All(answers, answer => Assert.True(answer.Status is 303 or 404, answer.Html));
            foreach (var link in links) (await new TestBrowser(_server).GetAsync(link)).Is(404);
        }

        Assert.Equal(0, await _server.CountAsync("reset_link"));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _office.DisposeAsync();
    }

    private async Task<string> CommandAsync(params string[] command)
    {
        var said = new StringWriter();
        var settings = _server.Get<Settings>();
        string[] store = settings.Database is { } url ? ["--database", url] : ["--data", settings.Data];
        string[] email = ["--set", "PublicUrl=https://feedback.example", "--set", "Mail:Host=127.0.0.1", "--set", "Mail:From=feedback@mail.example"];
        var code = await CommandLine.RunAsync([.. command, .. store, .. email], new() { Output = said, Error = said });
        Assert.True(code == 0, said.ToString());
        return said.ToString();
    }

    private async Task<long> AddMajaAsync()
    {
        var maja = new NewUser("maja", "Maja", GrantFixture.Password, MessagingPermission.Anyone) { Language = "de", ChannelAvailability = ChannelAvailability.Read("email", "maja@post.example").Reachability! };
        return (await _server.Get<UserAccounts>().AddAsync(maja, default))!.Id;
    }

    private async Task<Page> AskAsync(string page, (string, string) who, string? from = null)
    {
        var browser = new TestBrowser(_server) { From = from };
        return await browser.SubmitAsync((await browser.GetAsync(page)).Is(200), page, who);
    }

    private async Task ChooseAsync(string link, string password)
    {
        var browser = new TestBrowser(_server);
        var page = (await browser.GetAsync(link)).Is(200);
        (await browser.SubmitAsync(page, link, ("new-password", "the handle is maja"))).Is(400);
        (await browser.SubmitAsync(page, link, ("new-password", password))).Is(303);
        (await browser.SubmitAsync(page, link, ("new-password", password))).Is(404);
        (await TryAsync(browser, password)).Is(303);
    }

    private static async Task<Page> TryAsync(TestBrowser browser, string password)
    {
        browser.Cookies.Remove("__Host-afterword");
        return await browser.SubmitAsync((await browser.GetAsync("/sign-in")).Is(200), "/sign-in", ("screen_name", "maja"), ("password", password));
    }

    [GeneratedRegex("/(console/forgotten|sign-in/password)/[A-Za-z0-9_-]{27}")]
    private static partial Regex Link();
}

public sealed class SqliteForgottenPasswordTests() : ForgottenPasswordTests(Engine.Sqlite);

public sealed class PostgresForgottenPasswordTests() : ForgottenPasswordTests(Engine.Postgres);
