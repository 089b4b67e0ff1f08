using System.Net;
using System.Text;
using Afterword.Server.Allowlists;
using Afterword.Server.Answers;
using Afterword.Server.Embed;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Embed;

/// <summary>The card within another site's page, as browsers on allowed and on other pages meet it.</summary>
public abstract class EmbedTests(Engine engine) : IAsyncLifetime
{
    private const string Shop = "https://shop.example";

    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await FeedbackFixture.StartAsync(engine);
        await AllowAsync(_fixture.Furni, Shop);
    }

    [Fact]
    public async Task An_allowed_page_shows_the_card_and_answers_it()
    {
        var (id, token) = await CardAsync("nps");
        var shown = (await GetAsync(token, Shop)).Is(200);
        Assert.Equal("score", shown.Headers["Afterword-Step"]);
        Assert.Contains("How likely are you to recommend FURNI to a friend?", WebUtility.HtmlDecode(shown.Body), StringComparison.Ordinal);
        Assert.DoesNotContain("<html", shown.Body, StringComparison.Ordinal);

        var scored = (await PostAsync(token, Shop, "score=9")).Is(200);
        Assert.Equal("text", scored.Headers["Afterword-Step"]);
        Assert.Contains("name=\"text\"", scored.Body, StringComparison.Ordinal);
        Assert.Equal("thanks", (await PostAsync(token, Shop, "text=Nice+chairs")).Is(200).Headers["Afterword-Step"]);

        var response = (await _fixture.ShowAsync(id)).Json.GetProperty("response");
        Assert.Equal(9, response.GetProperty("score").GetProperty("value").GetInt32());
        Assert.Equal("Nice chairs", response.GetProperty("text").GetProperty("value").GetString());
    }

    [Fact]
    public async Task An_allowed_page_may_read_what_it_gets_and_sends_no_cookies()
    {
        var (_, token) = await CardAsync();
        foreach (var answer in new[] { await GetAsync(token, Shop), await PostAsync(token, Shop, "score=6"), await PostAsync(token, Shop, "score=3") })
        {
            Assert.Equal(Shop, answer.Headers["Access-Control-Allow-Origin"]);
            Assert.Equal("Afterword-Step", answer.Headers["Access-Control-Expose-Headers"]);
            Assert.False(answer.Headers.ContainsKey("Access-Control-Allow-Credentials"));
            Assert.False(answer.Headers.ContainsKey("Set-Cookie"));
        }
    }

    [Theory]
    [InlineData("https://other.example")]
    [InlineData("http://shop.example")]
    [InlineData("https://shop.example:444")]
    [InlineData("https://SHOP.example")]
    [InlineData("https://shop.example.evil.example")]
    [InlineData("https://sub.shop.example")]
    [InlineData("https://shop.example/")]
    [InlineData("null")]
    [InlineData("*")]
    [InlineData("https://shop.example, https://evil.example")]
    public async Task Another_page_gets_nothing_and_records_nothing(string origin)
    {
        var (id, token) = await CardAsync();
        var before = (await _fixture.ShowAsync(id)).Body;
        foreach (var answer in new[] { await GetAsync(token, origin), await PostAsync(token, origin, "score=5"), await PostAsync(token, origin, "dismiss=1"), await AskFirstAsync(token, origin) })
        {
            answer.Is(403);
            Assert.DoesNotContain(answer.Headers.Keys, name => name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain("card", answer.Headers["Content-Type"] == "text/html; charset=utf-8" ? answer.Body : "", StringComparison.Ordinal);
        }

        Assert.Equal(before, (await _fixture.ShowAsync(id)).Body);
        Assert.Equal(0, await _fixture.Server.CountAsync("prompt", "dismissed_at is not null"));

        // The same from the allowed page is taken: it was the page that was refused.
        (await PostAsync(token, Shop, "score=5")).Is(200);
    }

    [Fact]
    public async Task What_names_no_page_reads_and_cannot_answer()
    {
        var (id, token) = await CardAsync();
        var read = (await GetAsync(token, origin: null)).Is(200);
        Assert.False(read.Headers.ContainsKey("Access-Control-Allow-Origin"));

        (await PostAsync(token, origin: null, "score=5")).Is(403);
        Assert.False((await _fixture.ShowAsync(id)).Json.TryGetProperty("response", out _));
    }

    [Fact]
    public async Task A_page_is_allowed_for_one_sender_alone()
    {
        var (other, credentials) = await _fixture.Server.SenderAsync(_fixture.App, "lampen");
        await AllowAsync(other, "https://lamps.example");
        var asked = (await _fixture.Server.PostAsync(
            credentials, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{_fixture.Ana.Id}"), ("message", "m"), ("privacy_url", "https://a.example/"), ("include_card", "1"))).Is(200);
        var (_, furni) = await CardAsync();

        (await GetAsync(asked.Text("card_token"), "https://lamps.example")).Is(200);
        (await GetAsync(asked.Text("card_token"), Shop)).Is(403);
        (await GetAsync(furni, "https://lamps.example")).Is(403);
    }

    [Fact]
    public async Task Unknown_and_forged_tokens_look_the_same_to_every_page()
    {
        var (_, token) = await CardAsync();
        Assert.True(CardLink.TryParse(token, out var link));
        var forged = new CardLink(link.SenderId, link.PromptId, new byte[20]).ToString();

        var seen = new HashSet<string>();
        foreach (var unknown in new[] { "x", forged, CardLink.New(1, 2).ToString(), new string('A', 5_000), "%20" })
        {
            foreach (var origin in new[] { Shop, "https://other.example", null })
            {
                foreach (var answer in new[] { await GetAsync(unknown, origin), await PostAsync(unknown, origin, "score=5"), await AskFirstAsync(unknown, origin) })
                {
                    answer.Is(404);
                    seen.Add(string.Join('\n', [answer.Body, .. answer.Headers.Where(header => header.Key != "Date").Select(header => $"{header.Key}: {header.Value}").Order(StringComparer.Ordinal)]));
                }
            }
        }

        Assert.Single(seen);
        Assert.Contains("Access-Control-Allow-Origin: *", seen.Single(), StringComparison.Ordinal);
        Assert.Equal(0, await _fixture.Server.CountAsync("change", "kind = 2"));
    }

    [Fact]
    public async Task A_browser_that_asks_first_is_told_what_an_allowed_page_may_send()
    {
        var (_, token) = await CardAsync();
        var answer = (await AskFirstAsync(token, Shop)).Is(204);
        Assert.Equal(Shop, answer.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal("GET, POST", answer.Headers["Access-Control-Allow-Methods"]);
        Assert.Equal(1, await _fixture.Server.CountAsync("change"));
    }

    [Fact]
    public async Task Caches_keep_no_card_and_no_answer_for_another_page()
    {
        var (_, token) = await CardAsync();
        foreach (var answer in new[] { await GetAsync(token, Shop), await GetAsync(token, "https://other.example"), await GetAsync("x", Shop), await PostAsync(token, Shop, "score=x"), await PostAsync(token, Shop, "score=3") })
        {
            Assert.Equal("no-store", answer.Headers["Cache-Control"]);
            Assert.Equal("Origin", answer.Headers["Vary"]);
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
            Assert.Equal("no-referrer", answer.Headers["Referrer-Policy"]);
            Assert.StartsWith("noindex", answer.Headers["X-Robots-Tag"], StringComparison.Ordinal);
            Assert.Equal("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", answer.Headers["Content-Security-Policy"]);
        }
    }

    [Fact]
    public async Task A_page_that_was_denied_is_shut_out_at_once()
    {
        var (_, token) = await CardAsync();
        (await GetAsync(token, Shop)).Is(200);

        Assert.True(await _fixture.Server.Get<EmbedOrigins>().DenyAsync(_fixture.Furni.Id, new(Shop), default));

        (await GetAsync(token, Shop)).Is(403);
        (await PostAsync(token, Shop, "score=5")).Is(403);
        Assert.False(await _fixture.Server.Get<EmbedOrigins>().DenyAsync(_fixture.Furni.Id, new(Shop), default));
    }

    [Fact]
    public async Task Reading_changes_nothing()
    {
        var (id, token) = await CardAsync();
        var before = (await _fixture.ShowAsync(id)).Body;
        foreach (var query in new[] { "?score=5", "?text=x", "?dismiss=1", "?asking=stop" })
        {
            (await GetAsync(token + query, Shop)).Is(200);
            (await SendAsync(HttpMethod.Head, token + query, Shop, null)).Is(200);
            (await AskFirstAsync(token + query, Shop)).Is(204);
        }

        Assert.Equal(before, (await _fixture.ShowAsync(id)).Body);
        Assert.Equal(1, await _fixture.Server.CountAsync("change"));
    }

    [Fact]
    public async Task What_is_refused_is_shown_again_with_the_step()
    {
        var (_, token) = await CardAsync();
        Assert.Equal("score", (await PostAsync(token, Shop, "score=6")).Is(400).Headers["Afterword-Step"]);
        (await PostAsync(token, Shop, "score=1")).Is(200);

        var text = "<b>tail&" + new string('x', 10_000);
        var again = (await PostAsync(token, Shop, "text=" + Uri.EscapeDataString(text))).Is(400);
        Assert.Equal("text", again.Headers["Afterword-Step"]);
        Assert.Contains(text, WebUtility.HtmlDecode(again.Body), StringComparison.Ordinal);
        Assert.DoesNotContain("<b>tail", again.Body, StringComparison.Ordinal);
        (await PostAsync(token, Shop, "text=" + new string('x', 1_000_000))).Is(400);
    }

    [Fact]
    public async Task The_page_chooses_the_language()
    {
        var (_, token) = await CardAsync();
        Assert.Contains("lang=\"ar\"", (await GetAsync(token + "?language=ar-EG", Shop)).Is(200).Body, StringComparison.Ordinal);
        Assert.Contains("dir=\"rtl\"", (await PostAsync(token, Shop, "score=3&language=ar")).Is(200).Body, StringComparison.Ordinal);

        (_, token) = await CardAsync();
        foreach (var strange in new[] { "", "xx", new string('a', 5_000), "%00", "%F0%9F" })
        {
            Assert.Contains("lang=\"en\"", (await GetAsync($"{token}?language={strange}", Shop)).Is(200).Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_flood_on_a_card_is_held_back_whether_there_is_such_a_card_or_not()
    {
        var (id, token) = await CardAsync();
        foreach (var flooded in new[] { token, "unknown" })
        {
            var answer = await GetAsync(flooded, Shop);
            for (var i = 0; i < 1_000 && answer.Status != 429; i++) answer = await GetAsync(flooded, Shop);
            Assert.InRange(answer.Is(429).Header("Retry-After"), 1, 3_600);
            (await PostAsync(flooded, Shop, "score=5")).Is(429);
        }

        Assert.False((await _fixture.ShowAsync(id)).Json.TryGetProperty("response", out _));
    }

    [Fact]
    public async Task Names_and_questions_are_text_not_markup()
    {
        var evil = await _fixture.Server.Get<UserAccounts>().AddAsync("evil", "<script>alert(1)</script>\"'", null, MessagingPermission.Anyone, default);
        await _fixture.Server.Get<Allowlist>().AllowSenderAsync(evil!.Id, new(null, null, null, null), default);
        await AllowAsync(evil, Shop);
        var answer = (await _fixture.Server.PostAsync(
            await _fixture.Server.TokenAsync(_fixture.App, evil), "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{_fixture.Ana.Id}"), ("message", "m"),
            ("privacy_url", "https://a.example/\"><script>"), ("display_name", "<img src=x>"), ("include_card", "1"))).Is(200);

        var panel = (await GetAsync(answer.Text("card_token"), Shop)).Is(200).Body;
        Assert.DoesNotContain("<script", panel, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", panel, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_cards_token_is_in_no_log()
    {
        var (_, token) = await CardAsync();
        await GetAsync(token, Shop);
        await GetAsync(token, "https://other.example");
        await PostAsync(token, Shop, "score=5");

        Assert.DoesNotContain(_fixture.Server.Log, line => line.Contains(token, StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private Task AllowAsync(User sender, string origin) => _fixture.Server.Get<EmbedOrigins>().AllowAsync(sender.Id, new(origin), default);

    private async Task<(string Id, string Token)> CardAsync(string type = "csat")
    {
        var asked = await _fixture.AskAsync(type, ("include_card", "true"));
        return (asked.Text("id"), asked.Text("card_token"));
    }

    private Task<Answer> GetAsync(string token, string? origin) => SendAsync(HttpMethod.Get, token, origin, null);

    private Task<Answer> PostAsync(string token, string? origin, string form) => SendAsync(HttpMethod.Post, token, origin, form);

    private Task<Answer> AskFirstAsync(string token, string? origin) => SendAsync(HttpMethod.Options, token, origin, null);

    private Task<Answer> SendAsync(HttpMethod method, string token, string? origin, string? form) =>
        _fixture.Server.SendAsync(null, method, $"/embed/{token}", form is null ? null : Encoding.ASCII.GetBytes(form), request =>
        {
            if (origin is not null) request.Headers.TryAddWithoutValidation("Origin", origin);
            if (method == HttpMethod.Options) request.Headers.TryAddWithoutValidation("Access-Control-Request-Method", "POST");
        });
}

public sealed class SqliteEmbedTests() : EmbedTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresEmbedTests() : EmbedTests(Engine.Postgres);
