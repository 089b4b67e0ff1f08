using System.Text.RegularExpressions;
using Afterword.Client.OAuth;
using Afterword.Server.Allowlists;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>From the first operator to the first answer, without a shell.</summary>
public abstract partial class SetUpPageTests(Engine engine) : IAsyncLifetime
{
    private const string Opening = "/console/admin/set-up";
    private const string SetUp = "/console/@furni/set-up";
    private const string ByHand = "/console/@furni/requests/new";
    private static readonly (string, string)[] s_furni = [("name", "Furni"), ("screen_name", "furni"), ("privacy_url", "https://furni.example/privacy"), ("language", "de")];
    private static readonly (string, string)[] s_toMaja = [("to", "@maja"), ("type", "nps"), ("message", "How\r\nwas it?"), ("privacy_url", "https://furni.example/privacy")];
    private TestServer _server = null!;
    private TestBrowser _operator = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine);
        _operator = await _server.MembershipAsync(Role.Operator);
    }

    [Fact]
    public async Task Who_takes_the_first_link_is_led_to_the_business()
    {
        await using var fresh = await TestServer.StartAsync(engine);
        var browser = new TestBrowser(fresh);
        var link = (await fresh.Get<Invitations>().IssueFirstAsync(default))!;
        var newcomer = new Newcomer(fresh, "otis@furni.example");

        var owed = (await browser.SubmitAsync(await browser.GetAsync(link), link, ("mail", newcomer.Email), ("name", "Otis"), ("password", Newcomer.Password))).Is(303);
        var codes = await newcomer.AddAppAsync(browser, (await browser.GetAsync(owed.Location)).Is(200));

        Assert.Contains($"href=\"{Opening}\"", codes.Html, StringComparison.Ordinal);
        Assert.Contains("Open a business", (await browser.GetAsync(Opening)).Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operator_opens_a_business_owns_it_and_receives_the_first_answer()
    {
        await OpenAsync();
        Assert.Equal(1, await _server.CountAsync("person_role", $"role = {(int)Role.Owner}"));
        Assert.Equal(1, await _server.CountAsync("account", "screen_name = 'furni' and name = 'Furni' and language = 'de' and privacy_url = 'https://furni.example/privacy' and password_hash is null"));
        Assert.Equal(1, await _server.CountAsync("sender"));
        Assert.Equal(1, await _server.CountAsync("audit", "sender_id = 0 and what = 'opened the business @furni and became its owner'"));
        Assert.Contains("Set up", (await _operator.GetAsync("/console/@furni/overview")).Is(200).Html, StringComparison.Ordinal);

        // The keys are those of an app that may ask at once, and are shown once.
        var page = (await _operator.GetAsync(SetUp)).Is(200);
        var shown = (await _operator.DoAsync(page, "/console/@furni/apps/add", ("name", "Furni Desk"))).Is(200);
        var keys = KeysOf(shown);
        Assert.DoesNotContain(keys.TokenSecret!, (await _operator.GetAsync(SetUp)).Html, StringComparison.Ordinal);
        var called = await _server.PostAsync(keys, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", RecipientOf(shown)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"), ("include_card", "true"), ("test", "true"));
        Assert.Contains("/f/", called.Is(200).Text("card_url"), StringComparison.Ordinal);

        var sent = (await _operator.DoAsync(shown, $"{SetUp}/request", ("by", "link"))).Is(200);
        Assert.Contains("Waiting for your answer", sent.Html, StringComparison.Ordinal);
        var card = new Uri(Card().Match(sent.Html).Groups[1].Value).AbsolutePath;
        Assert.DoesNotContain(card, (await _operator.GetAsync(SetUp)).Html, StringComparison.Ordinal);

        (await _server.SendAsync(null, HttpMethod.Post, card, TestServer.Form(("score", "4")))).Is(200);

        Assert.Contains("<strong>4 of 5</strong>", (await _operator.GetAsync(SetUp)).Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(2, await _server.CountAsync("prompt", "test = 1"));
        await _server.AllIsWellAsync();
    }

    [Fact]
    public async Task An_address_is_read_as_people_write_it_and_a_refused_app_leads_back()
    {
        var page = (await _operator.GetAsync(Opening)).Is(200);
        (await _operator.SubmitAsync(page, Opening, [.. s_furni.Where(field => field.Item1 != "privacy_url"), ("privacy_url", "furni.example/privacy"), ("owner", "me")])).Is(303);
        Assert.Equal(1, await _server.CountAsync("account", "privacy_url = 'https://furni.example/privacy'"));

        var refused = await _operator.DoAsync((await _operator.GetAsync(SetUp)).Is(200), "/console/@furni/apps/add", ("name", " "));

        Assert.Contains("No app was created.", refused.Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("Receive the first answer", refused.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_operator_becomes_the_owner_of_a_sender_that_is_there()
    {
        await _server.UserAsync("furni");
        var page = (await _operator.GetAsync(Opening)).Is(200);

        var refused = (await _operator.SubmitAsync(page, Opening, [.. s_furni, ("owner", "me")])).Is(400);

        Assert.Contains("@furni is taken", refused.Html, StringComparison.Ordinal);
        Assert.Contains("value=\"https://furni.example/privacy\"", refused.Html, StringComparison.Ordinal);
        Assert.Contains("value=\"de\" selected", refused.Html, StringComparison.Ordinal);
        Assert.Equal(0, await _server.CountAsync("person_role", "sender_id <> 0"));
        Assert.Equal(0, await _server.CountAsync("sender"));
        (await _operator.GetAsync("/console/@furni/overview")).Is(404);
    }

    [Fact]
    public async Task Of_operators_who_open_the_same_business_one_owns_it()
    {
        var other = await _server.MembershipAsync(Role.Operator, email: "second@place.example");
        var (one, two) = (await _operator.GetAsync(Opening), await other.GetAsync(Opening));

        var answers = await Task.WhenAll(_operator.SubmitAsync(one, Opening, [.. s_furni, ("owner", "me")]), other.SubmitAsync(two, Opening, [.. s_furni, ("owner", "me")]));

        Assert.Equal([303, 400], answers.Select(answer => answer.Status).Order());
        Assert.Equal(1, await _server.CountAsync("person_role", "sender_id <> 0"));
    }

    [Fact]
    public async Task Another_owner_gets_a_link_and_the_operator_sees_nothing_of_the_business()
    {
        var page = (await _operator.GetAsync(Opening)).Is(200);
        (await _operator.SubmitAsync(page, Opening, [.. s_furni, ("owner", "other"), ("mail", "operator@place.example")])).Is(400);

        var told = (await _operator.DoAsync(page, Opening, [.. s_furni, ("owner", "other"), ("mail", "ana@furni.example")])).Is(200);

        Assert.Contains("/console/invitation/", told.Html, StringComparison.Ordinal);
        foreach (var closed in (string[])[SetUp, "/console/@furni/overview", "/console/@furni/apps"]) (await _operator.GetAsync(closed)).Is(404);
        Assert.Equal(1, await _server.CountAsync("person_role", "sender_id <> 0"));
    }

    [Fact]
    public async Task What_cannot_be_written_down_opens_no_business()
    {
        var page = (await _operator.GetAsync(Opening)).Is(200);
        await _server.RenameAsync("audit", "lost");
        (await _operator.SubmitAsync(page, Opening, [.. s_furni, ("owner", "me")])).Is(500);
        await _server.RenameAsync("lost", "audit");

        Assert.Equal(0, await _server.CountAsync("account", "screen_name = 'furni'"));
        Assert.Equal(0, await _server.CountAsync("sender"));
    }

    [Fact]
    public async Task An_app_of_an_owner_who_is_no_operator_waits_for_one()
    {
        await OpenAsync();
        var owner = await _server.MembershipAsync(Role.Owner, await FurniAsync());
        var shown = (await owner.DoAsync(await owner.GetAsync(SetUp), "/console/@furni/apps/add", ("name", "Furni Desk"))).Is(200);
        var keys = KeysOf(shown);
        Task<Answer> AskAsync() => _server.PostAsync(keys, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", RecipientOf(shown)), ("message", "m"), ("privacy_url", "https://furni.example/p"));

        Assert.Equal(403, (await AskAsync()).Status);
        var apps = (await _operator.GetAsync("/console/admin/apps")).Is(200);
        (await _operator.SubmitAsync(apps, "/console/admin/apps/change", ("act", "allow"))).Is(303);
        (await AskAsync()).Is(200);

        // It has no callback: nobody else can be led to let it in.
        Assert.Empty(Assert.Single(await _server.Get<Apps>().ListAsync(default)).Callbacks);
    }

    [Fact]
    public async Task A_removed_app_neither_asks_nor_reads_any_more()
    {
        await OpenAsync();
        var keys = KeysOf(await _operator.DoAsync(await _operator.GetAsync(SetUp), "/console/@furni/apps/add", ("name", "Furni Desk")));
        (await _server.GetAsync(keys, "/1.1/account/verify_credentials.json")).Is(200);

        (await _operator.DoAsync((await _operator.GetAsync("/console/@furni/apps")).Is(200), "/console/@furni/apps/revoke")).Is(200);

        (await _server.GetAsync(keys, "/1.1/account/verify_credentials.json")).Is(401);
        Assert.Equal(0, await _server.CountAsync("audit", $"what like '%{keys.ConsumerSecret}%' or what like '%{keys.TokenSecret}%'"));
    }

    [Fact]
    public async Task Nothing_is_sent_without_a_privacy_policy_or_by_a_sender_that_may_not_ask()
    {
        var furni = await _server.UserAsync("furni");
        var owner = await _server.MembershipAsync(Role.Owner, furni);
        var page = (await owner.GetAsync(SetUp)).Is(200);

        Assert.Contains("privacy policy first", (await owner.SubmitAsync(page, $"{SetUp}/request")).Is(400).Html, StringComparison.Ordinal);
        Assert.Contains("must be an absolute", (await owner.SubmitAsync(page, $"{SetUp}/business", ("name", "Furni"), ("privacy_url", "ftp://furni.example"), ("language", ""))).Is(400).Html, StringComparison.Ordinal);
        (await owner.DoAsync(page, $"{SetUp}/business", ("name", "Furni"), ("privacy_url", "https://furni.example/p"), ("language", ""))).Is(200);
        Assert.Contains("may not send requests", (await owner.SubmitAsync(page, $"{SetUp}/request")).Is(400).Html, StringComparison.Ordinal);
        Assert.Equal(0, await _server.CountAsync("prompt"));
    }

    [Fact]
    public async Task A_suspended_sender_sends_nothing_from_the_console()
    {
        await OpenAsync();
        await _server.UserAsync("maja");
        var (own, byHand) = ((await _operator.GetAsync(SetUp)).Is(200), (await _operator.GetAsync(ByHand)).Is(200));
        await _server.Get<UserAccounts>().SuspendAsync("furni", true, default);

        foreach (var refused in (Page[])[await _operator.SubmitAsync(own, $"{SetUp}/request"), await _operator.SubmitAsync(byHand, ByHand, s_toMaja)])
        {
            Assert.Contains("is suspended and sends nothing", refused.Is(400).Html, StringComparison.Ordinal);
        }

        Assert.Equal(0, await _server.CountAsync("prompt"));
        await _server.Get<UserAccounts>().SuspendAsync("furni", false, default);
        (await _operator.SubmitAsync(byHand, ByHand, s_toMaja)).Is(303);
    }

    [Fact]
    public async Task Nothing_is_emailed_to_an_address_that_nobody_proved_nor_kept_of_somebody_who_was_removed()
    {
        await using var server = await TestServer.StartAsync(engine, "PublicUrl=http://localhost:5000", "Mail:Host=127.0.0.1", "Mail:Port=9", "Mail:Tls=none", "Mail:From=feedback@mail.example");
        var furni = await server.UserAsync("furni");
        await server.Get<Allowlist>().AllowSenderAsync(furni.Id, new(null, null, null, null), default);
        var (other, victim) = (await server.MembershipAsync(Role.Owner, furni), await server.MembershipAsync(Role.Owner, furni, email: "victim@elsewhere.example"));
        var page = (await victim.GetAsync(SetUp)).Is(200);
        (await victim.SubmitAsync(page, $"{SetUp}/business", ("name", "Furni"), ("privacy_url", "https://furni.example/p"), ("language", ""))).Is(303);

        Assert.Contains("Nobody has proved", (await victim.SubmitAsync(page, $"{SetUp}/request", ("by", "email"))).Is(400).Html, StringComparison.Ordinal);
        (await victim.SubmitAsync(page, $"{SetUp}/request", ("by", "link"))).Is(303);
        Assert.Equal(0, await server.CountAsync("dispatch"));
        Assert.Equal(0, await server.CountAsync("account", "mail is not null"));

        await server.Server.Store.Main.WriteAsync(session => session.Sql("update person set proved_at = 1 where mail = 'victim@elsewhere.example'").RunAsync(default), default);
        (await victim.SubmitAsync(page, $"{SetUp}/request", ("by", "email"))).Is(303);
        Assert.Equal(1, await server.CountAsync("dispatch"));
        Assert.Equal((1, 1), (await server.CountAsync("account", "mail = 'victim@elsewhere.example'"), await server.CountAsync("exempt")));

        var people = (await other.GetAsync("/console/@furni/people")).Is(200);
        var id = (await server.Get<Memberships>().FindAsync("victim@elsewhere.example", default))!.Value;
        (await other.PostAsync("/console/@furni/people/remove", [.. people.HiddenOf("/console/sign-out"), ("person", $"{id}"), (Confirmation.Field, "yes")])).Is(303);
        Assert.Equal((0, 0), (await server.CountAsync("account", "mail is not null"), await server.CountAsync("exempt")));
    }

    [Fact]
    public async Task A_sender_has_fifty_apps_at_most_and_makes_no_more_in_a_day_by_removing_them()
    {
        await OpenAsync();
        var (furni, apps) = (await FurniAsync(), _server.Get<Apps>());
        await _server.Server.Store.Main.WriteAsync(
            async session =>
            {
                for (var i = 0; i < 49; i++) await apps.IssueTokenAsync(session, (await apps.AddAsync(session, "Desk", [], allowed: false, default)).ConsumerKey, furni.Id, Permission.Read, default);
                return 0;
            },
            default);
        var owner = await _server.MembershipAsync(Role.Owner, furni);
        var (one, two) = ((await _operator.GetAsync("/console/@furni/apps")).Is(200), (await owner.GetAsync("/console/@furni/apps")).Is(200));
        static Task<Page> AddAsync(TestBrowser browser, Page page) => browser.SubmitAsync(page, "/console/@furni/apps/add", ("name", "Desk"));

        Assert.Equal([303, 400], (await Task.WhenAll(AddAsync(_operator, one), AddAsync(owner, two))).Select(answer => answer.Status).Order());
        Assert.Equal(50, await _server.CountAsync("app"));

        // What has no token any more is an app all the same.
        foreach (var app in await apps.ApprovedByAsync(furni.Id, default)) await apps.DisapproveAsync(furni.Id, app.Id, default);
        for (var i = 1; i < 50; i++) await _server.Get<AuditLog>().NoteAsync(furni.Id, Member.CommandLine, AuditAction.Changed, "created app Desk (key) with a token", default);
        Assert.Contains("in the last 24 hours", (await AddAsync(owner, two)).Is(400).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_checklist_is_for_owners_and_goes_away_with_its_last_step()
    {
        await OpenAsync();
        var furni = await FurniAsync();
        var supervisor = await _server.MembershipAsync(Role.Supervisor, furni);
        Assert.Contains($"href=\"{SetUp}#request\"", (await _operator.GetAsync("/console/@furni/overview")).Is(200).Html, StringComparison.Ordinal);
        Assert.DoesNotContain("set-up", (await supervisor.GetAsync("/console/@furni/overview")).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains($"href=\"{SetUp}#source\"", (await _operator.GetAsync("/console/admin/health")).Is(200).Html, StringComparison.Ordinal);

        var app = await _server.AppAsync();
        var (token, ana) = (await _server.TokenAsync(app, furni), await _server.UserAsync("ana"));
        var asked = (await _server.PostAsync(token, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{ana.Id}"), ("message", "m"), ("privacy_url", "https://furni.example/p"))).Is(200);
        Assert.Contains($"href=\"{SetUp}#answer\"", (await _operator.GetAsync("/console/@furni/overview")).Html, StringComparison.Ordinal);
        (await _server.PostAsync(await _server.TokenAsync(app, ana), $"/1.1/feedback/submit/{asked.Text("id")}.json", ("score", "5"))).Is(200);

        Assert.DoesNotContain("class=\"checklist\"", (await _operator.GetAsync("/console/@furni/overview")).Html, StringComparison.Ordinal);
        Assert.DoesNotContain("class=\"checklist\"", (await _operator.GetAsync("/console/admin/health")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_by_hand_reaches_its_customer_within_the_limits_of_calls()
    {
        await OpenAsync();
        await _server.UserAsync("maja");
        var supervisor = await _server.MembershipAsync(Role.Supervisor, await FurniAsync());
        var (page, fields) = ((await supervisor.GetAsync(ByHand)).Is(200), s_toMaja);

        Assert.Contains("/f/", (await supervisor.DoAsync(page, ByHand, fields)).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("The next one is possible", (await supervisor.SubmitAsync(page, ByHand, fields)).Is(400).Html, StringComparison.Ordinal);
        Assert.Contains("no customer with this username", (await supervisor.SubmitAsync(page, ByHand, [("to", "nobody"), .. fields[1..]])).Is(400).Html, StringComparison.Ordinal);

        Assert.Equal(1, await _server.CountAsync("prompt", "type = 2 and test = 0"));
        // What was refused is written down, too.
        Assert.Equal(2, await _server.CountAsync("audit", "what = 'request to @maja by hand'"));
    }

    [Fact]
    public async Task A_script_that_looks_by_itself_takes_no_secret_from_the_person_who_comes_to_read_it()
    {
        await OpenAsync();
        var sent = (await _operator.SubmitAsync(await _operator.GetAsync(SetUp), $"{SetUp}/request")).Is(303);
        _operator.AsksByItself = true;
        Assert.DoesNotContain("Open the card", (await _operator.GetAsync(sent.Location)).Is(200).Html, StringComparison.Ordinal);

        _operator.AsksByItself = false;
        Assert.Contains("Open the card", (await _operator.GetAsync(sent.Location)).Is(200).Html, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task OpenAsync() => Assert.Equal(SetUp, (await _operator.SubmitAsync(await _operator.GetAsync(Opening), Opening, [.. s_furni, ("owner", "me")])).Is(303).Location);

    private async Task<User> FurniAsync() => (await _server.Get<UserAccounts>().FindAsync("furni", default))!;

    private static OAuthCredentials KeysOf(Page shown) =>
        Secret().Matches(shown.Is(200).Html) is [var key, var secret, var token, var tokenSecret, ..] ? new(Of(key), Of(secret), Of(token), Of(tokenSecret)) : throw new InvalidOperationException($"No keys: {shown.Html}");

    private static string Of(Match match) => match.Groups[1].Value;

    private static string RecipientOf(Page shown) => Recipient().Match(shown.Html).Groups[1].Value;

    [GeneratedRegex("<dd><code class=\"secret\">([^<]+)</code>")]
    private static partial Regex Secret();

    [GeneratedRegex("to_user_id=([0-9]+)")]
    private static partial Regex Recipient();

    [GeneratedRegex("href=\"([^\"]+/f/[^\"]+)\"")]
    private static partial Regex Card();
}

public sealed class SqliteSetUpPageTests() : SetUpPageTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresSetUpPageTests() : SetUpPageTests(Engine.Postgres);
