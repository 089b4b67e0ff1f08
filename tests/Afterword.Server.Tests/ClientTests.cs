using Afterword.Client;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests;

/// <summary>The .NET client and the server speak to each other over a real connection.</summary>
public abstract class ClientTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task The_client_asks_answers_shows_and_walks_all_events()
    {
        using var sender = new FeedbackClient(new FeedbackClientOptions(_fixture.Server.Url, _fixture.Sender) { Clock = _fixture.Server.Clock });
        using var recipient = new FeedbackClient(new FeedbackClientOptions(_fixture.Server.Url, _fixture.Recipient) { Clock = _fixture.Server.Clock });
        var from = _fixture.Server.Clock.GetUtcNow();

        var asked = await sender.CreateAsync(Request("Grüße & 100 % \"+\" 👋"), default);
        for (var i = 0; i < 120; i++) await sender.CreateAsync(Request("More"), default);
        await recipient.SubmitAsync(asked.Id, score: 9, text: "+1 = good", cancellationToken: default);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(1));

        var shown = await sender.ShowAsync(asked.Id, default);
        Assert.Equal((9, "+1 = good"), (shown.Response!.Score!.Value, shown.Response.Text!.Value));
        var kinds = new List<string>();
        await foreach (var change in sender.EventsAsync(from, _fixture.Server.Clock.GetUtcNow(), default)) kinds.Add(change.EventType);
        Assert.Equal((121, 2), (kinds.Count(kind => kind == "feedback.created"), kinds.Count(kind => kind == "feedback.updated")));
    }

    [Fact]
    public async Task The_client_closes_conversations_and_changes_and_tries_the_rules_that_decide()
    {
        using var sender = new FeedbackClient(new FeedbackClientOptions(_fixture.Server.Url, _fixture.Sender) { Clock = _fixture.Server.Clock });
        var none = await sender.GetRulesAsync(default);
        var rules = none with
        {
            RecipientIntervalDays = 0,
            Rules =
            [
                new("never", new(TagsAny: ["spam"]), null),
                new("all", null, new("nps", "https://furni.example/privacy", new Dictionary<string, string> { ["en"] = "Hi {first_name}" }) { Delay = "PT1H" }),
            ],
        };
        var saved = await sender.PutRulesAsync(rules, default);
        Assert.Equal((0, 1, "@furni"), (none.Version, saved.Version, saved.ChangedBy));
        Assert.Equal(355, (await Assert.ThrowsAsync<FeedbackApiException>(() => sender.PutRulesAsync(rules, default))).Code);

        ConversationClose Close(string externalId, params string[] tags) => new() { ToUserId = $"{_fixture.Ana.Id}", ExternalId = externalId, Agent = "Zo\u00eb & co", Tags = tags, ClosedAt = _fixture.Server.Clock.GetUtcNow() };
        var closed = await sender.CloseConversationAsync(Close("t 1"), default);
        var spam = await sender.CloseConversationAsync(Close("t 2", "spam", "x"), default);
        Assert.Equal(("scheduled", "all", "skipped", "rule_says_no"), (closed.Decision, closed.Rule, spam.Decision, spam.Reason));
        Assert.Equal("reopened", (await sender.ReopenConversationAsync("t 1", default)).Reason);
        Assert.Equal(("Zo\u00eb & co", "withdrawn"), ((await sender.ShowConversationAsync(closed.Id, default)).Agent, (await sender.ShowConversationAsync(closed.Id, default)).Decision));
        for (var i = 3; i < 105; i++) await sender.CloseConversationAsync(Close($"t {i}"), default);

        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        var walked = new List<string>();
        await foreach (var one in sender.ConversationsAsync(new() { Agent = "Zo\u00eb & co" }, default)) walked.Add(one.ExternalId);
        Assert.Equal(Enumerable.Range(1, 104).Select(i => $"t {i}"), walked);
        Assert.True((await sender.CanPromptAsync($"{_fixture.Ana.Id}", default)).Allowed);
        Assert.Equal("rule_says_no", (await sender.CanPromptAsync(Close("t 200", "spam"), default)).Reason);
        var simulated = await sender.SimulateRulesAsync(saved with { Rules = [] }, 7, default);
        Assert.Equal((7, 104, 104, 102), (simulated.Days, simulated.Closes, simulated.Would.Single().Count, simulated.Did.Single(one => one.Decision == "scheduled").Count));
    }

    [Fact]
    public async Task A_refusal_carries_the_servers_code()
    {
        using var sender = new FeedbackClient(new FeedbackClientOptions(_fixture.Server.Url, _fixture.Sender) { Clock = _fixture.Server.Clock });

        var refused = await Assert.ThrowsAsync<FeedbackApiException>(() => sender.ShowAsync("1", default));

        Assert.Equal((404, 34), ((int)refused.Status, refused.Code));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private PromptRequest Request(string message) => new()
    {
        Type = FeedbackType.Nps, ToUserId = $"{_fixture.Ana.Id}", Message = message, PrivacyUrl = new Uri("https://furni.example/privacy"),
    };
}

public sealed class SqliteClientTests() : ClientTests(Engine.Sqlite);

public sealed class PostgresClientTests() : ClientTests(Engine.Postgres);
