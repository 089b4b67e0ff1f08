using System.Globalization;
using System.Text.Json;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Changes;

/// <summary>What happened, in order, in pages.</summary>
public abstract class EventsTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine, "Limits:CreatesPerDay=10000000", "Limits:EventsPer15Minutes=1000000");

    [Fact]
    public async Task Events_come_in_order_with_the_feedback_as_it_stands()
    {
        var from = Now();
        var first = (await _fixture.AskAsync()).Text("id");
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        var second = (await _fixture.AskAsync("nps", ("test", "true"))).Text("id");
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        (await _fixture.SubmitAsync(first, ("score", "5"))).Is(200);

        var page = (await EventsAsync($"from_time={from}&to_time={Now()}")).Is(200);

        Assert.Equal("", page.Text("next_cursor"));
        Golden.Matches("events.json", Anonymous(page, (first, "FIRST"), (second, "SECOND")));
    }

    [Fact]
    public async Task The_range_includes_both_ends()
    {
        var at = Now();
        await _fixture.AskAsync();

        Assert.Equal(1, (await EventsAsync($"from_time={at}&to_time={at}")).Json.GetProperty("events").GetArrayLength());
        Assert.Equal(0, (await EventsAsync($"from_time={at - 10}&to_time={at - 1}")).Json.GetProperty("events").GetArrayLength());
    }

    [Fact]
    public async Task Without_its_setting_the_last_24_hours_are_refused()
    {
        await using var server = await TestServer.StartAsync(engine);
        var (_, token) = await server.SenderAsync(await server.AppAsync());
        var latest = server.Clock.GetUtcNow().AddHours(-24).ToUnixTimeMilliseconds();

        (await server.GetAsync(token, $"/1.1/feedback/events.json?from_time=0&to_time={latest}")).Is(200);
        Assert.Contains("to_time", (await server.GetAsync(token, $"/1.1/feedback/events.json?from_time=0&to_time={latest + 1}")).Is(400, 44).Messages[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_are_complete_without_repeats_and_only_the_end_has_no_cursor()
    {
        var from = Now();
        for (var i = 0; i < 23; i++) await _fixture.AskAsync(more: ("external_id", i.ToString(CultureInfo.InvariantCulture)));
        await SettleAsync();
        var range = $"from_time={from}&to_time={Now()}";

        foreach (var count in new[] { 1, 5, 22, 23, 24, 100 })
        {
            var seen = new List<string>();
            var cursor = "";
            var pages = 0;
            do
            {
                var page = (await EventsAsync($"{(cursor.Length == 0 ? range : $"cursor={cursor}")}&count={count}")).Is(200);
                seen.AddRange(page.Json.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("feedback").GetProperty("external_id").GetString()!));
                cursor = page.Text("next_cursor");
                pages++;
            }
            while (cursor.Length > 0);

            Assert.Equal(Enumerable.Range(0, 23).Select(i => i.ToString(CultureInfo.InvariantCulture)), seen);
            Assert.Equal((23 + count - 1) / count, pages);
        }
    }

    [Fact]
    public async Task A_page_may_end_between_two_events_of_one_instant()
    {
        var from = Now();
        var id = (await _fixture.AskAsync()).Text("id");
        (await _fixture.SubmitAsync(id, ("score", "5"), ("text", "Fast."))).Is(200);
        await SettleAsync();

        var types = new List<string>();
        for (var query = $"from_time={from}&to_time={Now()}"; query.Length > 0;)
        {
            var page = (await EventsAsync($"{query}&count=1")).Is(200);
            types.Add(Assert.Single(page.Json.GetProperty("events").EnumerateArray()).GetProperty("event_type").GetString()!);
            query = page.Text("next_cursor") is { Length: > 0 } cursor ? $"cursor={cursor}" : "";
        }

        Assert.Equal(["feedback.created", "feedback.updated", "feedback.updated"], types);
        Assert.Equal(2, await _fixture.Server.Server.Store.Main.ReadAsync(
            session => session.Sql("select count(distinct changed_at) from change").FirstAsync(row => row.GetInt64(0), default), default));
    }

    [Fact]
    public async Task Nothing_comes_into_a_range_that_was_read()
    {
        // The clock stands still: what is asked now would lie at the end of the range.
        var range = $"from_time=0&to_time={Now()}";
        Assert.Equal(0, (await EventsAsync(range)).Is(200).Json.GetProperty("events").GetArrayLength());
        await _fixture.AskAsync();

        Assert.Equal(0, (await EventsAsync(range)).Is(200).Json.GetProperty("events").GetArrayLength());
        await SettleAsync();
        Assert.Equal(1, (await EventsAsync($"from_time=0&to_time={Now()}")).Is(200).Json.GetProperty("events").GetArrayLength());
    }

    [Fact]
    public async Task A_cursor_is_good_for_its_sender_and_range_alone()
    {
        var from = Now();
        for (var i = 0; i < 3; i++) await _fixture.AskAsync();
        await SettleAsync();
        var to = Now();
        var cursor = (await EventsAsync($"from_time={from}&to_time={to}&count=1")).Text("next_cursor");
        Assert.NotEqual("", cursor);

        (await EventsAsync($"cursor={cursor}")).Is(200);
        (await EventsAsync($"cursor={cursor}&from_time={from}&to_time={to}")).Is(200);
        (await EventsAsync($"cursor={cursor}&from_time={from + 1}")).Is(400, 44);
        (await EventsAsync($"cursor={cursor}&to_time={to - 1}")).Is(400, 44);
        (await EventsAsync($"cursor={cursor}x")).Is(400, 44);
        (await EventsAsync($"cursor={cursor[..^4]}AAAA")).Is(400, 44);
        (await EventsAsync("cursor=10011")).Is(400, 44);
        (await EventsAsync($"cursor={new string('A', 5_000)}")).Is(400, 44);
        var (_, other) = await _fixture.Server.SenderAsync(_fixture.App, "other");
        (await _fixture.Server.GetAsync(other, $"/1.1/feedback/events.json?cursor={cursor}")).Is(400, 44);
    }

    [Theory]
    [InlineData("", 38, 38)]
    [InlineData("from_time=0", 38)]
    [InlineData("from_time=x&to_time=1", 44)]
    [InlineData("from_time=-1&to_time=1", 44)]
    [InlineData("from_time=0%00&to_time=1", 44)]
    [InlineData("from_time=1.5&to_time=2", 44)]
    [InlineData("from_time=2&to_time=1", 44)]
    [InlineData("from_time=0&to_time=1&count=0", 44)]
    [InlineData("from_time=0&to_time=1&count=101", 44)]
    [InlineData("from_time=0&to_time=1&count=x", 44)]
    [InlineData("from_time=0&from_time=0&to_time=1", 44)]
    [InlineData("from_time=0&to_time=9223372036854775807", 44)]
    [InlineData("count=x&from_time=y", 44, 44, 38)]
    public async Task Wrong_ranges_are_named(string query, params int[] codes) => (await EventsAsync(query)).Is(400, codes);

    [Fact]
    public async Task Every_event_comes_exactly_once_while_sixteen_writers_add_more()
    {
        var wanted = LongForm.Or(20_000, 200_000);
        var create = _fixture.Server.Get<CreatePrompt>();
        var from = Now();
        var before = await FillAsync(create, wanted);
        await SettleAsync();

        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            var written = 0;
            while (!enough.IsCancellationRequested)
            {
                await create.RunAsync(Request());
                written++;
            }

            return written;
        })).ToArray();

        // The clock stands still: the writers' stamps press against the end of the range, which must keep them out or let them in for good.
        var range = $"from_time={from}&to_time={Now()}";
        var seen = new List<string>();
        var cursor = "";
        do
        {
            var page = (await EventsAsync(cursor.Length == 0 ? range : $"cursor={cursor}")).Is(200);
            seen.AddRange(page.Json.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("feedback").GetProperty("id").GetString()!));
            cursor = page.Text("next_cursor");
        }
        while (cursor.Length > 0);

        await enough.CancelAsync();
        Assert.True((await Task.WhenAll(writers)).Sum() > 0);
        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Empty(before.Except(seen));

        // What the first walk saw of the range is all there will ever be.
        var inRange = await _fixture.Server.CountAsync("change", range.Replace("from_time=", "changed_at >= ", StringComparison.Ordinal).Replace("&to_time=", " and changed_at <= ", StringComparison.Ordinal));
        Assert.Equal(inRange, seen.Count);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<HashSet<string>> FillAsync(CreatePrompt create, int wanted)
    {
        var ids = new HashSet<string>(wanted);
        for (var done = 0; done < wanted; done += 1_000)
        {
            foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => create.RunAsync(Request()))))
            {
                ids.Add(Assert.IsType<CreateOutcome.Created>(answer.Outcome).Feedback.Id);
            }
        }

        return ids;
    }

    private CreateRequest Request() => new(
        new Caller(new App(1, "k", "n", "s", [], true, false), _fixture.Furni.Id, "furni", "Furni", Permission.DirectMessages, new(null, null, null, null)),
        new PromptDraft(PromptType.Csat, _fixture.Ana.Id, "Hello", "https://furni.example/privacy", null, 0, null, false, false), null, "");

    // Stamps of one sender grow by a millisecond for each batch: while the clock stands still they run ahead of it.
    private Task SettleAsync() => _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(1));

    private long Now() => _fixture.Server.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private Task<Answer> EventsAsync(string query) => _fixture.Server.GetAsync(_fixture.Sender, $"/1.1/feedback/events.json?{query}");

    private static string Anonymous(Answer page, params (string Id, string Name)[] names)
    {
        var body = page.Body;
        foreach (var (id, name) in names) body = body.Replace((long.Parse(id, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture), $"{name}_DM", StringComparison.Ordinal).Replace(id, name, StringComparison.Ordinal);
        var feedback = JsonDocument.Parse(body).RootElement.GetProperty("events")[0].GetProperty("feedback");
        return body.Replace(feedback.GetProperty("from_user_id").GetString()!, "FROM", StringComparison.Ordinal).Replace(feedback.GetProperty("to_user_id").GetString()!, "TO", StringComparison.Ordinal);
    }
}

public sealed class SqliteEventsTests() : EventsTests(Engine.Sqlite);

public sealed class PostgresEventsTests() : EventsTests(Engine.Postgres);
