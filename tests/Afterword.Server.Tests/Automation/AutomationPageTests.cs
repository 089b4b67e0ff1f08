using System.Net;
using System.Text.RegularExpressions;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Automation;

/// <summary>The page Automation: how far conversations came, why no further, and what an owner can switch.</summary>
public abstract partial class AutomationPageTests(Engine engine) : IAsyncLifetime
{
    private const string Page = "/console/@furni/automation";

    private const string Rules =
        $$$$"""
        {"recipient_interval_days":0,"rules":[
          {"name":"never spam","when":{"tags_any":["spam"]},"ask":null},
          {"name":"nobody","when":{"teams":["night"]},"ask":{"type":"csat","delay":"PT0S","share":0,"privacy_url":"https://furni.example/privacy","message":{"en":"Hi"}}},
          {"name":"later","when":{"tags_any":["later"]},"ask":{"type":"csat","delay":"P1D","privacy_url":"https://furni.example/privacy","message":{"en":"Hi"}}},
          {"name":"sales","when":{"agents":["kenji","zoe"]},"ask":{{{{RulesFixture.Ask}}}}}]}
        """;

    private RulesFixture _world = null!;
    private TestBrowser _supervisor = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await RulesFixture.StartAsync(engine);
        _supervisor = await _world.Server.MembershipAsync(Role.Supervisor, _world.Fixture.Furni);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task The_funnel_counts_each_step_and_says_why_others_went_no_further()
    {
        await FillAsync();

        var page = await ReadAsync(Page);

        Assert.Equal((8, 5, 4, 3, 3, 2, 1), StepsOf(page));
        foreach (var (step, reason, count) in new[]
        {
            ("Closed", "No rule fits", 1), ("Closed", "A rule says no, or requests were off", 2), ("Eligible", "Not in the sample", 1), ("Scheduled", "Waiting until it is due", 1), ("Delivered", "No response yet", 1), ("Scored", "No comment", 1),
        })
        {
            Assert.Equal(count, EndOf(page, step, reason));
        }

        Assert.Equal("2 2 2 2 100%", PartOf(page, "agent", "kenji"));
        Assert.Equal("2 0 0 0 –", PartOf(page, "tag", "spam"));
        Assert.Equal("1 1 0 0 –", PartOf(page, "team", "night"));
        Assert.Equal("3 3 3 2 66.7%", PartOf(page, "rule", "sales"));
    }

