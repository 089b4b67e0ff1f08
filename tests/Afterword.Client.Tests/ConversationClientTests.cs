using System.Net;
using Afterword.Client.OAuth;
using Afterword.Client.Tests.Wire;

namespace Afterword.Client.Tests;

/// <summary>Conversations are closed, looked at and walked through, and rules are read, changed and tried out.</summary>
public sealed class ConversationClientTests : IDisposable
{
    private readonly FakeNetwork _network = new();
    private readonly ManualClock _clock = new("2016-01-04T19:45:37Z");
    private readonly FeedbackClient _client;

    public ConversationClientTests() =>
        _client = new(new(new Uri("https://feedback.example"), new OAuthCredentials("key", "secret", "12-token", "token secret")) { Clock = _clock }, _network);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static string Conversation => Golden("conversation");

    [Fact]
    public async Task A_close_is_sent_as_a_form_with_what_was_given()
    {
        _network.Answers(Conversation).Answers(Conversation);
        var closed = await _client.CloseConversationAsync(new() { ToUserId = "34", ExternalId = "t 5" }, Stop);
        await _client.CloseConversationAsync(
            new()
            {
                ToUserId = "34", ExternalId = "t_5", Agent = "Zoë", Team = "returns", Tags = ["vip", "chair"], Language = "de-AT", ClosedAt = DateTimeOffset.FromUnixTimeMilliseconds(1451606400000),
                Messages = 12, AgentMessages = 4, DisplayName = "Möbel", PrivacyUrl = new("https://mybusiness.domain"), Test = true,
            },
            Stop);

        Assert.Equal(["/1.1/feedback/conversations/close.json", "/1.1/feedback/conversations/close.json"], _network.Requests.Select(sent => sent.Address.PathAndQuery));
        Assert.Equal("to_user_id=34&external_id=t+5", _network.Requests[0].Body);
        Assert.Equal(
            "to_user_id=34&external_id=t_5&agent=Zo%C3%AB&team=returns&tags=vip%2Cchair&language=de-AT&closed_at=1451606400000&messages=12&agent_messages=4&test=true&display_name=M%C3%B6bel&privacy_url=https%3A%2F%2Fmybusiness.domain",
            _network.Requests[1].Body);
        Assert.StartsWith("OAuth ", _network.Requests[0].Authorization, StringComparison.Ordinal);
        Assert.Equal(("scheduled", "ticket_5555", "everybody else", 0.5), (closed.Decision, closed.ExternalId, closed.Rule, closed.Share));
        Assert.Null(closed.FeedbackId);
    }

    [Fact]
    public async Task A_conversation_is_reopened_by_its_reference_and_shown_by_its_id()
    {
        _network.Answers(Conversation).Answers(Conversation);
        await _client.ReopenConversationAsync("t/5", Stop);
        await _client.ShowConversationAsync("7", Stop);

        Assert.Equal(
            ["POST /1.1/feedback/conversations/reopen.json external_id=t%2F5", "GET /1.1/feedback/conversations/show/7.json "],
            _network.Requests.Select(sent => $"{sent.Method} {sent.Address.PathAndQuery} {sent.Body}"));
    }

    [Fact]
    public async Task A_call_that_cannot_be_right_is_not_sent()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _client.ShowConversationAsync("t_5", Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => _client.ReopenConversationAsync("", Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => _client.CanPromptAsync("", Stop));
        await Assert.ThrowsAsync<ArgumentNullException>(() => _client.CloseConversationAsync(null!, Stop));
        await Assert.ThrowsAsync<ArgumentNullException>(() => _client.PutRulesAsync(null!, Stop));
        Assert.Empty(_network.Requests);
    }

