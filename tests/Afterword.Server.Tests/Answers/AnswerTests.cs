using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Allowlists;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Answers;

/// <summary>A customer answers through the API.</summary>
public abstract class AnswerTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task Score_and_text_show_up_with_their_times()
    {
        var id = (await _fixture.AskAsync(more: ("external_id", "t1"))).Text("id");
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(61));
        (await _fixture.SubmitAsync(id, ("score", "4"))).Is(200);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(30));
        var answered = (await _fixture.SubmitAsync(id, ("text", "  I <3 this biz \r\n really  "))).Is(200);

        var shown = (await _fixture.ShowAsync(id)).Is(200);
        Assert.Equal(answered.Body, shown.Body);
        Golden.Matches("show.json", Anonymous(shown));
    }

    [Fact]
    public async Task Each_part_is_accepted_once_and_never_changes()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        (await _fixture.SubmitAsync(id, ("score", "4"))).Is(200);
        var before = (await _fixture.ShowAsync(id)).Body;

        Assert.Equal(["score has already been submitted."], (await _fixture.SubmitAsync(id, ("score", "4"))).Is(409, 355).Messages);
        Assert.Equal(["score has already been submitted."], (await _fixture.SubmitAsync(id, ("score", "1"))).Is(409, 355).Messages);
        Assert.Equal(before, (await _fixture.ShowAsync(id)).Body);
    }

    [Fact]
    public async Task With_both_sent_the_one_that_is_new_is_stored()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        (await _fixture.SubmitAsync(id, ("text", "first"))).Is(200);

        Assert.Equal(["text has already been submitted."], (await _fixture.SubmitAsync(id, ("score", "5"), ("text", "second"))).Is(409, 355).Messages);

        var response = (await _fixture.ShowAsync(id)).Json.GetProperty("response");
        Assert.Equal(5, response.GetProperty("score").GetProperty("value").GetInt32());
        Assert.Equal("first", response.GetProperty("text").GetProperty("value").GetString());
        Assert.Equal(["score has already been submitted.", "text has already been submitted."], (await _fixture.SubmitAsync(id, ("score", "5"), ("text", "x"))).Is(409, 355, 355).Messages);
    }

    [Theory]
    [InlineData("csat", "0", 400)]
    [InlineData("csat", "1", 200)]
    [InlineData("csat", "5", 200)]
    [InlineData("csat", "6", 400)]
    [InlineData("nps", "0", 200)]
    [InlineData("nps", "10", 200)]
    [InlineData("nps", "11", 400)]
    [InlineData("nps", "-1", 400)]
    [InlineData("nps", "5.0", 400)]
    [InlineData("nps", "٣", 400)]
    [InlineData("nps", "007", 400)]
    [InlineData("nps", "7\0", 400)]
    [InlineData("nps", "", 400)]
    public async Task A_score_lies_on_the_scale_of_its_type(string type, string score, int status)
    {
        var id = (await _fixture.AskAsync(type)).Text("id");
        (await _fixture.SubmitAsync(id, ("score", score), ("text", "kept back with a wrong score"))).Is(status == 200 || score.Length == 0 ? 200 : 400);
        Assert.Equal(status == 200 ? 2 : score.Length == 0 ? 1 : 0, await _fixture.Server.CountAsync("change", "kind = 2"));
    }

    [Fact]
    public async Task A_text_has_1_to_10_000_characters_after_trimming()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        (await _fixture.SubmitAsync(id)).Is(400, 38);
        (await _fixture.SubmitAsync(id, ("text", " \n "))).Is(400, 44);
        (await _fixture.SubmitAsync(id, ("text", new string('t', 10_001)))).Is(400, 44);
        (await _fixture.SubmitAsync(id, ("text", "a\0b"))).Is(400, 44);
        (await _fixture.SubmitAsync(id, ("text", $" {new string('t', 10_000)} "))).Is(200);
    }

    [Fact]
    public async Task Only_the_recipient_may_answer()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        var bea = await _fixture.Server.TokenAsync(_fixture.App, await _fixture.Server.UserAsync("bea"));

        (await _fixture.Server.PostAsync(bea, $"/1.1/feedback/submit/{id}.json", ("score", "1"))).Is(404, 34);
        (await _fixture.Server.PostAsync(_fixture.Sender, $"/1.1/feedback/submit/{id}.json", ("score", "1"))).Is(404, 34);
        (await _fixture.Server.PostAsync(bea, $"/1.1/feedback/dismiss/{id}.json")).Is(404, 34);
        foreach (var wrong in new[] { "1", "0", "x", "-1", "9223372036854775807", "9223372036854775808" }) (await _fixture.SubmitAsync(wrong, ("score", "1"))).Is(404, 34);
    }

    [Fact]
    public async Task Another_senders_feedback_does_not_exist()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        var (_, other) = await _fixture.Server.SenderAsync(_fixture.App, "other");

        (await _fixture.Server.GetAsync(other, $"/1.1/feedback/show/{id}.json")).Is(404, 34);
        foreach (var wrong in new[] { "x", "-1", "9223372036854775808", "%2e%2e" }) (await _fixture.ShowAsync(wrong)).Is(404, 34);
    }

    [Fact]
    public async Task A_dismissed_card_is_closed_without_an_event()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        (await _fixture.SubmitAsync(id, ("score", "3"))).Is(200);
        var before = (await _fixture.ShowAsync(id)).Body;
        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(1));

        (await _fixture.Server.PostAsync(_fixture.Recipient, $"/1.1/feedback/dismiss/{id}.json")).Is(200);
        (await _fixture.Server.PostAsync(_fixture.Recipient, $"/1.1/feedback/dismiss/{id}.json")).Is(200);

        (await _fixture.SubmitAsync(id, ("text", "too late"))).Is(410, 356);
        Assert.Equal(before, (await _fixture.ShowAsync(id)).Body);
        Assert.Equal(2, await _fixture.Server.CountAsync("change"));
    }

    [Fact]
    public async Task A_card_closes_when_its_lifetime_is_over()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(30));
        (await _fixture.SubmitAsync(id, ("score", "3"))).Is(200);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromMilliseconds(1));
        (await _fixture.SubmitAsync(id, ("text", "late"))).Is(410, 356);
        (await _fixture.Server.PostAsync(_fixture.Recipient, $"/1.1/feedback/dismiss/{id}.json")).Is(410, 356);
    }

    [Fact]
    public async Task Two_hundred_racing_scores_leave_exactly_one()
    {
        var id = (await _fixture.AskAsync()).Text("id");

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => _fixture.SubmitAsync(id, ("score", (1 + (i % 5)).ToString(CultureInfo.InvariantCulture)))));

        var winner = Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(199, answers.Count(answer => answer.Status == 409));
        Assert.Equal(winner.Body, (await _fixture.ShowAsync(id)).Body);
        Assert.Equal(1, await _fixture.Server.CountAsync("change", "kind = 2"));
    }

    [Theory]
    [InlineData("submit")]
    [InlineData("dismiss")]
    public async Task A_recipient_who_answers_too_often_has_to_wait_and_changes_nothing_meanwhile(string verb)
    {
        await _fixture.DisposeAsync();
        _fixture = await FeedbackFixture.StartAsync(engine, "Limits:AnswersPer15Minutes=3");
        var id = (await _fixture.AskAsync()).Text("id");
        for (var left = 2; left >= 0; left--) Assert.Equal((3, left), Headers((await AnswerAsync(_fixture.Recipient, "1")).Is(404, 34)));
        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(5));

        var refused = (await AnswerAsync(_fixture.Recipient, id)).Is(429, 88);
        Assert.Equal((3, 0), Headers(refused));
        Assert.Equal(600, refused.Header("Retry-After"));
        Assert.Equal(0, await _fixture.Server.CountAsync("prompt", "score is not null or dismissed_at is not null"));
        (await AnswerAsync(_fixture.Sender, id)).Is(404, 34);

        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(10));
        (await AnswerAsync(_fixture.Recipient, id)).Is(200);

        Task<Answer> AnswerAsync(OAuthCredentials who, string to) => _fixture.Server.PostAsync(who, $"/1.1/feedback/{verb}/{to}.json", ("score", "5"));
        static (long Limit, long Remaining) Headers(Answer answer) => (answer.Header("x-rate-limit-limit"), answer.Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task Show_allows_180_calls_in_15_minutes_from_the_first()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        var resets = _fixture.Server.Clock.GetUtcNow().AddMinutes(15).ToUnixTimeSeconds();
        for (var i = 1; i <= 180; i++)
        {
            var answer = (await _fixture.ShowAsync(i % 2 == 0 ? id : "1")).Is(i % 2 == 0 ? 200 : 404);
            Assert.Equal((180, 180 - i, resets), (answer.Header("x-rate-limit-limit"), answer.Header("x-rate-limit-remaining"), answer.Header("x-rate-limit-reset")));
        }

        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(5));
        var refused = (await _fixture.ShowAsync(id)).Is(429, 88);
        Assert.Equal((0, 600), (refused.Header("x-rate-limit-remaining"), refused.Header("Retry-After")));

        var otherApp = await _fixture.Server.AppAsync();
        (await _fixture.Server.GetAsync(await _fixture.Server.TokenAsync(otherApp, _fixture.Furni), $"/1.1/feedback/show/{id}.json")).Is(200);

        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(179, (await _fixture.ShowAsync(id)).Is(200).Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task An_operator_may_raise_the_limits_of_a_sender()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        await _fixture.Server.Get<Allowlist>().AllowSenderAsync(_fixture.Furni.Id, new(5_000, null, 7, 9), default);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(6));

        Assert.Equal(7, (await _fixture.ShowAsync(id)).Is(200).Header("x-rate-limit-limit"));
        Assert.Equal(9, (await _fixture.Server.GetAsync(_fixture.Sender, "/1.1/feedback/events.json?from_time=0&to_time=1")).Is(200).Header("x-rate-limit-limit"));
        Assert.Equal(5_000, (await _fixture.AskAsync()).Header("x-rate-limit-limit"));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private static string Anonymous(Answer answer) => answer.Body
        .Replace(answer.Text("id"), "ID", StringComparison.Ordinal).Replace(answer.Text("dm_id"), "DM", StringComparison.Ordinal)
        .Replace(answer.Text("from_user_id"), "FROM", StringComparison.Ordinal).Replace(answer.Text("to_user_id"), "TO", StringComparison.Ordinal);
}

public sealed class SqliteAnswerTests() : AnswerTests(Engine.Sqlite);

public sealed class PostgresAnswerTests() : AnswerTests(Engine.Postgres);