    [Fact]
    public async Task Filters_combine_and_tests_stand_apart()
    {
        await FillAsync();
        await _world.CloseAsync("test", ("test", "true"));

        Assert.Equal(2, StepsOf(await ReadAsync($"{Page}?agent=kenji")).Closed);
        Assert.Equal(1, StepsOf(await ReadAsync($"{Page}?agent=kenji&tag=vip")).Closed);
        Assert.Contains("Agent: kenji", await ReadAsync($"{Page}?agent=kenji&tag=vip"), StringComparison.Ordinal);
        Assert.Contains("No closed conversations match the filter", await ReadAsync($"{Page}?agent=kenji&tag=spam"), StringComparison.Ordinal);
        Assert.Contains("No closed conversations", await ReadAsync($"{Page}?tag=vi"), StringComparison.Ordinal);
        Assert.Equal(1, StepsOf(await ReadAsync($"{Page}?test=true")).Closed);
        Assert.Equal(8, StepsOf(await ReadAsync($"{Page}?language=en&channel=built-in")).Closed);
        Assert.Contains("No closed conversations", await ReadAsync($"{Page}?language=de"), StringComparison.Ordinal);
        foreach (var wrong in new[] { "range=8", "from=yesterday", "from=2026-01-05&to=2026-01-04", "decision=maybe", "channel=fax", "language=-", "agent=a&agent=b", "from=2010-01-01", "before=x" })
        {
            var refused = (await _supervisor.GetAsync($"{Page}?{wrong}")).Is(400).Html;
            Assert.Contains("class=\"note bad\"", refused, StringComparison.Ordinal);
            Assert.Contains("href=\"?range=30\"", refused, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_late_response_counts_on_the_day_of_the_close()
    {
        await _world.RuleAsync(RulesFixture.Everybody());
        await _world.CloseAsync("late");
        await _world.DrainAsync();
        var asked = await _world.Server.Server.Store.Main.ReadAsync(session => session.Sql("select prompt_id from conversation").FirstAsync(row => row.GetInt64(0), default), default);
        await _world.Server.AdvanceAsync(TimeSpan.FromDays(2));
        (await _world.Fixture.SubmitAsync(RulesFixture.Text(asked), ("score", "5"))).Is(200);
        _supervisor = await _world.Server.MembershipAsync(Role.Supervisor, _world.Fixture.Furni);

        Assert.Equal((1, 1, 1, 1, 1, 1, 0), StepsOf(await ReadAsync($"{Page}?from=2026-01-05&to=2026-01-05")));
        Assert.Contains("No closed conversations", await ReadAsync($"{Page}?from=2026-01-06&to=2026-01-07"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Three_clicks_lead_to_why_a_customer_was_not_asked()
    {
        await FillAsync();

        var menu = await ReadAsync("/console/@furni/asked");
        Assert.Contains($"href=\"{Page}\"", menu, StringComparison.Ordinal);
        var found = await ReadAsync($"{Page}?find=spam-1");
        Assert.Equal(1, Regex.Count(found, "class=\"ticket\""));
        var one = await ReadAsync(FirstLine().Match(found).Groups[1].Value);

        Assert.Contains("Why the customer was not asked", one, StringComparison.Ordinal);
        Assert.Contains("The rule “never spam” fits, and says that nobody is asked.", one, StringComparison.Ordinal);

        // Someone asked all the same: a supervisor must not tell the customer that nobody did.
        (await _world.Server.PostAsync(
            _world.Fixture.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", RulesFixture.Text(_world.Fixture.Ana.Id)), ("message", "Hello"), ("privacy_url", "https://a.example"), ("external_id", "spam-1"), ("test", "false"))).Is(200);
        one = await ReadAsync(FirstLine().Match(found).Groups[1].Value);
        Assert.Contains("Why the rules did not ask the customer", one, StringComparison.Ordinal);
        Assert.Contains("Somebody made a request about this ticket by hand on", one, StringComparison.Ordinal);
        Assert.Contains("<strong>Requested by hand</strong>", one, StringComparison.Ordinal);
        Assert.Equal(1, Regex.Count(await ReadAsync(Page), "requested by hand</span>"));
        Assert.Contains("asked by hand", await ReadAsync("/console/@furni/asked?q=spam-1"), StringComparison.Ordinal);
        var sampled = await ReadAsync(FirstLine().Match(await ReadAsync($"{Page}?find=night-1")).Groups[1].Value);
        Assert.Contains("asks about 0% of its conversations", sampled, StringComparison.Ordinal);
        Assert.Contains("It does not fit: it wants one of the tags “spam”.", sampled, StringComparison.Ordinal);
        Assert.Equal(8, Regex.Count(await ReadAsync($"{Page}?find=%40ana"), "class=\"ticket\""));
        Assert.Contains("No conversation matches", await ReadAsync($"{Page}?find=%40furni"), StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(await ReadAsync($"{Page}?reason=rule_says_no"), "class=\"ticket\""));
        Assert.Equal(1, Regex.Count(await ReadAsync($"{Page}?decision=scheduled"), "class=\"ticket\""));
    }

    [Fact]
    public async Task The_list_goes_on_where_the_page_ended()
    {
        for (var i = 0; i < 53; i++) await _world.CloseAsync($"ticket_{i}");

        var newest = await ReadAsync(Page);
        var older = await ReadAsync(Page + WebUtility.HtmlDecode(Older().Match(newest).Groups[1].Value).Split('#')[0]);

        Assert.Equal(50, Regex.Count(newest, "class=\"ticket\""));
        Assert.Equal(3, Regex.Count(older, "class=\"ticket\""));
        Assert.Contains(">ticket_3<", newest, StringComparison.Ordinal);
        Assert.Contains(">ticket_2<", older, StringComparison.Ordinal);
        Assert.DoesNotContain("rel=\"next\"", older, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_file_holds_what_the_filter_shows_and_no_formula()
    {
        await FillAsync();
        await _world.CloseAsync("=1+1", ("agent", "mallory"));

        var all = (await _supervisor.GetAsync($"{Page}/file")).Is(200).Html;
        var one = (await _supervisor.GetAsync($"{Page}/file?agent=mallory")).Is(200).Html;

        Assert.Equal(10, all.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith(ExportConversations.Header, one, StringComparison.Ordinal);
        Assert.Contains("\"'=1+1\",ana,mallory,,,", one, StringComparison.Ordinal);
        Assert.Contains(",skipped,no_rule,,1,", one, StringComparison.Ordinal);
        Assert.All(one.Split("\r\n", StringSplitOptions.RemoveEmptyEntries), line => Assert.Equal(ExportConversations.Header.Count(letter => letter == ','), line.Count(letter => letter == ',')));
        Assert.Equal(2, await _world.Server.CountAsync("audit", $"deed = {(int)AuditAction.Exported}"));
    }

    [Fact]
    public async Task An_owner_turns_all_requests_off_and_on_with_a_confirmation()
    {
        await _world.RuleAsync(Rules);
        var owner = await _world.Server.MembershipAsync(Role.Owner, _world.Fixture.Furni);
        var page = (await owner.GetAsync(Page)).Is(200);
        Assert.DoesNotContain("automation/switch", await ReadAsync(Page), StringComparison.Ordinal);

        (await owner.SubmitAsync(page, $"{Page}/switch")).Is(400);
        Assert.Equal("asked", (await AskedAsync("before")).Outcome);
        (await owner.SubmitAsync(page, $"{Page}/switch", ("confirm", "yes"))).Is(303);
        var off = await AskedAsync("while");
        Assert.Equal("skipped: rule_says_no", off.Outcome);

        Assert.Contains("Automatic requests are off", await ReadAsync(Page), StringComparison.Ordinal);
        Assert.Contains("fits, but automatic requests were turned off.", await ReadAsync($"{Page}/{off.Text("id")}"), StringComparison.Ordinal);
        Assert.Contains("Automatic requests are off. Version 2", await ReadAsync("/console/@furni/rules"), StringComparison.Ordinal);
        (await owner.SubmitAsync(page, $"{Page}/switch", ("confirm", "yes"))).Is(409);
        Assert.Equal(1, await _world.Server.CountAsync("audit", "what = 'automation rules: version 2, requests turned off'"));
        (await owner.SubmitAsync((await owner.GetAsync(Page)).Is(200), $"{Page}/switch", ("confirm", "yes"))).Is(303);
        Assert.Equal("asked", (await AskedAsync("after")).Outcome);

        // Rules that a person paused go on by the same switch, and are another matter until then.
        await _world.RuleAsync(Rules.Replace("\"rules\"", "\"paused\":true,\"rules\"", StringComparison.Ordinal));
        Assert.Equal("skipped: paused", (await AskedAsync("paused")).Outcome);
        Assert.Contains("Automatic requests are paused", await ReadAsync(Page), StringComparison.Ordinal);
        (await owner.SubmitAsync((await owner.GetAsync(Page)).Is(200), $"{Page}/switch", ("confirm", "yes"))).Is(303);
        Assert.Equal("asked", (await AskedAsync("resumed")).Outcome);
        Assert.Contains("\"never spam\"", (await _world.Server.GetAsync(_world.Fixture.Sender, "/1.1/feedback/rules.json")).Is(200).Body, StringComparison.Ordinal);
    }

    private async Task<Answer> AskedAsync(string external)
    {
        var closed = await _world.CloseAsync(external, ("agent", "zoe"));
        await _world.DrainAsync();
        return await _world.ShowAsync(closed.Text("id"));
    }

    // One that no rule fits, two that a rule refuses, one outside of the sample, one that waits, three that were asked, of which two were scored, one with a comment.
    private async Task FillAsync()
    {
        await _world.RuleAsync(Rules);
        await _world.CloseAsync("other");
        await _world.CloseAsync("spam-1", ("tags", "spam"));
        await _world.CloseAsync("spam-2", ("tags", "spam,late"));
        await _world.CloseAsync("night-1", ("team", "night"));
        await _world.CloseAsync("later-1", ("tags", "later"));
        foreach (var (agent, score, text) in new[] { ("kenji", "4", (string?)"Fine"), ("kenji", "2", null), ("zoe", null, null) })
        {
            var closed = await _world.CloseAsync($"{agent} {score}", ("agent", agent), ("tags", text is null ? "" : "vip,spam\u0323"));
            await _world.DrainAsync();
            var id = (await _world.ShowAsync(closed.Text("id"))).Text("feedback_id");
            if (score is not null) (await _world.Fixture.SubmitAsync(id, ("score", score))).Is(200);
            if (text is not null) (await _world.Fixture.SubmitAsync(id, ("text", text))).Is(200);
        }
    }

    private async Task<string> ReadAsync(string path) => WebUtility.HtmlDecode((await _supervisor.GetAsync(path)).Is(200).Html);

    private static (long Closed, long Eligible, long Scheduled, long Asked, long Delivered, long Scored, long Commented) StepsOf(string page)
    {
        var steps = Step().Matches(page).Select(step => long.Parse(step.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.True(steps.Length == 7, page);
        return (steps[0], steps[1], steps[2], steps[3], steps[4], steps[5], steps[6]);
    }

    private static long EndOf(string page, string step, string reason)
    {
        var ends = Regex.Match(page, $"aria-label=\"{step}, and no further\">(.*?)</ul>", RegexOptions.Singleline).Groups[1].Value;
        return long.Parse(Regex.Match(ends, $"<span class=\"number\">(\\d+)</span>\\s*<(?:a[^>]*|span)>{reason}<", RegexOptions.Singleline) is { Success: true } found ? found.Groups[1].Value : "0", System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string PartOf(string page, string table, string value)
    {
        var rows = Regex.Match(page, $"<caption id=\"by-{table}\">(.*?)</table>", RegexOptions.Singleline).Groups[1].Value;
        var row = Regex.Match(rows, $"<bdi>{value}</bdi>(.*?)</tr>", RegexOptions.Singleline).Groups[1].Value;
        return string.Join(' ', Regex.Matches(row, "<td[^>]*>([^<]*)</td>").Select(cell => cell.Groups[1].Value));
    }

    [GeneratedRegex("<span class=\"step-name\"><strong>(\\w+)</strong>.*?<span class=\"step-number\"><strong>([0-9]+)</strong>", RegexOptions.Singleline)]
    private static partial Regex Step();

    [GeneratedRegex("<td class=\"ticket\"><a href=\"([^\"]+)\"")]
    private static partial Regex FirstLine();

    [GeneratedRegex("rel=\"next\" href=\"([^\"]+)\"")]
    private static partial Regex Older();
}

public sealed class SqliteAutomationPageTests() : AutomationPageTests(Engine.Sqlite)
{
    [Fact]
    public async Task A_page_reads_so_many_conversations_and_says_since_when()
    {
        await using var world = await RulesFixture.StartAsync(Engine.Sqlite);
        await world.RuleAsync(RulesFixture.Everybody());
        var id = (await world.CloseAsync("copied", ("agent", "kenji"))).Text("id");
        await world.RunAsync(
            $"""
            insert into conversation (sender_id, id, external_id, recipient_id, test, agent, channel, card_base, closed_at, created_at, updated_at, closes, decision, reason, rules_version, rule)
            with recursive copy(i) as (select 1 union all select i + 1 from copy where i < {ReadFunnel.MostRead + 2_000})
            select sender_id, id - i * 4194304, external_id || i, recipient_id, test, agent, channel, card_base, closed_at - i * 10000, created_at - i * 10000, created_at, 1, 2, 1, 1, rule from conversation cross join copy where id = {id}
            """);
        var supervisor = await world.Server.MembershipAsync(Role.Supervisor, world.Fixture.Furni);

        var page = (await supervisor.GetAsync("/console/@furni/automation")).Is(200).Html;

        Assert.Contains("only those closed since", page, StringComparison.Ordinal);
        Assert.Matches("<strong>49,9[0-9]{2}</strong>", page);
        Assert.DoesNotContain("only those closed since", (await supervisor.GetAsync("/console/@furni/automation?from=2026-01-04")).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("Nothing was found back to", (await supervisor.GetAsync("/console/@furni/automation?decision=failed")).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("No conversation matches", (await supervisor.GetAsync("/console/@furni/automation?find=%40furni")).Is(200).Html, StringComparison.Ordinal);
    }
}

[LongForm]
public sealed class PostgresAutomationPageTests() : AutomationPageTests(Engine.Postgres);