    [Fact]
    public async Task Only_an_empty_cursor_ends_the_walk_and_a_limit_is_waited_for()
    {
        _network
            .Answers($$"""{"conversations":[{{Conversation}}],"next_cursor":"a&b="}""")
            .Answers("""{"errors":[{"code":88,"message":"Rate limit exceeded."}]}""", HttpStatusCode.TooManyRequests, ("Retry-After", "37"))
            .Answers("""{"conversations":[],"next_cursor":"c"}""")
            .Answers($$"""{"conversations":[{{Conversation}}],"next_cursor":""}""");
        var filter = new ConversationFilter
        {
            From = DateTimeOffset.FromUnixTimeMilliseconds(1451606400000), To = DateTimeOffset.FromUnixTimeMilliseconds(1451692799999), Decision = "skipped", Reason = "budget", Agent = "Zoë", ExternalId = "t&5",
        };
        var ids = new List<string>();
        await foreach (var one in _client.ConversationsAsync(filter, Stop)) ids.Add(one.Id);

        const string Query = "?from_time=1451606400000&to_time=1451692799999&decision=skipped&reason=budget&agent=Zo%C3%AB&external_id=t%265";
        Assert.Equal(2, ids.Count);
        Assert.Equal([Query, $"{Query}&cursor=a%26b%3D", $"{Query}&cursor=a%26b%3D", $"{Query}&cursor=c"], _network.Requests.Select(sent => sent.Address.Query));
        Assert.Equal([TimeSpan.FromSeconds(37)], _clock.Waits);
    }

    [Fact]
    public async Task Without_a_filter_all_are_listed()
    {
        _network.Answers("""{"conversations":[],"next_cursor":""}""");
        await foreach (var one in _client.ConversationsAsync(cancellationToken: Stop)) Assert.Fail(one.Id);
        Assert.Equal("/1.1/feedback/conversations/list.json", _network.Requests.Single().Address.PathAndQuery);
    }

    [Fact]
    public async Task The_dry_run_sends_what_decides_and_gives_every_check()
    {
        _network.Answers(Golden("can-prompt")).Answers(Golden("can-prompt"));
        var can = await _client.CanPromptAsync("34", Stop);
        await _client.CanPromptAsync(new ConversationClose { ToUserId = "34", ExternalId = "t_5", Tags = ["vip"], DisplayName = "x", PrivacyUrl = new("https://mybusiness.domain") }, Stop);

        Assert.Equal(["?to_user_id=34", "?to_user_id=34&external_id=t_5&tags=vip"], _network.Requests.Select(sent => sent.Address.Query));
        Assert.Equal(("asked_recently", false), (can.Reason, can.Allowed));
        Assert.Equal(["recipient", "recipient_interval"], can.Checks.Select(check => check.Check));
    }

    [Fact]
    public async Task Rules_that_were_read_are_changed_and_sent_back_with_their_version()
    {
        _network.Answers(Golden("rules")).Answers(Golden("rules"));
        var rules = await _client.GetRulesAsync(Stop);
        await _client.PutRulesAsync(rules with { Paused = true }, Stop);

        Assert.Equal((7, "Europe/Berlin", 2), (rules.Version, rules.QuietHours?.TimeZone, rules.Rules.Count));
        var sent = _network.Requests[1];
        Assert.Equal("PUT /1.1/feedback/rules.json", $"{sent.Method} {sent.Address.PathAndQuery}");
        Assert.Equal(Golden("rules").Replace("\"paused\":false", "\"paused\":true", StringComparison.Ordinal), sent.Body);

        // A rule that asks nobody says so: without it, the server takes it for forgotten.
        Assert.Contains("""{"name":"never internal","when":{"tags_any":["internal","spam"]},"ask":null}""", sent.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_that_moved_on_are_a_refusal()
    {
        _network.Answers("""{"errors":[{"code":355,"message":"The rules have been changed since you have read them."}]}""", HttpStatusCode.Conflict);
        var refused = await Assert.ThrowsAsync<FeedbackApiException>(() => _client.PutRulesAsync(new([]), Stop));
        Assert.Equal((HttpStatusCode.Conflict, 355), (refused.Status, refused.Code));
    }

    [Fact]
    public async Task A_draft_is_sent_with_its_days()
    {
        _network.Answers(Golden("simulation"));
        var simulated = await _client.SimulateRulesAsync(new([new("all", null, new("csat", "https://mybusiness.domain", new Dictionary<string, string> { ["en"] = "Hi" }))]), 90, Stop);

        Assert.Equal(
            """{"rules":[{"name":"all","ask":{"type":"csat","privacy_url":"https://mybusiness.domain","message":{"en":"Hi"}}}],"days":90}""", _network.Requests.Single().Body);
        Assert.Equal((1200, 289, 590), (simulated.Closes, simulated.Different, simulated.Would[0].Count));
    }

    public void Dispose()
    {
        _client.Dispose();
        _network.Dispose();
    }

    private static string Golden(string name) => System.Text.Encoding.UTF8.GetString(WireJsonTests.Golden(name));
}
