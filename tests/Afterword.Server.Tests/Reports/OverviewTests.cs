using System.Net;
using Afterword.Server.Console.Members;
using Afterword.Server.Messages.Inbox;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Stream = Afterword.Server.Tests.Inbox.Stream;

namespace Afterword.Server.Tests.Reports;

/// <summary>The metrics as people read them, and who may.</summary>
public abstract class OverviewTests(Engine engine) : IAsyncLifetime
{
    private const string Path = "/console/@furni/overview";

    private FeedbackFixture _fixture = null!;
    private int _guests;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Theory]
    [InlineData(Role.Owner, 200)]
    [InlineData(Role.Supervisor, 200)]
    [InlineData(Role.Analyst, 200)]
    [InlineData(Role.Agent, 403)]
    public async Task Metrics_are_for_owners_supervisors_and_analysts(Role role, int status)
    {
        await ScoresAsync("csat", 5, 5, 5, 5, 5);
        var browser = await _fixture.Server.MembershipAsync(role, _fixture.Furni);

        foreach (var path in (string[])[Path, $"{Path}?range=365", "/console/@furni/definitions"])
        {
            var page = (await browser.GetAsync(path)).Is(status);
            if (status == 403) Assert.DoesNotContain("100%", page.Html, StringComparison.Ordinal);
        }

        using var stream = await Stream.SendAsync(_fixture.Server, browser, $"{Path}/live", null);
        Assert.Equal(status, (int)stream.StatusCode);
    }

    [Fact]
    public async Task Break_downs_with_too_many_values_are_of_the_latest_days_and_say_so()
    {
        await ScoresAsync("csat", 5, 5, 5, 5, 5);
        var today = DateOnly.FromDateTime(_fixture.Server.Clock.GetUtcNow().UtcDateTime).DayNumber;

        // 4,000 agents on each of ten days, and 40,000 tags on one.
        await FillAsync(dimension: 1, values: 4_000, days: 10, today);
        await FillAsync(dimension: 2, values: 40_000, days: 1, today);
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);

        var page = (await owner.GetAsync(Path)).Is(200);

        Assert.Contains("Top 10 of 4,000 by answers. Since 31 Dec 2025: the whole period has too many agents to compare.", page.Html, StringComparison.Ordinal);
        Assert.Contains("The last day alone has too many tags to compare.", page.Html, StringComparison.Ordinal);

        // All of them can be seen, as many as a page takes, and searched.
        Assert.Contains("Show all 4,000", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("v100300", page.Html, StringComparison.Ordinal);
        var whole = (await owner.GetAsync($"{Path}?all=agent")).Is(200).Html;
        Assert.Contains("Top 1,000 of 4,000 by answers.", whole, StringComparison.Ordinal);
        Assert.Contains("v100300", whole, StringComparison.Ordinal);
        var found = (await owner.GetAsync($"{Path}?all=agent&find=V103999")).Is(200).Html;
        Assert.Contains("<bdi>v103999</bdi>", found, StringComparison.Ordinal);
        Assert.DoesNotContain("<bdi>v103998</bdi>", found, StringComparison.Ordinal);
        Assert.Contains("None of the agents has", (await owner.GetAsync($"{Path}?all=agent&find=nobody")).Is(200).Html, StringComparison.Ordinal);

        // One of them is found among all, on every day.
        Assert.Contains("40 answers", (await owner.GetAsync($"{Path}?only=agent:v100042")).Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operator_and_people_of_other_senders_see_no_metrics()
    {
        var other = await _fixture.Server.UserAsync("other");
        foreach (var browser in (TestBrowser[])[await _fixture.Server.MembershipAsync(Role.Operator), await _fixture.Server.MembershipAsync(Role.Owner, other)])
        {
            (await browser.GetAsync(Path)).Is(404);
            using var stream = await Stream.SendAsync(_fixture.Server, browser, $"{Path}/live", null);
            Assert.Equal(HttpStatusCode.NotFound, stream.StatusCode);
        }

        var nobody = (await new TestBrowser(_fixture.Server).GetAsync(Path)).Is(303);
        Assert.Contains("sign-in", nobody.Location, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_stand_on_the_page_as_their_definitions_say()
    {
        await ScoresAsync("csat", 5, 5, 4, 4, 4, 3, 2, 1);
        await _fixture.AskAsync();
        await _fixture.AskAsync();

        var html = await HtmlAsync("");
        Assert.Equal("62.5%", ValueOf(html, "CSAT"));
        Assert.Equal("3.50", ValueOf(html, "Average score"));
        Assert.Equal("10", ValueOf(html, "Requests sent"));
        Assert.Equal("80.0%", ValueOf(html, "Response rate"));
        Assert.Equal("0%", ValueOf(html, "Comment rate"));
        Assert.Equal("1.0 min", ValueOf(html, "Median time to answer"));

        await ScoresAsync("nps", 10, 10, 9, 7, 0);
        Assert.Equal("+40", ValueOf(await HtmlAsync("?type=nps"), "NPS"));
    }

    [Fact]
    public async Task A_late_answer_changes_the_day_that_was_asked()
    {
        var asked = (await _fixture.AskAsync()).Text("id");
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(20));
        (await _fixture.SubmitAsync(asked, ("score", "5"))).Is(200);

        Assert.Contains("No requests in this period", await HtmlAsync("?range=7"), StringComparison.Ordinal);
        Assert.Equal("1", ValueOf(await HtmlAsync("?range=30"), "Requests sent"));
        Assert.Contains("score t10", await HtmlAsync("?range=30"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fewer_than_five_answers_are_marked()
    {
        await ScoresAsync("csat", 5, 5, 5, 5);
        Assert.Contains("Too few to go by", await HtmlAsync(""), StringComparison.Ordinal);

        await ScoresAsync("csat", 5);
        Assert.DoesNotContain("Too few to go by", await HtmlAsync(""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_small_group_no_metric_is_shown_in_the_break_down_or_by_limiting_to_it()
    {
        await ScoresAsync("csat", ("agent", "zoe"), 5, 5, 5, 5, 5);
        await ScoresAsync("csat", ("agent", "max"), 1, 1, 1, 1);

        var html = await HtmlAsync("");
        Assert.Contains("fewer than 5", RowOf(html, "max"), StringComparison.Ordinal);
        Assert.DoesNotContain("0%</strong>", RowOf(html, "max"), StringComparison.Ordinal);
        Assert.Contains("100%</strong>", RowOf(html, "zoe"), StringComparison.Ordinal);

        html = await HtmlAsync("?only=agent:max");
        Assert.Equal("–", ValueOf(html, "CSAT"));
        Assert.Equal("–", ValueOf(html, "Average score"));
        Assert.DoesNotContain("<strong>4</strong>", html, StringComparison.Ordinal);
        Assert.Equal("100%", ValueOf(await HtmlAsync("?only=agent:zoe"), "CSAT"));
    }

    [Fact]
    public async Task Test_feedback_is_shown_by_its_switch_alone()
    {
        await ScoresAsync("csat", ("test", "1"), 1, 1, 1, 1, 1);

        Assert.Contains("No requests in this period", await HtmlAsync(""), StringComparison.Ordinal);
        Assert.Equal("0%", ValueOf(await HtmlAsync("?test=1"), "CSAT"));
    }

    [Fact]
    public async Task A_change_is_told_with_its_sign_and_whether_it_is_more_than_chance()
    {
        await ScoresAsync("csat", [.. Enumerable.Repeat(2, 20)]);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(10));
        await ScoresAsync("csat", [.. Enumerable.Repeat(5, 20)]);

        var html = WebUtility.HtmlDecode(await HtmlAsync("?range=7"));
        Assert.Contains("+100.0 points", html, StringComparison.Ordinal);
        Assert.Contains("<span class=\"soft\">significant</span>", html, StringComparison.Ordinal);
        Assert.Contains("change good", html, StringComparison.Ordinal);
        Assert.Contains("period before, 0%", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_no_test_stands_behind_is_neither_praised_nor_blamed()
    {
        await ScoresAsync("csat", 5, 5, 5, 5, 5);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(10));
        for (var i = 0; i < 6; i++)
        {
            var id = (await _fixture.AskAsync()).Text("id");
            await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(3));
            (await _fixture.SubmitAsync(id, ("score", "5"))).Is(200);
        }

        var html = await HtmlAsync("?range=7");
        Assert.Contains("200% slower", html, StringComparison.Ordinal);
        Assert.DoesNotContain("change good", html, StringComparison.Ordinal);
        Assert.DoesNotContain("change bad", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bar_is_as_long_as_its_share_of_all_answers()
    {
        await ScoresAsync("csat", 5, 4, 4, 3);
        var html = await HtmlAsync("");
        Assert.Contains("class=\"fill\" width=\"50\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("class=\"fill\" width=\"100\"", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?from=2026-01-09&to=2026-01-05", "lies before")]
    [InlineData("?from=2026-01-09", "Choose two days")]
    [InlineData("?from=2019-01-09&to=2026-01-05", "more than 1,100 days")]
    [InlineData("?from=0001-01-01&to=9999-12-31", "Choose two days")]
    public async Task Days_that_make_no_period_are_told(string query, string problem) =>
        Assert.Contains(problem, await HtmlAsync(query), StringComparison.Ordinal);

    [Fact]
    public async Task What_somebody_writes_into_the_address_or_a_tag_is_text()
    {
        await ScoresAsync("csat", ("tags", "<script>alert(1)</script>"), 5, 5, 5, 5, 5);

        var html = await HtmlAsync("?only=tag:%3Cscript%3Ealert(1)%3C/script%3E&sort=%22%3E&type=%22&range=1'--");
        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_counts_are_not_ready_the_page_says_so()
    {
        await ScoresAsync("csat", 5);
        await _fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql("update sender_state set day_zone = null").RunAsync(default), default);
        Assert.Contains("are being calculated", await HtmlAsync(""), StringComparison.Ordinal);

        await _fixture.Server.Get<RebuildRollups>().RunAsync(default);
        Assert.Equal("1", ValueOf(await HtmlAsync(""), "Requests sent"));
    }

    [Fact]
    public async Task An_open_page_is_told_of_an_answer_and_no_longer_when_its_session_ended()
    {
        var asked = (await _fixture.AskAsync()).Text("id");
        var browser = await _fixture.Server.MembershipAsync(Role.Analyst, _fixture.Furni);
        _fixture.Server.Get<LiveUpdates>().Heartbeat = TimeSpan.FromMilliseconds(200);
        using var stream = await Stream.OpenAsync(_fixture.Server, browser, $"{Path}/live", null);
        Assert.Contains("begin", stream.Heard, StringComparison.Ordinal);

        (await _fixture.SubmitAsync(asked, ("score", "5"))).Is(200);
        Assert.Equal("new", await stream.EventAsync());

        await _fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql("delete from person_role").RunAsync(default), default);
        Assert.Equal("over", await stream.EventAsync());
        Assert.True(await stream.HasEndedAsync());
    }

    private protected FeedbackFixture Fixture => _fixture;

    // Past the API: as many requests would take a minute.
    private Task<int> FillAsync(long dimension, long values, long days, long today) => _fixture.Server.Server.Store.Main.WriteAsync(
        session => session.Sql(
            """
            insert into rollup (sender_id, test, type, dimension, day, value, sent, delivered, dismissed, commented, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10)
            with recursive v(n) as (select cast(1 as bigint) union all select n + 1 from v where n < @values), d(k) as (select cast(1 as bigint) union all select k + 1 from d where k < @days)
            select @sender, 0, 1, @dimension, @today - k + 1, 'v' || (100000 + n), 4, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0 from v cross join d
            """)
            .Bind("sender", _fixture.Furni.Id).Bind("dimension", dimension).Bind("values", values).Bind("days", days).Bind("today", today).RunAsync(default), default);

    private Task ScoresAsync(string type, params int[] scores) => ScoresAsync(type, ("external_id", "x"), scores);

    private async Task ScoresAsync(string type, (string, string) more, params int[] scores)
    {
        foreach (var score in scores)
        {
            var id = (await _fixture.AskAsync(type, more)).Text("id");
            await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(1));
            (await _fixture.SubmitAsync(id, ("score", $"{score}"))).Is(200);
        }
    }

    private async Task<string> HtmlAsync(string query) =>
        (await (await _fixture.Server.SignedInAsync(await _fixture.Server.PersonAsync(Role.Analyst, _fixture.Furni, $"a{++_guests}@furni.example"))).GetAsync(Path + query)).Is(200).Html;

    private static string ValueOf(string html, string name)
    {
        var at = html.IndexOf($">{name}</a></h2>", StringComparison.Ordinal);
        Assert.True(at > 0, html);
        var from = html.IndexOf("value\">", at, StringComparison.Ordinal) + 7;
        return WebUtility.HtmlDecode(html[from..html.IndexOf('<', from)]);
    }

    private static string RowOf(string html, string name)
    {
        var at = html.IndexOf($"<bdi>{name}</bdi>", html.IndexOf("Breakdown", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.True(at > 0, html);
        return html[at..html.IndexOf("</tr>", at, StringComparison.Ordinal)];
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();
}

public sealed class SqliteOverviewTests() : OverviewTests(Engine.Sqlite)
{
    [Fact]
    public async Task Streams_of_one_person_shut_out_nobody_else_and_not_the_senders_inbox()
    {
        var (live, owner) = (Fixture.Server.Get<LiveUpdates>(), await Fixture.Server.MembershipAsync(Role.Owner, Fixture.Furni));
        var open = new List<Stream>();
        while (open.Count < LiveUpdates.MostOfListener) open.Add(await Stream.OpenAsync(Fixture.Server, owner, "/console/@furni/overview/live", null));
        using (var refused = await Stream.SendAsync(Fixture.Server, owner, "/console/@furni/overview/live", null)) Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);

        open.Add(await Stream.OpenAsync(Fixture.Server, await Fixture.Server.MembershipAsync(Role.Analyst, Fixture.Furni), "/console/@furni/overview/live", null));
        using (var inbox = live.TryOpen(new(Fixture.Furni.Id), Listener.User(Fixture.Furni.Id))) Assert.NotNull(inbox);

        // Whoever leaves makes room.
        open[0].Dispose();
        while (live.Count > LiveUpdates.MostOfListener) await Task.Yield();
        open[0] = await Stream.OpenAsync(Fixture.Server, owner, "/console/@furni/overview/live", null);
        open.ForEach(stream => stream.Dispose());
    }
}

[LongForm]
public sealed class PostgresOverviewTests() : OverviewTests(Engine.Postgres)
{
    [Fact]
    public async Task A_page_on_another_node_is_told_too()
    {
        await using var second = await Fixture.Server.StartSecondAsync();
        var browser = await Fixture.Server.MembershipAsync(Role.Owner, Fixture.Furni);
        using var stream = await Stream.OpenAsync(second, browser, "/console/@furni/overview/live", null);

        await Fixture.AskAsync();
        Assert.Equal("new", await stream.EventAsync());
    }

    [Fact]
    public async Task Two_nodes_that_count_at_once_lose_nothing()
    {
        await using var second = await Fixture.Server.StartSecondAsync();
        var asked = new List<string>();
        for (var i = 0; i < 30; i++) asked.Add((await Fixture.AskAsync("csat", ("agent", "zoe"), ("tags", "a,b"))).Text("id"));

        await Task.WhenAll(asked.Select((id, i) => (i % 2 == 0 ? Fixture.Server : second).PostAsync(Fixture.Recipient, $"/1.1/feedback/submit/{id}.json", ("score", $"{1 + (i % 5)}"))));
        await Fixture.Server.AllIsWellAsync();
    }
}
