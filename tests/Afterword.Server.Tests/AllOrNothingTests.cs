using Afterword.Server.Tests.World;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Tests;

/// <summary>What belongs together is written together: when one part of it cannot be written, the caller hears so and nothing of it is there.</summary>
public abstract class AllOrNothingTests(Engine engine) : IAsyncLifetime
{
    private static readonly string[] s_tables = ["prompt", "change", "delivery", "message", "contact", "rollup", "idempotency", "follow_up", "text_word"];

    private Loop _loop = null!;

    public async ValueTask InitializeAsync()
    {
        _loop = await Loop.StartAsync(engine, "Webhooks:AllowPlainHttp=true", "Webhooks:PollEvery=00:01:00");

        // Nothing is sent to it: whoever delivers finds the address forbidden.
        await _loop.Server.Get<Endpoints>().AddAsync(_loop.Furni.Id, new Uri("http://127.0.0.1:9/"), null, Approval.NeededIfOwned, default);
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
        Assert.Equal((1, 1, 1), (await _loop.Server.CountAsync("prompt"), await _loop.Server.CountAsync("change"), await _loop.Server.CountAsync("delivery")));
        await _loop.Server.AllIsWellAsync();
    }

    [Theory]
    [InlineData("change")]
    [InlineData("delivery")]
    [InlineData("rollup")]
    [InlineData("follow_up")]
    [InlineData("text_word")]
    public async Task An_answer_is_stored_with_all_that_belongs_to_it_or_not_at_all(string table)
    {
        var id = (await _loop.AskAsync()).Text("id");
        Task<Answer> AnswerAsync() => _loop.SubmitAsync(id, ("score", "1"), ("text", "It came too late."));
        await FailsAsync(table, AnswerAsync);
        Assert.False((await _loop.ShowAsync(id)).Json.TryGetProperty("response", out _));

        (await AnswerAsync()).Is(200);
        Assert.Equal((3, 3), (await _loop.Server.CountAsync("change"), await _loop.Server.CountAsync("delivery")));
        await _loop.Server.AllIsWellAsync();
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private Task<Answer> AskAsync() => _loop.Server.SendAsync(
        _loop.Sender, HttpMethod.Post, "/1.1/feedback/create.json",
        TestServer.Form(("type", "csat"), ("to_user_id", $"{_loop.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy")),
        request => request.Headers.Add("Idempotency-Key", "one"));

    /// <summary>Does something while a table is away, and sees that every other one is as it was.</summary>
    private async Task FailsAsync(string table, Func<Task<Answer>> act)
    {
        var before = await CountsAsync();
        await _loop.Server.RenameAsync(table, "lost");
        (await act()).Is(500, 131);
        await _loop.Server.RenameAsync("lost", table);
        Assert.Equal(before, await CountsAsync());
    }

    private async Task<string> CountsAsync()
    {
        var counts = new List<string>();
        foreach (var table in s_tables) counts.Add($"{table} {await _loop.Server.CountAsync(table)}");
        return string.Join(", ", counts);
    }
}

public sealed class SqliteAllOrNothingTests() : AllOrNothingTests(Engine.Sqlite);

public sealed class PostgresAllOrNothingTests() : AllOrNothingTests(Engine.Postgres);
