using Afterword.Client.OAuth;
using Afterword.Server.Embed;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Inbox;

namespace Afterword.Server.Tests.Abuse;

/// <summary>Many calls at once or in a row, by every way there is to a card.</summary>
public abstract class FloodTests(Engine engine)
{
    private const string Origin = "https://shop.example";

    [Fact]
    public async Task A_links_limit_counts_the_card_the_embedded_card_and_its_preflights_together()
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine, "Cards:CallsPerLink=8");
        var token = await CardAsync(fixture.Server, fixture.Sender, fixture.Ana.Id);
        await fixture.Server.Get<EmbedOrigins>().AllowAsync(fixture.Furni.Id, new(Origin), default);
        for (var i = 0; i < 2; i++)
        {
            (await SendAsync(fixture.Server, HttpMethod.Get, $"/f/{token}")).Is(200);
            (await SendAsync(fixture.Server, HttpMethod.Head, $"/f/{token}")).Is(200);
            (await SendAsync(fixture.Server, HttpMethod.Get, $"/embed/{token}")).Is(200);
            (await SendAsync(fixture.Server, HttpMethod.Options, $"/embed/{token}")).Is(204);
        }

        foreach (var (method, path) in new[] { (HttpMethod.Get, "/f/"), (HttpMethod.Post, "/f/"), (HttpMethod.Get, "/embed/"), (HttpMethod.Post, "/embed/"), (HttpMethod.Options, "/embed/") })
        {
            Assert.InRange((await SendAsync(fixture.Server, method, path + token, method == HttpMethod.Post ? "score=4" : null)).Is(429).Header("Retry-After"), 1, 60);
        }

        Assert.Equal(0, await fixture.Server.CountAsync("prompt", "score is not null"));
        await fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(1));
        (await SendAsync(fixture.Server, HttpMethod.Post, $"/f/{token}", "score=4")).Is(200);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", "192.0.2.2")]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:3::1")]
    [InlineData("::ffff:192.0.2.9", "192.0.2.9", "192.0.2.10")]
    public async Task An_address_has_one_limit_for_cards_and_embedded_cards_and_IPv6_one_for_a_64(string from, string same, string other)
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine, "Cards:CallsPerAddress=10", "Proxies=127.0.0.1");
        for (var i = 0; i < 10; i++) (await SendAsync(fixture.Server, HttpMethod.Get, $"/{(i % 2 == 0 ? "f" : "embed")}/guess{i}", from: i % 3 == 0 ? same : from)).Is(404);

        var token = await CardAsync(fixture.Server, fixture.Sender, fixture.Ana.Id);
        var held = await SendAsync(fixture.Server, HttpMethod.Post, $"/f/{token}", "text=Mine+%3C3+%22quoted%22", same);
        Assert.InRange(held.Is(429).Header("Retry-After"), 1, 60);
        Assert.Contains("Mine <3 \"quoted\"</textarea>", System.Net.WebUtility.HtmlDecode(held.Body), StringComparison.Ordinal);
        (await SendAsync(fixture.Server, HttpMethod.Get, $"/embed/{token}", from: same)).Is(429);
        (await SendAsync(fixture.Server, HttpMethod.Get, $"/f/{token}", from: other)).Is(200);
    }

    [Fact]
    public async Task Two_hundred_answers_racing_by_card_embed_inbox_API_and_email_leave_one()
    {
        await using var world = await InboxFixture.StartAsync(engine, "Cards:CallsPerLink=0");
        var server = world.Server;
        await server.Get<EmbedOrigins>().AllowAsync(world.Furni.Id, new(Origin), default);
        var recipient = await server.TokenAsync(await server.AppAsync(), world.Ana);
        var token = await CardAsync(server, world.Sender, world.Ana.Id);
        var id = await server.Server.Store.Main.ReadAsync(session => session.Sql("select id from prompt").FirstAsync(row => row.GetInt64(0), default), default);
        var browser = await world.GuestAsync();
        var thread = await browser.GetAsync("/messages/furni");
        var inbox = InboxCardTests.ActionOf(thread);

        var race = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i => (i % 5) switch
        {
            0 => (await SendAsync(server, HttpMethod.Post, $"/f/{token}", $"score={1 + (i % 4)}")).Status,
            1 => (await SendAsync(server, HttpMethod.Post, $"/embed/{token}", $"score={1 + (i % 4)}")).Status,
            2 => (await browser.SubmitAsync(thread, inbox, ("score", $"{1 + (i % 4)}"))).Status,
            3 => (await server.PostAsync(recipient, $"/1.1/feedback/submit/{id}.json", ("score", $"{1 + (i % 4)}"))).Status,
            _ => await FromEmailAsync(1 + (i % 4)),
        }));

        Assert.All(race, status => Assert.InRange(status, 200, 499));
        Assert.Contains(303, race);
        Assert.Equal(1, await server.CountAsync("prompt", "score is not null"));
        Assert.Equal(1, await server.CountAsync("change", "kind = 2"));
        await server.AllIsWellAsync();

        // An email's link shows its answer chosen, and the page's button sends it.
        async Task<int> FromEmailAsync(int score)
        {
            (await SendAsync(server, HttpMethod.Get, $"/f/{token}?score={score}")).Is(200);
            return (await SendAsync(server, HttpMethod.Post, $"/f/{token}", $"language=en&score={score}")).Status;
        }
    }

    private static async Task<string> CardAsync(TestServer server, OAuthCredentials sender, long recipient) => (await server.PostAsync(
        sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{recipient}"), ("message", "m"), ("privacy_url", "https://furni.example/p"), ("include_card", "1"))).Is(200).Text("card_token");

    private static Task<Answer> SendAsync(TestServer server, HttpMethod method, string path, string? form = null, string? from = null) => server.SendAsync(
        null, method, path, form is null ? null : System.Text.Encoding.ASCII.GetBytes(form), request =>
        {
            if (path.StartsWith("/embed/", StringComparison.Ordinal)) request.Headers.Add("Origin", Origin);
            if (from is not null) request.Headers.Add("X-Forwarded-For", from);
        });
}

public sealed class SqliteFloodTests() : FloodTests(Engine.Sqlite);

public sealed class PostgresFloodTests() : FloodTests(Engine.Postgres);
