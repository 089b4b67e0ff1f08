using Afterword.Server.Embed;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Abuse;

/// <summary>Programs that open links before, beside or instead of the customer answer nothing.</summary>
public abstract class CrawlerTests(Engine engine)
{
    private const string Origin = "https://shop.example";

    // What browsers and mail programs send with what nobody asked for yet.
    private static readonly (string Name, string Value)[] s_ahead =
    [
        ("Purpose", "prefetch"), ("Purpose", "preview"), ("Sec-Purpose", "prefetch"), ("Sec-Purpose", "prefetch;prerender"), ("Sec-Purpose", "prefetch;anonymous-client-ip"),
        ("X-Moz", "prefetch"), ("X-Purpose", "preview"), ("X-Purpose", "instant"), ("Sec-Fetch-Dest", "empty"),
    ];

    [Fact]
    public async Task No_crawler_answers_a_card()
    {
        var crawlers = Lists.Crawlers;
        Assert.True(crawlers.Length >= 1_498, $"There are only {crawlers.Length} crawlers.");
        await WatchAsync(async (fixture, card, token) =>
        {
            // Each crawler reads the card by its link, by a link of an email and by the link of the embedded card.
            await Parallel.ForEachAsync(crawlers, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (crawler, _) =>
            {
                await OpenAsync(fixture, HttpMethod.Get, card, ("User-Agent", crawler));
                await OpenAsync(fixture, HttpMethod.Get, $"{card}?score=4", ("User-Agent", crawler));
                await OpenAsync(fixture, HttpMethod.Head, $"{card}?score=4", ("User-Agent", crawler));
                await OpenAsync(fixture, HttpMethod.Get, $"/embed/{token}", ("User-Agent", crawler));
            });
        });
    }

    [Fact]
    public async Task No_prefetch_prerender_or_preview_answers_a_card() => await WatchAsync(async (fixture, card, token) =>
    {
        foreach (var header in s_ahead)
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
            {
                foreach (var query in new[] { "", "?score=1", "?score=4", "?score=4&text=x", "?text=x", "?dismiss=1", "?asking=stop", "?List-Unsubscribe=One-Click" })
                {
                    await OpenAsync(fixture, method, card + query, header);
                    await OpenAsync(fixture, method, $"/embed/{token}{query}", header);
                    await OpenAsync(fixture, method, $"/embed/{token}{query}", header, ("Origin", Origin));
                }
            }
        }
    });

    [Theory]
    [InlineData("OPTIONS")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("PROPFIND")]
    public async Task No_other_method_answers_a_card(string method) => await WatchAsync(async (fixture, card, token) =>
    {
        foreach (var path in new[] { card, $"/embed/{token}" })
        {
            var answer = await fixture.Server.SendAsync(null, new HttpMethod(method), path, TestServer.Form(("score", "4")), request => request.Headers.Add("Origin", Origin));
            Assert.InRange(answer.Status, 200, 499);
        }
    });

    private async Task WatchAsync(Func<FeedbackFixture, string, string, Task> open)
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine, "Cards:CallsPerLink=0");
        await fixture.Server.Get<EmbedOrigins>().AllowAsync(fixture.Furni.Id, new(Origin), default);
        var asked = await fixture.AskAsync("csat", ("include_card", "true"));
        var (id, card) = (asked.Text("id"), new Uri(asked.Text("card_url")).AbsolutePath);
        var before = await SeeAsync();

        // A change would carry a later time.
        await fixture.Server.AdvanceAsync(TimeSpan.FromHours(1));
        await open(fixture, card, asked.Text("card_token"));
        Assert.Equal(before, await SeeAsync());

        // The same eyes see a customer's answer.
        (await fixture.Server.SendAsync(null, HttpMethod.Post, card, TestServer.Form(("score", "4")))).Is(200);
        var after = await SeeAsync();
        Assert.Equal(before.Changes + 1, after.Changes);
        Assert.Equal(before.Answers + 1, after.Answers);
        Assert.NotEqual(before.UpdatedAt, after.UpdatedAt);
        Assert.NotEqual(before.Shown, after.Shown);

        async Task<(long Changes, long Answers, long Stopped, long UpdatedAt, string Shown)> SeeAsync() => (
            await fixture.Server.CountAsync("change"),
            await fixture.Server.CountAsync("prompt", "score is not null or comment is not null or dismissed_at is not null"),
            await fixture.Server.CountAsync("contact", "opted_out_at is not null"),
            await fixture.Server.Server.Store.Main.ReadAsync(session => session.Sql("select updated_at from prompt").FirstAsync(row => row.GetInt64(0), default), default),
            (await fixture.ShowAsync(id)).Is(200).Body);
    }

    private static async Task OpenAsync(FeedbackFixture fixture, HttpMethod method, string path, params (string Name, string Value)[] headers) =>
        (await fixture.Server.SendAsync(null, method, path, null, request =>
        {
            foreach (var (name, value) in headers) Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        })).Is(200);
}

public sealed class SqliteCrawlerTests() : CrawlerTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresCrawlerTests() : CrawlerTests(Engine.Postgres);
