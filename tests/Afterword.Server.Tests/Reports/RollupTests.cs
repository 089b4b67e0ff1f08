using System.Globalization;
using Afterword.Server.Answers;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Reports;

/// <summary>Whatever happens to requests, the counts say what the rows say.</summary>
public abstract class RollupTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task A_request_is_counted_once_and_for_its_agent_and_each_of_its_tags()
    {
        await _fixture.AskAsync("csat", ("agent", "zoe"), ("tags", "billing,refund"), ("question_variant_id", "3"));
        await _fixture.AskAsync("csat", ("tags", "refund"));
        await _fixture.AskAsync("nps");

        Assert.Equal(
            ["1 Cell \"0 en 0\" sent 1", "1 Cell \"3 en 0\" sent 1", "1 Agent \"zoe\" sent 1", "1 Tag \"billing\" sent 1", "1 Tag \"refund\" sent 2", "2 Cell \"0 en 0\" sent 1"],
            await LinesAsync("sent"));
    }

    [Fact]
    public async Task A_score_a_text_and_a_dismissal_are_counted_on_the_day_that_was_asked()
    {
        var (scored, texted, dismissed) = (Id(await _fixture.AskAsync()), Id(await _fixture.AskAsync()), Id(await _fixture.AskAsync()));
        var day = DateOnly.FromDateTime(_fixture.Server.Clock.GetUtcNow().UtcDateTime).DayNumber;
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(2));

        (await _fixture.SubmitAsync(scored, ("score", "5"))).Is(200);
        (await _fixture.SubmitAsync(scored, ("text", "Good"))).Is(200);
        (await _fixture.SubmitAsync(texted, ("text", "Hm"))).Is(200);
        (await _fixture.Server.PostAsync(_fixture.Recipient, $"/1.1/feedback/dismiss/{dismissed}.json")).Is(200);

        var (found, counts) = Assert.Single(await ReadAsync());
        Assert.Equal(day, found.Day);
        Assert.Equal((3, 3, 1, 1, 1), (counts.Sent, counts.Delivered, counts.Dismissed, counts.Commented, counts.Scores[5]));
        Assert.Equal(TimeSpan.FromDays(2).TotalMilliseconds, counts.Times.AtRank(1));
    }

    [Fact]
    public async Task What_is_dismissed_after_its_score_is_no_dismissal()
    {
        var asked = Id(await _fixture.AskAsync());
        (await _fixture.SubmitAsync(asked, ("score", "4"))).Is(200);
        (await _fixture.Server.PostAsync(_fixture.Recipient, $"/1.1/feedback/dismiss/{asked}.json")).Is(200);

        Assert.Equal(0, Assert.Single(await ReadAsync()).Counts.Dismissed);
    }

    [Fact]
    public async Task Test_feedback_is_counted_apart()
    {
        await _fixture.AskAsync("csat", ("test", "true"));
        await _fixture.AskAsync();

        Assert.Equal([false, true], (await ReadAsync()).Select(one => one.Key.Test).Order());
    }

    [Fact]
    public async Task A_score_that_was_given_in_another_language_moves_the_request_there()
    {
        var asked = await _fixture.AskAsync("csat", ("include_card", "1"));
        await _fixture.Server.Get<AnswerPrompt>().RunAsync(
            new(new(_fixture.Furni.Id, long.Parse(Id(asked), CultureInfo.InvariantCulture), null), 5, null, SeenIn: Language.Find("de")));

        Assert.Equal(["1 Cell \"0 de 0\" sent 1", "1 Cell \"0 en 0\" sent 0"], await LinesAsync("sent"));
        await _fixture.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Racing_answers_are_counted_once()
    {
        var asked = Id(await _fixture.AskAsync());

        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => _fixture.SubmitAsync(asked, ("score", $"{1 + (i % 5)}"))));

        Assert.Equal(1, Assert.Single(await ReadAsync()).Counts.Scored);
        await _fixture.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task The_doctor_names_a_count_that_is_wrong()
    {
        await _fixture.AskAsync("csat", ("agent", "zoe"));
        await _fixture.Server.AllIsWellAsync();
        await _fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql("update rollup set s4 = 1 where dimension = 1").RunAsync(Stop), Stop);

        var problem = Assert.Single((await _fixture.Server.ExamineAsync()).Single(finding => finding.Check == "metrics").Problems);
        Assert.EndsWith("the first is 2026-01-05 csat Agent \"zoe\": scores of 4 are 1, there are 0", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_names_a_count_that_is_missing()
    {
        await _fixture.AskAsync();
        await _fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql("delete from rollup").RunAsync(Stop), Stop);

        Assert.Contains("\"0 en 0\": not counted", Assert.Single((await _fixture.Server.ExamineAsync()).Single(finding => finding.Check == "metrics").Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_equal_those_counted_from_the_rows_by_hand()
    {
        await new RandomYear(_fixture, seed: 7).LiveAsync(requests: 150);
        await _fixture.Server.AllIsWellAsync();

        var rows = await RandomYear.RowsAsync(_fixture);
        var read = await ReadAsync();
        foreach (var type in new[] { PromptType.Csat, PromptType.Nps })
        {
            foreach (var test in new[] { false, true })
            {
                var mine = rows.Where(row => row.Type == type && row.Test == test).ToArray();
                Same(mine, read.Where(one => one.Key.Dimension == Dimension.Cell && one.Key.Type == type && one.Key.Test == test));
                foreach (var agent in mine.Select(row => row.Agent).OfType<string>().Distinct())
                {
                    Same(mine.Where(row => row.Agent == agent), read.Where(one => one.Key.Dimension == Dimension.Agent && one.Key.Value == agent && one.Key.Type == type && one.Key.Test == test));
                }

                foreach (var tag in mine.SelectMany(row => row.Tags).Distinct())
                {
                    Same(mine.Where(row => row.Tags.Contains(tag)), read.Where(one => one.Key.Dimension == Dimension.Tag && one.Key.Value == tag && one.Key.Type == type && one.Key.Test == test));
                }
            }
        }
    }

    [Fact]
    public async Task A_rebuild_that_is_killed_and_repeated_leaves_the_same_counts_while_people_go_on_answering()
    {
        await new RandomYear(_fixture, seed: 8).LiveAsync(requests: 80);
        var before = await AllAsync();
        var store = _fixture.Server.Server.Store;

        // The rows of a store from before there were rollups.
        await store.Main.WriteAsync(session => session.Sql("update sender_state set day_zone = null").RunAsync(Stop), Stop);
        var asked = Id(await _fixture.AskAsync());
        using (var killed = CancellationTokenSource.CreateLinkedTokenSource(Stop))
        {
            await killed.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _fixture.Server.Get<RebuildRollups>().RunAsync(killed.Token));
        }

        await Task.WhenAll(_fixture.Server.Get<RebuildRollups>().RunAsync(Stop), _fixture.SubmitAsync(asked, ("score", "3")), _fixture.Server.Get<RebuildRollups>().RunAsync(Stop));
        await _fixture.Server.AllIsWellAsync();

        var after = await AllAsync();
        Assert.Equal(before.Sum(one => one.Counts.Sent) + 1, after.Sum(one => one.Counts.Sent));
        Assert.Equal(before.Sum(one => one.Counts.Scored) + 1, after.Sum(one => one.Counts.Scored));
    }

    [Fact]
    public async Task Half_way_through_a_rebuild_what_is_counted_moves_and_what_is_not_waits()
    {
        var asked = new List<string>();
        for (var i = 0; i < 4; i++) asked.Add(Id(await _fixture.AskAsync()));
        var second = long.Parse(asked[1], CultureInfo.InvariantCulture);
        var last = long.Parse(asked[3], CultureInfo.InvariantCulture);
        await _fixture.Server.Server.Store.Main.WriteAsync(
            async session =>
            {
                await session.Sql("update rollup set sent = 2, delivered = 2").RunAsync(Stop);
                return await session.Sql("update sender_state set counted_to = @to, counted_from = @from").Bind("to", second).Bind("from", last).RunAsync(Stop);
            },
            Stop);
        await _fixture.Server.AllIsWellAsync();

        (await _fixture.SubmitAsync(asked[0], ("score", "5"))).Is(200);
        (await _fixture.SubmitAsync(asked[2], ("score", "1"))).Is(200);
        await _fixture.AskAsync();
        var counts = Assert.Single(await ReadAsync()).Counts;
        Assert.Equal((3, 1, 0), (counts.Sent, counts.Scores[5], counts.Scores[1]));

        await _fixture.Server.Get<RebuildRollups>().RunAsync(Stop);
        counts = Assert.Single(await ReadAsync()).Counts;
        Assert.Equal((5, 1, 1), (counts.Sent, counts.Scores[5], counts.Scores[1]));
        await _fixture.Server.AllIsWellAsync();
    }

    private static void Same(IEnumerable<RawRow> rows, IEnumerable<(RollupKey Key, Counts Counts)> read)
    {
        var (mine, sum) = (rows.ToArray(), new Counts());
        foreach (var (_, counts) in read) sum.Add(counts);
        var scored = mine.Where(row => row.Score is not null).ToArray();

        Assert.Equal(mine.Length, sum.Sent);
        Assert.Equal(scored.Length, sum.Scored);
        Assert.Equal(mine.Count(row => row.DismissedAt is not null && row.Score is null), sum.Dismissed);
        Assert.Equal(scored.Count(row => row.Comment is not null), sum.Commented);
        for (var score = 0; score <= 10; score++) Assert.Equal(scored.Count(row => row.Score == score), sum.Scores[score]);

        var days = mine.GroupBy(row => (long)DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt).UtcDateTime).DayNumber).ToDictionary(day => day.Key, day => (long)day.Count());
        Assert.Equal(days.OrderBy(day => day.Key), read.GroupBy(one => one.Key.Day).Select(day => KeyValuePair.Create(day.Key, day.Sum(one => one.Counts.Sent))).Where(day => day.Value > 0).OrderBy(day => day.Key));

        if (scored.Length == 0) return;
        var times = scored.Select(row => row.ScoreAt!.Value - row.CreatedAt).Order().ToArray();
        Assert.Equal(ResponseTimes.MillisOf(ResponseTimes.BucketOf(times[(times.Length - 1) / 2])), sum.Times.AtRank((sum.Times.Count + 1) / 2));
    }

    private async Task<string[]> LinesAsync(string what) => [.. (await AllAsync())
        .OrderBy(one => one.Key.Type).ThenBy(one => one.Key.Dimension).ThenBy(one => one.Key.Value, StringComparer.Ordinal)
        .Select(one => string.Create(CultureInfo.InvariantCulture, $"{(int)one.Key.Type} {one.Key.Dimension} \"{one.Key.Value}\" {what} {one.Counts.Sent}"))];

    private async Task<(RollupKey Key, Counts Counts)[]> ReadAsync() => [.. (await AllAsync()).Where(one => !one.Counts.IsZero)];

    private Task<List<(RollupKey Key, Counts Counts)>> AllAsync() => _fixture.Server.Server.Store.Main.ReadAsync(
        session => session.Sql($"select sender_id, test, type, dimension, day, value, {Counts.Columns} from rollup").ListAsync(
            row => (new RollupKey(row.GetInt64(0), row.Flag(1), (PromptType)row.GetInt32(2), (Dimension)row.GetInt32(3), row.GetInt64(4), row.GetString(5)), Counts.Read(row, 6)), Stop),
        Stop);

    private static string Id(Answer asked) => asked.Text("id");

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();
}

public sealed class SqliteRollupTests() : RollupTests(Engine.Sqlite);

public sealed class PostgresRollupTests() : RollupTests(Engine.Postgres);
