using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Tests.Storage;

/// <summary>What belongs together is written together: when one part of it cannot be written, the caller hears so and nothing of it is there.</summary>
public abstract class AllOrNothingTests(Engine engine) : IAsyncLifetime
{
    private static readonly string[] s_tables = ["prompt", "change", "delivery", "message", "contact", "rollup", "idempotency", "follow_up", "text_word"];

    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await FeedbackFixture.StartAsync(engine, "Webhooks:AllowPlainHttp=true", "Webhooks:PollEvery=00:01:00");

        // Nothing is sent to it: whoever delivers finds the address forbidden.
        await _fixture.Server.Get<Endpoints>().AddAsync(_fixture.Furni.Id, new Uri("http://127.0.0.1:9/"), null, Approval.NeededIfOwned, default);
    }

    [Theory]
    [InlineData("change")]
    [InlineData("delivery")]
    [InlineData("message")]
    [InlineData("contact")]
    [InlineData("rollup")]
    [InlineData("idempotency")]
    public async Task A_request_is_stored_with_all_that_belongs_to_it_or_not_at_all(string table)
    {
        await FailsAsync(table, AskAsync);

        (await AskAsync()).Is(200);
        Assert.Equal((1, 1, 1), (await _fixture.Server.CountAsync("prompt"), await _fixture.Server.CountAsync("change"), await _fixture.Server.CountAsync("delivery")));
        await _fixture.Server.AllIsWellAsync();
    }

    [Theory]
    [InlineData("change")]
    [InlineData("delivery")]
    [InlineData("rollup")]
    [InlineData("follow_up")]
    [InlineData("text_word")]
    public async Task An_answer_is_stored_with_all_that_belongs_to_it_or_not_at_all(string table)
    {
        var id = (await _fixture.AskAsync()).Text("id");
        Task<Answer> AnswerAsync() => _fixture.SubmitAsync(id, ("score", "1"), ("text", "It came too late."));
        await FailsAsync(table, AnswerAsync);
        Assert.False((await _fixture.ShowAsync(id)).Json.TryGetProperty("response", out _));

        (await AnswerAsync()).Is(200);
        Assert.Equal((3, 3), (await _fixture.Server.CountAsync("change"), await _fixture.Server.CountAsync("delivery")));
        await _fixture.Server.AllIsWellAsync();
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private Task<Answer> AskAsync() => _fixture.Server.SendAsync(
        _fixture.Sender, HttpMethod.Post, "/1.1/feedback/create.json",
        TestServer.Form(("type", "csat"), ("to_user_id", $"{_fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy")),
        request => request.Headers.Add("Idempotency-Key", "one"));

    /// <summary>Does something while a table is away, and sees that every other one is as it was.</summary>
    private async Task FailsAsync(string table, Func<Task<Answer>> act)
    {
        var before = await CountsAsync();
        await _fixture.Server.RenameAsync(table, "lost");
        (await act()).Is(500, 131);
        await _fixture.Server.RenameAsync("lost", table);
        Assert.Equal(before, await CountsAsync());
    }

    private async Task<string> CountsAsync()
    {
        var counts = new List<string>();
        foreach (var table in s_tables) counts.Add($"{table} {await _fixture.Server.CountAsync(table)}");
        return string.Join(", ", counts);
    }
}

public sealed class SqliteAllOrNothingTests() : AllOrNothingTests(Engine.Sqlite);

public sealed class PostgresAllOrNothingTests() : AllOrNothingTests(Engine.Postgres);
