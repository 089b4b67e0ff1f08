using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Automation;

/// <summary>The page Fairness: what it counts for each agent, and whom it names.</summary>
public abstract class FairnessPageTests(Engine engine) : IAsyncLifetime
{
    private const string Page = "/console/@furni/fairness";

    private RulesFixture _world = null!;
    private TestBrowser _supervisor = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await RulesFixture.StartAsync(engine);
        _supervisor = await _world.Server.MembershipAsync(Role.Supervisor, _world.Fixture.Furni);
        await _world.RuleAsync(RulesFixture.Everybody("\"share\":0.5,\"delay\":\"P1D\"", "\"recipient_interval_days\":0,").Replace("\"delay\":\"PT0S\",", "", StringComparison.Ordinal));

        // Fair agents are named in one of twenty worlds. The draws of this one are the same in every run.
        var store = _world.Server.Server.Store;
        await store.Main.WriteAsync(session => session.Sql("update automation set sampling_key = @key").Bind("key", store.Secrets.Protect([7])).RunAsync(default), default);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task It_counts_by_agent_and_names_nobody_where_all_are_fair()
    {
        for (var i = 0; i < 20; i++) await _world.CloseAsync($"ticket_{i}", ("agent", i % 2 == 0 ? "kenji" : "zoe"));
        await _world.CloseAsync("test", ("agent", "zoe"), ("test", "true"));
        await _world.CloseAsync("unnamed");
        await _world.Fixture.AskAsync(more: ("agent", "zoe"));
        await _world.Fixture.AskAsync("csat", ("agent", "zoe"), ("test", "true"));
        for (var i = 0; i < 2; i++) await _world.Fixture.AskAsync();
        var scheduled = await _world.Server.CountAsync("conversation", "agent = 'kenji' and decision = 0");

        var page = await ReadAsync();

        Assert.Equal(("10", "10", "50.0%", "0 (expected 0.5)", $"0 of {scheduled}"), RowOf(page, "kenji"));
        Assert.Equal("1 (expected 0.5)", RowOf(page, "zoe").ByHand);
        Assert.Contains("Nobody stands out", page, StringComparison.Ordinal);
        Assert.Contains("1 conversation without an agent. 2 requests made by hand without an agent.", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Automatic_requests_are_none_by_hand_and_reopened_ones_are_withdrawn()
    {
        for (var i = 0; i < 6; i++) await _world.CloseAsync($"ticket_{i}", ("agent", "kenji"));
        var withdrawn = (await IdsAsync("decision = 0"))[0];
        (await _world.Server.PostAsync(_world.Fixture.Sender, "/1.1/feedback/conversations/reopen.json", ("external_id", withdrawn))).Is(200);
        var asked = (await IdsAsync("decision = 0")).Count;
        await _world.PassAsync(TimeSpan.FromDays(2));
        _supervisor = await _world.Server.MembershipAsync(Role.Supervisor, _world.Fixture.Furni);

        Assert.Equal(asked, await _world.Server.CountAsync("prompt", "automatic = 1"));
        Assert.Equal(("6", "6", "50.0%", "0", $"1 of {asked + 1}"), RowOf(await ReadAsync(), "kenji"));
        Assert.Equal(0, Regex.Count(await ReadAsync("?range=7&from=2026-01-06&to=2026-01-07"), "<bdi>kenji</bdi>"));
    }

    [Fact]
    public async Task A_ticket_that_is_closed_again_has_the_same_draw_and_counts_once()
    {
        for (var i = 0; i < 6; i++) await _world.CloseAsync($"ticket_{i}", ("agent", "kenji"));
        foreach (var ticket in await IdsAsync("decision = 0"))
        {
            (await _world.Server.PostAsync(_world.Fixture.Sender, "/1.1/feedback/conversations/reopen.json", ("external_id", ticket))).Is(200);
            await _world.CloseAsync(ticket, ("agent", "kenji"));
        }

        var scheduled = (await IdsAsync("decision = 0")).Count;
        Assert.True(scheduled > 0);

        // Whoever is asked after all was not picked; of each ticket the end counts.
        var row = RowOf(await ReadAsync(), "kenji");
        Assert.Equal((RulesFixture.Text(6 + scheduled), "6", $"0 of {scheduled}"), (row.Closed, row.Eligible, row.Withdrawn));

        var fickle = (await IdsAsync("decision = 0"))[0];
        for (var i = 0; i < 5; i++)
        {
            if (i > 0) await _world.CloseAsync(fickle, ("agent", "zoe"));
            (await _world.Server.PostAsync(_world.Fixture.Sender, "/1.1/feedback/conversations/reopen.json", ("external_id", fickle))).Is(200);
        }

        Assert.Equal(($"0 of {scheduled - 1}", "1 of 1"), (RowOf(await ReadAsync(), "kenji").Withdrawn, RowOf(await ReadAsync(), "zoe").Withdrawn));
    }

    [Fact]
    public async Task Tickets_that_are_closed_and_asked_about_every_month_name_nobody()
    {
        await _world.RuleAsync(RulesFixture.Everybody("\"share\":0.5,\"again\":true", "\"recipient_interval_days\":0,"));
        for (var month = 0; month < 2; month++)
        {
            await _world.Server.AdvanceAsync(TimeSpan.FromDays(40));
            for (var i = 0; i < 40; i++) await _world.CloseAsync($"chat_{i}", ("agent", i % 2 == 0 ? "kenji" : "zoe"));
            await _world.PassAsync(TimeSpan.FromSeconds(1));
        }

        var sampled = await _world.Server.CountAsync("prompt");
        _supervisor = await _world.Server.MembershipAsync(Role.Supervisor, _world.Fixture.Furni);
        var page = await ReadAsync();

        // Of the second month only those that are asked again are new decisions. They say nothing of the draw any more.
        Assert.Equal(40 + (sampled / 2), await _world.Server.CountAsync("conversation"));
        Assert.Contains("Nobody stands out", page, StringComparison.Ordinal);
        Assert.Equal("0", RowOf(page, "kenji").Eligible);
    }

    [Fact]
    public async Task An_agent_who_asks_by_hand_beside_the_rules_is_named()
    {
        for (var i = 0; i < 40; i++) await _world.CloseAsync($"ticket_{i}", ("agent", $"agent {i % 4}"));
        for (var i = 0; i < 12; i++) await _world.Fixture.AskAsync(more: ("agent", "agent 2"));
        await _world.Fixture.AskAsync(more: ("agent", "agent 1"));

        var page = await ReadAsync();

        Assert.Equal(1, Regex.Count(page, "stands out</span>"));
        Assert.Contains("12 requests were made by hand, outside the rules; 3.3 would be expected.", page, StringComparison.Ordinal);
        Assert.Contains("automation?agent=agent%202", page, StringComparison.Ordinal);

        // Their requests stand in the list of responses, answered or not, and those of the rules in another.
        await _world.PassAsync(TimeSpan.FromDays(2));
        _supervisor = await _world.Server.MembershipAsync(Role.Supervisor, _world.Fixture.Furni);
        var asked = await _world.Server.CountAsync("prompt", "automatic = 1 and agent = 'agent 2'");
        Assert.True(asked > 0);
        var requests = Regex.Match(await ReadAsync(), "<a href=\"([^\"]+)\">See these requests</a>").Groups[1].Value;
        Assert.Contains("origin=hand", requests, StringComparison.Ordinal);
        Assert.Equal(12, Regex.Count((await _supervisor.GetAsync(requests)).Is(200).Html, "class=\"score-cell\""));
        Assert.Equal(asked, Regex.Count((await _supervisor.GetAsync(requests.Replace("origin=hand", "origin=automatic", StringComparison.Ordinal))).Is(200).Html, "class=\"score-cell\""));
        (await _supervisor.GetAsync("/console/@furni/answers?origin=nobody")).Is(400);
        Assert.Contains("name=\"from\" value=\"2026-01-05\"", (await _supervisor.GetAsync($"{Page}?from=2026-01-05&to=2026-01-04")).Is(400).Html, StringComparison.Ordinal);
    }

    private Task<List<string>> IdsAsync(string where) => _world.Server.Server.Store.Main.ReadAsync(
        session => session.Sql($"select external_id from conversation where {where} order by id").ListAsync(row => row.GetString(0), default), default);

    private async Task<string> ReadAsync(string query = "") => WebUtility.HtmlDecode((await _supervisor.GetAsync(Page + query)).Is(200).Html);

    private static (string Closed, string Eligible, string Expected, string ByHand, string Withdrawn) RowOf(string page, string agent)
    {
        var row = Regex.Match(page, $"<bdi>{agent}</bdi></a>(.*?)</tr>", RegexOptions.Singleline).Groups[1].Value;
        string Cell(string label) => Regex.Replace(Regex.Match(row, string.Create(CultureInfo.InvariantCulture, $"data-label=\"{label}\">(.*?)</td>"), RegexOptions.Singleline).Groups[1].Value, "<[^>]*>", "");
        return (Cell("Closed"), Cell("Eligible"), Cell("Expected share"), Cell("By hand"), Cell("Withdrawn"));
    }
}

public sealed class SqliteFairnessPageTests() : FairnessPageTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresFairnessPageTests() : FairnessPageTests(Engine.Postgres);
