using System.Globalization;
using System.Net;
using System.Text.Json;
using Afterword.Client;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports.Pages;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Reports;

/// <summary>The Overview for programs: the same numbers, and no number that the page does not show.</summary>
public abstract class MetricsTests(Engine engine) : IAsyncLifetime
{
    private const string Path = "/1.1/feedback/metrics.json";

    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task An_answer_is_as_it_is_documented_byte_for_byte()
    {
        await ScoresAsync("csat", "zoe", 2, 3, 4, 5, 1, 5);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(7));
        await ScoresAsync("csat", "zoe", 5, 5, 4, 4, 5, 3, 5, 4);
        await ScoresAsync("csat", "max", 1, 2);
        await _fixture.AskAsync();

        Golden.Matches("metrics.json", (await MetricsAsync("range=7&breakdown=agent")).Body);
        await ScoresAsync("nps", "zoe", 10, 9, 9, 3, 7, 8);
        Golden.Matches("metrics-nps.json", (await MetricsAsync("type=nps&range=7&by=week&only=agent:zoe")).Body);
    }

    [Fact]
    public async Task It_shows_what_the_page_shows_and_hides_what_the_page_hides()
    {
        await ScoresAsync("csat", "zoe", 5, 5, 5, 5, 4, 1);
        await ScoresAsync("csat", "max", 1, 1, 1, 1);
        var analyst = await _fixture.Server.MembershipAsync(Role.Analyst, _fixture.Furni);

        foreach (var (query, shown) in new[] { ("", true), ("only=agent:zoe", true), ("only=agent:max", false), ("only=agent:nobody", false), ("only=language:en", true), ("only=channel:email", false), ("only=tag:x", false) })
        {
            var page = WebUtility.HtmlDecode((await analyst.GetAsync($"/console/@furni/overview?{query}")).Is(200).Html);
            var metrics = (await MetricsAsync(query)).Json.GetProperty("metrics");
            foreach (var (member, name, text) in new (string, string, Func<double, string>)[]
            {
                ("csat", "CSAT", MetricTexts.Percent), ("average_score", "Average score", MetricTexts.Average), ("comment_rate", "Comment rate", MetricTexts.Percent),
                ("median_time_to_answer", "Median time to answer", MetricTexts.Time), ("response_rate", "Response rate", MetricTexts.Percent),
            })
            {
                var metric = metrics.GetProperty(member);
                Assert.Equal(member != "response_rate" && !shown, metric.GetProperty("suppressed").GetBoolean());
                Assert.Equal(ValueOf(page, name), metric.TryGetProperty("value", out var value) ? text(value.GetDouble()) : MetricTexts.None);
                if (!shown && member != "response_rate") foreach (var gone in (string[])["low", "high", "change"]) Assert.False(metric.TryGetProperty(gone, out _), $"{query} {member} {gone}");
            }

            Assert.Equal(ValueOf(page, "Requests sent"), $"{metrics.GetProperty("requests_sent").GetProperty("value").GetDouble()}");
        }

        var parts = (await MetricsAsync("breakdown=agent")).Json.GetProperty("breakdown").GetProperty("parts").EnumerateArray().ToDictionary(part => part.GetProperty("value").GetString()!);
        Assert.Equal((6L, false, true), Said(parts["zoe"], "score"));
        Assert.Equal((4L, true, false), Said(parts["max"], "score"));
    }

    [Fact]
    public async Task A_step_of_a_part_on_few_answers_is_suppressed_here_and_on_the_page()
    {
        await ScoresAsync("csat", "zoe", 1);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(1));
        await ScoresAsync("csat", "zoe", 5, 5, 5, 5, 5);

        var steps = (await MetricsAsync("range=7&by=day&only=agent:zoe")).Json.GetProperty("steps").EnumerateArray().ToArray();
        Assert.Equal((1L, true, false), Said(steps[^2], "value"));
        Assert.Equal((5L, false, true), Said(steps[^1], "value"));

        // Of the whole it is there, and marked by its number.
        Assert.Equal((1L, false, true), Said((await MetricsAsync("range=7&by=day")).Json.GetProperty("steps")[5], "value"));
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);
        var (whole, limited) = ((await owner.GetAsync("/console/@furni/overview?range=7&by=day")).Is(200).Html, (await owner.GetAsync("/console/@furni/overview?range=7&by=day&only=agent:zoe")).Is(200).Html);
        Assert.Contains("class=\"hole\"", whole, StringComparison.Ordinal);
        Assert.DoesNotContain("class=\"hole\"", limited, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_for_the_sender_itself_by_an_app_that_is_allowed()
    {
        await ScoresAsync("csat", "zoe", 5, 5, 5, 5, 5);
        var (_, other) = await _fixture.Server.SenderAsync(_fixture.App, "other");

        Assert.Equal(0, (await _fixture.Server.GetAsync(other, Path)).Is(200).Json.GetProperty("metrics").GetProperty("requests_sent").GetProperty("n").GetInt64());
        (await _fixture.Server.GetAsync(_fixture.Recipient, Path)).Is(403, 87);
        (await _fixture.Server.SendAsync(null, HttpMethod.Get, Path, null)).Is(400, 215);
        var app = await _fixture.Server.AppAsync(allowed: false);
        (await _fixture.Server.GetAsync(await _fixture.Server.TokenAsync(app, _fixture.Furni), Path)).Is(403, 87);

        // A person of the console has pages, and whoever leads conversations has none with a metric.
        var agent = await _fixture.Server.MembershipAsync(Role.Agent, _fixture.Furni);
        (await agent.GetAsync(Path)).Is(400);
    }

    [Fact]
    public async Task Bad_input_is_named()
    {
        foreach (var (query, message) in new[]
        {
            ("type=CSAT", "type parameter is invalid: csat or nps."),
            ("range=31", "range parameter is invalid: 7, 30, 90 or 365."),
            ("by=hour", "by parameter is invalid: day, week or month."),
            ("from=2026-01-09", "to parameter is missing."),
            ("to=2026-01-09", "from parameter is missing."),
            ("from=2026-01-09&to=2026-01-05", "from parameter is invalid: not after to."),
            ("from=2019-01-09&to=2026-01-05", "from parameter is invalid: less than 1,100 days before to."),
            ("from=9.1.2026&to=2026-01-05", "from parameter is invalid: a day such as 2026-01-31."),
            ("from=2026-01-01&to=2026-01-05&range=7", "range parameter is invalid: left out beside from and to."),
            ("only=agent", "only parameter is invalid: a property and a value, such as agent:zoe."),
            ("only=recipient:ana", "only parameter is invalid: a property and a value, such as agent:zoe."),
            ("breakdown=recipient", "breakdown parameter is invalid: question, language, channel, agent, tag or origin."),
            ("test=yes", "test parameter is invalid: true or false."),
            ("from_time=2026-11-01", "from_time parameter is invalid: unknown here; from is meant, or another of breakdown, by, from, only, range, test, to, type."),
            ("brakdown=agent", "brakdown parameter is invalid: unknown here; breakdown is meant, or another of breakdown, by, from, only, range, test, to, type."),
            ("cursor=1", "cursor parameter is invalid: unknown here; there are breakdown, by, from, only, range, test, to, type."),
        })
        {
            Assert.Equal(message, Assert.Single((await _fixture.Server.GetAsync(_fixture.Sender, $"{Path}?{query}")).Is(400).Messages));
        }
    }

    [Fact]
    public async Task Test_feedback_is_in_its_own_metrics_alone_and_a_period_of_ones_own_has_its_last_day()
    {
        await ScoresAsync("csat", "zoe", 5);
        (await _fixture.AskAsync("csat", ("test", "1"))).Is(200);
        var today = _fixture.Server.Clock.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        foreach (var (query, sent) in new[] { ("", 1), ("test=true", 1), ($"from={today}&to={today}", 1), ("from=2025-12-01&to=2026-01-04", 0) })
        {
            Assert.Equal(sent, (await MetricsAsync(query)).Json.GetProperty("metrics").GetProperty("requests_sent").GetProperty("n").GetInt64());
        }
    }

    [Fact]
    public async Task While_counts_are_not_ready_the_caller_is_told_to_come_again()
    {
        await ScoresAsync("csat", "zoe", 5);
        await _fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql("update sender_state set day_zone = null").RunAsync(default), default);
        Assert.Equal(1, (await _fixture.Server.GetAsync(_fixture.Sender, Path)).Is(503, 130).Header("Retry-After"));

        await _fixture.Server.Get<RebuildRollups>().RunAsync(default);
        (await MetricsAsync("")).Is(200);
    }

    [Fact]
    public async Task The_client_reads_the_same()
    {
        await ScoresAsync("nps", "Zoë & co", 10, 9, 9, 3, 7);
        using var client = new FeedbackClient(new(_fixture.Server.Url, _fixture.Sender) { Clock = _fixture.Server.Clock });
        var today = DateOnly.FromDateTime(_fixture.Server.Clock.GetUtcNow().UtcDateTime);

        var read = await client.MetricsAsync(new() { Type = "nps", From = today.AddDays(-2), To = today, By = "day", Only = "agent:Zoë & co", Breakdown = "agent" }, default);

        Assert.Equal((1, "nps", "agent:Zoë & co", 40.0, 5L), (read.Formulas, read.Type, read.Only!, read.Metrics.Nps!.Value ?? 0, read.Metrics.Nps.N));
        Assert.Equal((3, "Zoë & co"), (read.Steps.Count, Assert.Single(read.Breakdown!.Parts).Value));
        Assert.Equal("nps", (await client.MetricsAsync(cancellationToken: default)).Type);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<Answer> MetricsAsync(string query) => (await _fixture.Server.GetAsync(_fixture.Sender, query.Length == 0 ? Path : $"{Path}?{query}")).Is(200);

    private async Task ScoresAsync(string type, string agent, params int[] scores)
    {
        foreach (var score in scores)
        {
            var id = (await _fixture.AskAsync(type, ("agent", agent))).Text("id");
            await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(1));
            (await _fixture.SubmitAsync(id, ("score", $"{score}"))).Is(200);
        }
    }

    private static (long N, bool Suppressed, bool HasValue) Said(JsonElement part, string value) =>
        (part.GetProperty("n").GetInt64(), part.GetProperty("suppressed").GetBoolean(), part.TryGetProperty(value, out _));

    private static string ValueOf(string page, string name)
    {
        var at = page.IndexOf($">{name}</a></h2>", StringComparison.Ordinal);
        Assert.True(at > 0, page);
        var from = page.IndexOf("value\">", at, StringComparison.Ordinal) + 7;
        return page[from..page.IndexOf('<', from)];
    }
}

public sealed class SqliteMetricsTests() : MetricsTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresMetricsTests() : MetricsTests(Engine.Postgres);
