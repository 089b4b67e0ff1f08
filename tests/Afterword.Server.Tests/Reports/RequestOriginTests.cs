using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Tests.Automation;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Reports;

/// <summary>The Overview by what the rules asked and what was asked by hand.</summary>
public abstract class RequestOriginTests(Engine engine) : IAsyncLifetime
{
    private const string Path = "/console/@furni/overview";

    private RulesFixture _world = null!;
    private TestBrowser _analyst = null!;
    private int _closed;

    public async ValueTask InitializeAsync()
    {
        _world = await RulesFixture.StartAsync(engine);
        _analyst = await _world.Server.MembershipAsync(Role.Analyst, _world.Fixture.Furni);
        await _world.RuleAsync(RulesFixture.Everybody(document: "\"recipient_interval_days\":0,"));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Response_rates_stand_apart_by_who_asked()
    {
        await ByRulesAsync(5, 5, 5, 5, 5, null);
        await ByHandAsync(1, 1, 1, 1, 1, null, null, null, null, null);

        var page = await HtmlAsync("");

        Assert.Equal("100% 5 of 6 83.3%", RowOf(page, "Automatic, by the rules"));
        Assert.Equal("0% 5 of 10 50.0%", RowOf(page, "By hand"));
        Assert.Contains("5 answers", await HtmlAsync("?only=origin:automatic"), StringComparison.Ordinal);
        Assert.Contains("10 delivered", await HtmlAsync("?only=origin:hand"), StringComparison.Ordinal);
        Assert.Contains("0 answers", await HtmlAsync("?only=origin:nobody"), StringComparison.Ordinal);
        Assert.Equal([], await RollupCheck.RunAsync(_world.Server.Server.Store.Main, default));
    }

    [Fact]
    public async Task What_few_customers_said_is_not_had_by_taking_the_others_away()
    {
        await ByRulesAsync(5, 5, 5, 5, 5);
        await ByHandAsync(1);

        var page = await HtmlAsync("");

        Assert.Equal("– 5 of 5 100%", RowOf(page, "Automatic, by the rules"));
        Assert.Equal("– 1 of 1 100%", RowOf(page, "By hand"));
        Assert.Contains("Not shown: fewer than 5 answers", await HtmlAsync("?only=origin:automatic"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_hidden_of_the_period_before_is_not_had_from_the_change_nor_from_the_points_of_the_line()
    {
        await AskInTwoWeeksAsync();

        var page = await HtmlAsync("?range=7&only=origin:hand");

        Assert.Contains("0%</p>", page, StringComparison.Ordinal);
        Assert.Contains("Too few answers to compare", page, StringComparison.Ordinal);
        Assert.DoesNotContain("\u2212100.0 points", page, StringComparison.Ordinal);
        Assert.DoesNotContain("The dashed line", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_hidden_on_the_page_is_hidden_from_programs_too()
    {
        await AskInTwoWeeksAsync();

        var metrics = (await MetricsAsync("range=7&only=origin:hand")).GetProperty("metrics");
        foreach (var name in (string[])["csat", "average_score"]) Assert.Equal("too_few", metrics.GetProperty(name).GetProperty("change").GetProperty("verdict").GetString());

        // Two weeks are enough of both, but not each of them: its step would tell.
        var steps = (await MetricsAsync("range=30&by=day&only=origin:hand")).GetProperty("steps").EnumerateArray()
            .Where(step => step.GetProperty("n").GetInt64() > 0).Select(step => (step.GetProperty("suppressed").GetBoolean(), step.TryGetProperty("value", out _))).ToArray();
        Assert.Equal([(true, false), (false, true)], steps);
    }

    [Fact]
    public async Task Without_rules_nothing_is_split()
    {
        await ByHandAsync(5, 5, 5, 5, 5);

        Assert.DoesNotContain("By origin", await HtmlAsync(""), StringComparison.Ordinal);
    }

    /// <summary>By the rules there are too few answers in the first week.</summary>
    private async Task AskInTwoWeeksAsync()
    {
        await ByRulesAsync(1, 1);
        await ByHandAsync(5, 5, 5, 5, 5);
        await _world.PassAsync(TimeSpan.FromDays(7));
        await ByRulesAsync(5, 5, 5, 5, 5);
        await ByHandAsync(1, 1, 1, 1, 1);

        // The first session has ended.
        _analyst = await _world.Server.MembershipAsync(Role.Analyst, _world.Fixture.Furni, "later@furni.example");
    }

    private async Task<JsonElement> MetricsAsync(string query) => (await _world.Server.GetAsync(_world.Fixture.Sender, $"/1.1/feedback/metrics.json?{query}")).Is(200).Json;

    private async Task ByRulesAsync(params int?[] scores)
    {
        foreach (var score in scores)
        {
            var closed = await _world.CloseAsync($"ticket_{_closed++}");
            await _world.DrainAsync();
            await ScoreAsync((await _world.ShowAsync(closed.Text("id"))).Text("feedback_id"), score);
        }
    }

    private async Task ByHandAsync(params int?[] scores)
    {
        foreach (var score in scores) await ScoreAsync((await _world.Fixture.AskAsync()).Text("id"), score);
    }

    private async Task ScoreAsync(string id, int? score)
    {
        if (score is { } given) (await _world.Fixture.SubmitAsync(id, ("score", RulesFixture.Text(given)))).Is(200);
    }

    private async Task<string> HtmlAsync(string query) => WebUtility.HtmlDecode((await _analyst.GetAsync(Path + query)).Is(200).Html);

    private static string RowOf(string page, string name)
    {
        var row = Regex.Match(page, $"<bdi>{name}</bdi>(.*?)</tr>", RegexOptions.Singleline).Groups[1].Value;
        return string.Join(' ', Regex.Match(row, "<strong>([^<]*)</strong>").Groups[1].Value, Regex.Match(row, "class=\"number\">([0-9]+ <small>of [0-9]+)").Groups[1].Value.Replace("<small>", "", StringComparison.Ordinal), Regex.Match(row, "class=\"number\">([^<]*) <small class=\"own-label\">").Groups[1].Value);
    }
}

public sealed class SqliteRequestOriginTests() : RequestOriginTests(Engine.Sqlite);

public sealed class PostgresRequestOriginTests() : RequestOriginTests(Engine.Postgres);
