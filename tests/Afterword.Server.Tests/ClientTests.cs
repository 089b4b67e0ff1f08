using Afterword.Client;
using Afterword.Server.Tests.World;

namespace Afterword.Server.Tests;

/// <summary>The .NET client and the server speak to each other over a real connection.</summary>
public abstract class ClientTests(Engine engine) : IAsyncLifetime
{
    private Loop _loop = null!;

    public async ValueTask InitializeAsync() => _loop = await Loop.StartAsync(engine);

    [Fact]
    public async Task The_client_asks_answers_shows_and_walks_all_events()
    {
        using var sender = new FeedbackClient(new FeedbackClientOptions(_loop.Server.Url, _loop.Sender) { Clock = _loop.Server.Clock });
        using var recipient = new FeedbackClient(new FeedbackClientOptions(_loop.Server.Url, _loop.Recipient) { Clock = _loop.Server.Clock });
        var from = _loop.Server.Clock.GetUtcNow();

        var asked = await sender.CreateAsync(Request("Grüße & 100 % \"+\" 👋"), default);
        for (var i = 0; i < 120; i++) await sender.CreateAsync(Request("More"), default);
        await recipient.SubmitAsync(asked.Id, score: 9, text: "+1 = good", cancellationToken: default);
        await _loop.Server.AdvanceAsync(TimeSpan.FromMinutes(1));

        var shown = await sender.ShowAsync(asked.Id, default);
        Assert.Equal((9, "+1 = good"), (shown.Response!.Score!.Value, shown.Response.Text!.Value));
        var kinds = new List<string>();
        await foreach (var change in sender.EventsAsync(from, _loop.Server.Clock.GetUtcNow(), default)) kinds.Add(change.EventType);
        Assert.Equal((121, 2), (kinds.Count(kind => kind == "feedback.created"), kinds.Count(kind => kind == "feedback.updated")));
    }

    [Fact]
    public async Task A_refusal_carries_the_servers_code()
    {
        using var sender = new FeedbackClient(new FeedbackClientOptions(_loop.Server.Url, _loop.Sender) { Clock = _loop.Server.Clock });

        var refused = await Assert.ThrowsAsync<FeedbackApiException>(() => sender.ShowAsync("1", default));

        Assert.Equal((404, 34), ((int)refused.Status, refused.Code));
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private PromptRequest Request(string message) => new()
    {
        Type = FeedbackType.Nps, ToUserId = $"{_loop.Ana.Id}", Message = message, PrivacyUrl = new Uri("https://furni.example/privacy"),
    };
}

public sealed class SqliteClientTests() : ClientTests(Engine.Sqlite);

public sealed class PostgresClientTests() : ClientTests(Engine.Postgres);
