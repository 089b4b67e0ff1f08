using System.Text;
using Afterword.Server.Answers;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Answers;

/// <summary>Too many calls on the card's links, and a store that does not answer.</summary>
public abstract class CardGateTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task A_flood_on_one_link_is_held_back_until_the_next_minute()
    {
        var (id, path) = await CardAsync();
        var (_, other) = await CardAsync();
        for (var i = 0; i < 300; i++) (await GetAsync(path)).Is(200);

        var held = (await GetAsync(path)).Is(429);
        Assert.InRange(held.Header("Retry-After"), 1, 60);
        Assert.Contains("Please try again in a moment", held.Body, StringComparison.Ordinal);
        (await PostAsync(path, "score=5")).Is(429);
        Assert.Contains(">\nMine &lt;3<", (await PostAsync(path, "text=Mine+%3C3")).Is(429).Body, StringComparison.Ordinal);
        (await GetAsync(other)).Is(200);
        Assert.False((await _fixture.ShowAsync(id)).Json.TryGetProperty("response", out var response) && response.ValueKind != System.Text.Json.JsonValueKind.Null);

        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(1));
        (await GetAsync(path)).Is(200);
    }

    [Fact]
    public async Task A_guess_at_a_link_does_not_shut_out_who_has_it()
    {
        var (_, path) = await CardAsync();
        Assert.True(CardLink.TryParse(path["/f/".Length..], out var link));
        var forged = "/f/" + new CardLink(link.SenderId, link.PromptId, new byte[20]);
        for (var i = 0; i < 300; i++) (await GetAsync(forged)).Is(404);
        (await GetAsync(forged)).Is(429);

        (await GetAsync(path)).Is(200);
    }

    [Fact]
    public async Task A_flood_from_one_address_is_held_back_and_from_this_machine_none()
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine, "Cards:CallsPerAddress=20", "Proxies=127.0.0.1");
        var count = 0;
        foreach (var (from, served) in new[] { ("192.0.2.1", 20), ("192.0.2.2", 20), ("2001:db8::1", 20), ("2001:db8::2", 0), ("2001:db8:0:1::1", 20), ("127.0.0.1", 25) })
        {
            for (var i = 0; i < 25; i++)
            {
                // Guesses at many links share their address and nothing else.
                var answer = await fixture.Server.SendAsync(null, HttpMethod.Get, $"/f/guess{count++}", null, request => request.Headers.Add("X-Forwarded-For", from));
                answer.Is(i < served ? 404 : 429);
            }
        }
    }

    [Fact]
    public async Task The_limits_can_be_lifted()
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine, "Cards:CallsPerLink=0");

        for (var i = 0; i < 400; i++) (await fixture.Server.SendAsync(null, HttpMethod.Get, "/f/often", null)).Is(404);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<(string Id, string Path)> CardAsync()
    {
        var asked = await _fixture.AskAsync("csat", ("include_card", "true"));
        return (asked.Text("id"), new Uri(asked.Text("card_url")).AbsolutePath);
    }

    private Task<Answer> GetAsync(string path) => _fixture.Server.SendAsync(null, HttpMethod.Get, path, null);

    private Task<Answer> PostAsync(string path, string form) => _fixture.Server.SendAsync(null, HttpMethod.Post, path, Encoding.ASCII.GetBytes(form));
}

public sealed class SqliteCardGateTests() : CardGateTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresCardGateTests() : CardGateTests(Engine.Postgres);
