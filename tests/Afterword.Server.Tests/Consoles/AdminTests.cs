using System.Text.RegularExpressions;
using Afterword.Server.Allowlists;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>The audit log, and the operators' pages.</summary>
public abstract partial class AdminTests(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private User _furni = null!;
    private TestBrowser _operator = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine);
        _furni = await _server.UserAsync("furni");
        _operator = await _server.MembershipAsync(Role.Operator);
    }

    [Fact]
    public async Task An_owner_reads_what_was_done_at_the_sender_and_nothing_else()
    {
        var other = await _server.UserAsync("other");
        var owner = await _server.MembershipAsync(Role.Owner, _furni);
        await _server.PersonAsync(Role.Agent, other, "elsewhere@other.example");

        var page = (await owner.GetAsync("/console/@furni/audit")).Is(200).Html;

        Assert.Contains("added owner@furni.example as owner", page, StringComparison.Ordinal);
        Assert.DoesNotContain("elsewhere@other.example", page, StringComparison.Ordinal);
        var all = (await _operator.GetAsync("/console/admin/audit")).Is(200).Html;
        Assert.Contains("elsewhere@other.example", all, StringComparison.Ordinal);
        Assert.Contains("@furni", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_goes_on_where_the_page_ended_and_shows_one_kind_alone()
    {
        var owner = await _server.MembershipAsync(Role.Owner, _furni);
        var membership = new Membership(new(7, "ana@furni.example", "Ana", 0, []), new(_furni.Id, "furni", "Furni", Role.Analyst));
        for (var n = 0; n < 52; n++) await _server.Get<AuditLog>().NoteAsync(membership, AuditAction.Saw, $"answers {n}.", default);
        await _server.Get<AuditLog>().NoteAsync(membership, AuditAction.Exported, "figures\r\n\u0000 of January", default);

        var newest = (await owner.GetAsync("/console/@furni/audit?deed=saw")).Is(200).Html;
        var older = (await owner.GetAsync(System.Net.WebUtility.HtmlDecode(Older().Match(newest).Groups[1].Value))).Is(200).Html;

        Assert.Equal(50, Regex.Count(newest, "<th scope=\"row\">"));
        Assert.Contains("answers 51.", newest, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(older, "<th scope=\"row\">"));
        Assert.Contains("answers 0.", older, StringComparison.Ordinal);
        Assert.Contains("figures of January", (await owner.GetAsync("/console/@furni/audit?deed=exported")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_in_is_written_down_without_a_secret()
    {
        var ana = await Newcomer.SettledAsync(_server, Role.Owner, _furni);
        await ana.SignInAsync();

        var page = (await _operator.GetAsync("/console/admin/audit?deed=signed%20in")).Is(200).Html;

        Assert.Contains(ana.Email, page, StringComparison.Ordinal);
        Assert.Equal(0, await _server.CountAsync("audit", $"what like '%{Newcomer.Password}%' or what like '%{ana.Code}%'"));
    }

    [Fact]
    public async Task An_operator_lets_a_sender_in_and_invites_its_owner_but_not_themselves()
    {
        const string senders = "/console/admin/senders";
        var page = (await _operator.GetAsync(senders)).Is(200);

        (await _operator.SubmitAsync(page, $"{senders}/allow", ("sender", "@nobody"))).Is(400);
        Assert.Contains("@furni may ask for feedback.", (await _operator.DoAsync(page, $"{senders}/allow", ("sender", "@Furni"))).Is(200).Html, StringComparison.Ordinal);
        Assert.Single(await _server.Get<Allowlist>().SendersAsync(default));
        (await _operator.SubmitAsync(page, $"{senders}/owner", ("sender", "furni"), ("mail", "operator@place.example"))).Is(400);
        Assert.Contains("/console/invitation/", (await _operator.DoAsync(page, $"{senders}/owner", ("sender", "furni"), ("mail", "ana@furni.example"))).Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(1, await _server.CountAsync("person_role", $"sender_id = {_furni.Id}"));

        // A second address of the operator's own could come after the first owner.
        Assert.Contains("@furni has an owner", (await _operator.SubmitAsync(page, $"{senders}/owner", ("sender", "furni"), ("mail", "operator+2@place.example"))).Is(400).Html, StringComparison.Ordinal);
        Assert.Equal(1, await _server.CountAsync("person_role", $"sender_id = {_furni.Id}"));

        var asked = (await _operator.SubmitAsync(await _operator.GetAsync(senders), $"{senders}/deny")).Is(200);
        Assert.Single(await _server.Get<Allowlist>().SendersAsync(default));
        (await _operator.DoAsync(asked, $"{senders}/deny")).Is(200);
        Assert.Empty(await _server.Get<Allowlist>().SendersAsync(default));
        Assert.Equal(2, await _server.CountAsync("audit", "sender_id = 0 and what like '%sender @furni'"));
    }

    [Fact]
    public async Task Of_operators_who_race_one_names_the_first_owner()
    {
        const string senders = "/console/admin/senders";
        await _server.Get<Allowlist>().AllowSenderAsync(_furni.Id, new(null, null, null, null), default);
        var page = (await _operator.GetAsync(senders)).Is(200);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => _operator.SubmitAsync(page, $"{senders}/owner", ("sender", "furni"), ("mail", $"owner{n}@furni.example"))));

        Assert.Equal(1, answers.Count(answer => answer.Status == 303));
        Assert.Equal(1, await _server.CountAsync("person_role", $"sender_id = {_furni.Id}"));
    }

    [Fact]
    public async Task An_operator_allows_and_suspends_apps_and_sees_no_secret()
    {
        var app = await _server.AppAsync(allowed: false);
        const string apps = "/console/admin/apps";
        var page = (await _operator.GetAsync(apps)).Is(200);
        Assert.DoesNotContain(app.ConsumerSecret, page.Html, StringComparison.Ordinal);

        (await _operator.SubmitAsync(page, $"{apps}/change", ("act", "allow"))).Is(303);
        var asked = (await _operator.SubmitAsync(page, $"{apps}/change", ("act", "suspend"))).Is(200);
        Assert.DoesNotContain(await _server.Get<Apps>().ListAsync(default), one => one.Suspended);
        (await _operator.SubmitAsync(asked, $"{apps}/change")).Is(303);
        (await _operator.SubmitAsync(page, $"{apps}/change", ("act", "erase"))).Is(303);

        var changed = Assert.Single(await _server.Get<Apps>().ListAsync(default));
        Assert.True(changed is { Allowed: true, Suspended: true });
        Assert.Equal(2, await _server.CountAsync("audit", $"what like '%{app.ConsumerKey}%'"));
    }

    [Fact]
    public async Task What_cannot_be_written_down_is_not_done()
    {
        const string senders = "/console/admin/senders", apps = "/console/admin/apps";
        var app = await _server.AppAsync();
        await _server.Get<Allowlist>().AllowSenderAsync(_furni.Id, new(null, null, null, null), default);
        var (ofSenders, ofApps) = (await _operator.GetAsync(senders), await _operator.GetAsync(apps));

        await _server.RenameAsync("audit", "lost");
        (await _operator.SubmitAsync(ofSenders, $"{senders}/deny", (Confirmation.Field, "yes"))).Is(500);
        (await _operator.SubmitAsync(ofApps, $"{apps}/change", ("act", "suspend"), (Confirmation.Field, "yes"))).Is(500);
        await _server.RenameAsync("lost", "audit");

        Assert.Single(await _server.Get<Allowlist>().SendersAsync(default));
        Assert.False(Assert.Single(await _server.Get<Apps>().ListAsync(default), listed => listed.ConsumerKey == app.ConsumerKey).Suspended);
    }

    [Fact]
    public async Task Health_says_which_store_runs()
    {
        var page = (await _operator.GetAsync("/console/admin/health")).Is(200).Html;
        Assert.Contains(_server.Server.Store.Main.Engine, page, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [GeneratedRegex("href=\"([^\"]+)\" rel=\"next\"")]
    private static partial Regex Older();
}

public sealed class SqliteAdminTests() : AdminTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresAdminTests() : AdminTests(Engine.Postgres);
