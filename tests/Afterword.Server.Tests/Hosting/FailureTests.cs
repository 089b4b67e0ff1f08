using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Hosting;

/// <summary>Something breaks that nobody thought of: the caller hears so, and finds the same trace as the operator.</summary>
public abstract class FailureTests(Engine engine) : IAsyncLifetime
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task The_answer_and_the_log_have_one_trace_that_is_the_requests_own()
    {
        var (first, second) = (await FailAsync(null), await FailAsync(null));

        Assert.Matches("^[0-9a-f]{32}$", first);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task A_callers_trace_is_continued() => Assert.Equal(Trace, await FailAsync($"00-{Trace}-00f067aa0ba902b7-01"));

    [Fact]
    public async Task A_broken_trace_of_a_caller_is_none() => Assert.Matches("^(?!0{32})[0-9a-f]{32}$", await FailAsync("00-not-a-trace"));

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<string> FailAsync(string? traceParent)
    {
        var path = $"/1.1/feedback/show/{(await _fixture.AskAsync()).Text("id")}.json";
        await _fixture.Server.RenameAsync("prompt", "lost");
        var answer = await _fixture.Server.SendAsync(_fixture.Sender, HttpMethod.Get, path, null, request => request.Headers.TryAddWithoutValidation("traceparent", traceParent));
        await _fixture.Server.RenameAsync("lost", "prompt");

        var trace = answer.Is(500, 131).Headers["x-transaction-id"];
        Assert.DoesNotContain("lost", answer.Body, StringComparison.Ordinal);
        Assert.Contains(_fixture.Server.Log, line => line.Contains(trace, StringComparison.Ordinal));
        return trace;
    }
}

public sealed class SqliteFailureTests() : FailureTests(Engine.Sqlite);

public sealed class PostgresFailureTests() : FailureTests(Engine.Postgres);
