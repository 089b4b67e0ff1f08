using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Afterword.Server.Allowlists;
using Afterword.Server.Answers;
using Afterword.Server.Languages;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Answers;

/// <summary>The card behind its link, as a browser without script meets it.</summary>
public abstract class CardTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task The_card_goes_from_score_to_text_to_thanks()
    {
        var (id, path) = await CardAsync("csat");
        var question = (await GetAsync(path)).Is(200);
        Assert.Contains("What is your overall satisfaction with FURNI?", WebUtility.HtmlDecode(question.Body), StringComparison.Ordinal);

        (await PostAsync(path, "score=4")).Is(200);
        Assert.Contains("name=\"text\"", (await GetAsync(path)).Is(200).Body, StringComparison.Ordinal);
        (await PostAsync(path, "text=Nice+chairs%0D%0Aand+tables")).Is(303);
        AsksNothing(await GetAsync(path));
        var response = (await _fixture.ShowAsync(id)).Json.GetProperty("response");
        Assert.Equal(4, response.GetProperty("score").GetProperty("value").GetInt32());
        Assert.Equal("Nice chairs\nand tables", response.GetProperty("text").GetProperty("value").GetString());
    }

    [Fact]
    public async Task A_score_cannot_be_changed()
    {
        var (id, path) = await CardAsync("nps");
        (await PostAsync(path, "score=9")).Is(200);
        (await PostAsync(path, "score=0")).Is(303);

        Assert.Equal(9, (await _fixture.ShowAsync(id)).Json.GetProperty("response").GetProperty("score").GetProperty("value").GetInt32());
        Assert.Equal(1, await _fixture.Server.CountAsync("change", "kind = 2"));
    }

    [Theory]
    [InlineData("csat", 1, 5, "Very satisfied")]
    [InlineData("nps", 0, 10, "10 out of 10")]
    public async Task A_score_is_shown_to_whoever_gives_it_and_to_nobody_who_opens_the_link_later(string type, int low, int high, string words)
    {
        Assert.Equal(await LaterAsync(low), await LaterAsync(high));

        // All that the link opens afterwards, without what is the card's own: its link.
        async Task<string[]> LaterAsync(int score)
        {
            var (_, path) = await CardAsync(type);
            var given = (await PostAsync(path, $"score={score}")).Is(200).Body;
            Assert.Equal(score == high, given.Contains(words, StringComparison.Ordinal));
            Assert.Contains("name=\"text\"", given, StringComparison.Ordinal);

            var embed = path.Replace("/f/", "/embed/", StringComparison.Ordinal);
            var seen = new List<Answer> { await GetAsync(path), await GetAsync($"{path}?score={low}"), await GetAsync(embed) };
            Assert.All(seen, page => Assert.Contains("Your answer has been recorded.", page.Body, StringComparison.Ordinal));
            foreach (var again in (int[])[low, high]) seen.Add((await PostAsync(path, $"score={again}")).Is(303));
            seen.Add((await PostAsync(path, "text=%20")).Is(400));
            seen.Add((await PostAsync(path, "text=Why")).Is(303));
            seen.Add(await GetAsync(path));
            seen.Add(await GetAsync(embed));
            return [.. seen.Select(answer => $"{answer.Status} {string.Join(", ", answer.Headers.Where(header => header.Key != "Date").Select(header => $"{header.Key}: {header.Value}"))}\n{answer.Body}"
                .Replace(path["/f/".Length..], "TOKEN", StringComparison.Ordinal))];
        }
    }

    [Fact]
    public async Task Reading_changes_nothing()
    {
        var (id, path) = await CardAsync("csat");
        var before = (await _fixture.ShowAsync(id)).Body;

        foreach (var query in new[] { "", "?score=5", "?text=x", "?dismiss=1", "?asking=stop" })
        {
            (await GetAsync(path + query)).Is(200);
            using var head = new HttpRequestMessage(HttpMethod.Head, new Uri(_fixture.Server.Url, path + query));
            Assert.Equal("", (await _fixture.Server.SendAsync(head)).Is(200).Body);
            using var prefetch = new HttpRequestMessage(HttpMethod.Get, new Uri(_fixture.Server.Url, path + query)) { Headers = { { "Sec-Purpose", "prefetch" } } };
            (await _fixture.Server.SendAsync(prefetch)).Is(200);
        }

        Assert.Equal(before, (await _fixture.ShowAsync(id)).Body);
        Assert.Equal(1, await _fixture.Server.CountAsync("change"));
        Assert.Equal(0, await _fixture.Server.CountAsync("contact", "opted_out_at is not null"));
    }

    [Fact]
    public async Task The_page_tells_nobody_and_keeps_nothing()
    {
        var (_, path) = await CardAsync("csat");
        foreach (var answer in new[] { await GetAsync(path), await GetAsync("/f/unknown"), await PostAsync(path, "score=x"), await PostAsync(path, "score=3") })
        {
            Assert.Equal("no-store", answer.Headers["Cache-Control"]);
            Assert.Equal("no-referrer", answer.Headers["Referrer-Policy"]);
            Assert.StartsWith("noindex", answer.Headers["X-Robots-Tag"], StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
            var policy = answer.Headers["Content-Security-Policy"];
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Contains("script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'", policy, StringComparison.Ordinal);
            Assert.False(answer.Headers.ContainsKey("Content-Encoding"));
            Assert.False(answer.Headers.ContainsKey("Set-Cookie"));
        }
    }

    [Fact]
    public async Task Unknown_broken_and_forged_links_look_the_same()
    {
        var (_, path) = await CardAsync("csat");
        Assert.True(CardLink.TryParse(path["/f/".Length..], out var link));
        var forged = new CardLink(link.SenderId, link.PromptId, new byte[20]).ToString();
        var withoutCard = (await _fixture.AskAsync()).Text("id");
        var guessed = CardLink.New(_fixture.Furni.Id, long.Parse(withoutCard, System.Globalization.CultureInfo.InvariantCulture)).ToString();

        var bodies = new List<string>();
        foreach (var token in new[] { "x", forged, guessed, CardLink.New(1, 2).ToString(), new string('A', 48), path["/f/".Length..] + "A", new string('A', 5_000), "%20" })
        {
            bodies.Add((await GetAsync($"/f/{token}")).Is(404).Body);
            (await PostAsync($"/f/{token}", "score=5")).Is(404);
        }

        Assert.Single(bodies.Distinct());
        Assert.Equal(0, await _fixture.Server.CountAsync("change", "kind = 2"));
    }

    [Fact]
    public async Task A_forged_link_leaves_nothing_behind()
    {
        var (_, path) = await CardAsync("csat");
        Assert.True(CardLink.TryParse(path["/f/".Length..], out var link));
        var states = await _fixture.Server.CountAsync("sender_state");
        var forged = new CardLink(link.SenderId, link.PromptId, new byte[20]);

        foreach (var form in new[] { "score=5&language=en", "score=5", "text=Hello", "dismiss=1", "asking=stop", "asking=again", "score=77&language=en", "nothing=1" })
        {
            (await PostAsync($"/f/{forged}", form)).Is(404);
            (await PostAsync($"/f/{CardLink.New(77, 88)}", form)).Is(404);
        }

        Assert.Equal(states, await _fixture.Server.CountAsync("sender_state"));
        Assert.Equal(1, await _fixture.Server.CountAsync("change"));
        Assert.Equal(0, await _fixture.Server.CountAsync("prompt", "dismissed_at is not null or score is not null or comment is not null"));
        Assert.Equal(0, await _fixture.Server.CountAsync("contact", "opted_out_at is not null"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("score=")]
    [InlineData("score=6")]
    [InlineData("score=0")]
    [InlineData("score=6&language=de")]
    [InlineData("score=abc")]
    [InlineData("score=%00")]
    [InlineData("score=1&score=2")]
    [InlineData("text=%20%0A")]
    [InlineData("nothing=1")]
    public async Task A_form_without_an_answer_shows_the_step_again(string form)
    {
        var (_, path) = await CardAsync("csat");

        Assert.Contains("name=\"score\"", (await PostAsync(path, form)).Is(400).Body, StringComparison.Ordinal);
        Assert.Equal(1, await _fixture.Server.CountAsync("change"));
    }

    [Fact]
    public async Task A_text_that_is_refused_is_not_lost()
    {
        var (_, path) = await CardAsync("csat");
        (await PostAsync(path, "score=1")).Is(200);
        var text = "<b>tail&" + new string('x', 10_000);

        var page = (await PostAsync(path, "text=" + Uri.EscapeDataString(text))).Is(400).Body;

        Assert.Contains(text, WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.DoesNotContain("<b>tail", page, StringComparison.Ordinal);
        (await PostAsync(path, "text=" + new string('x', 1_000_000))).Is(400);
        Assert.Equal(0, await _fixture.Server.CountAsync("prompt", "comment is not null"));
    }

    [Fact]
    public async Task A_dismissed_card_says_that_it_is_closed()
    {
        var (_, path) = await CardAsync("csat");
        (await PostAsync(path, "dismiss=1")).Is(303);

        AsksNothing(await GetAsync(path));
        (await PostAsync(path, "score=5")).Is(303);
        Assert.Equal(1, await _fixture.Server.CountAsync("change"));
    }

    [Fact]
    public async Task An_expired_card_says_that_its_time_is_over()
    {
        var (_, path) = await CardAsync("csat");
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(31));

        Assert.Contains("This request has ended", (await GetAsync(path)).Body, StringComparison.Ordinal);
        AsksNothing(await GetAsync(path));
        (await PostAsync(path, "score=5")).Is(303);
        Assert.Equal(1, await _fixture.Server.CountAsync("change"));
    }

    [Fact]
    public async Task A_score_alone_is_thanked_for_when_the_time_is_over()
    {
        var (_, path) = await CardAsync("csat");
        (await PostAsync(path, "score=5")).Is(200);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(31));

        var page = await GetAsync(path);
        AsksNothing(page);
        Assert.Contains("Thank you for your feedback", page.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_comes_second_is_told_that_the_first_one_counts()
    {
        var (id, path) = await CardAsync("csat");
        (await PostAsync(path, "score=5")).Is(200);
        (await PostAsync(path, "text=First")).Is(303);

        // Whoever has the link cannot find out by trying what was written.
        var second = (await PostAsync(path, "text=Second")).Is(409).Body;
        Assert.Contains("You had already answered.", second, StringComparison.Ordinal);
        Assert.Equal(second, (await PostAsync(path, "text=First")).Is(409).Body);
        Assert.Equal("First", (await _fixture.ShowAsync(id)).Json.GetProperty("response").GetProperty("text").GetProperty("value").GetString());
    }

    [Fact]
    public async Task Who_says_stop_on_the_card_is_not_asked_until_they_undo_it_there()
    {
        var (_, path) = await CardAsync("csat");

        Assert.Equal($"{path}#card-asking", (await PostAsync(path, "asking=stop")).Is(303).Headers["Location"]);
        var stopped = (await GetAsync(path)).Is(200).Body;
        Assert.Contains("You will not be asked again", stopped, StringComparison.Ordinal);
        Assert.Contains("name=\"score\"", stopped, StringComparison.Ordinal);
        (await CreateAsync()).Is(403, 349);

        (await PostAsync(path, "asking=again")).Is(303);
        Assert.Contains("value=\"stop\"", (await GetAsync(path)).Is(200).Body, StringComparison.Ordinal);
        (await CreateAsync()).Is(200);
    }

    [Theory]
    [InlineData("dismiss=1")]
    [InlineData("score=5&text=x", "text=Fine")]
    [InlineData]
    public async Task Who_may_ask_can_be_said_on_a_closed_card_too(params string[] forms)
    {
        var (_, path) = await CardAsync("csat");
        foreach (var form in forms) (await PostAsync(path, form)).Is(form.StartsWith("score", StringComparison.Ordinal) ? 200 : 303);
        if (forms.Length == 0) await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(31));

        (await PostAsync(path, "asking=stop")).Is(303);
        Assert.Contains("value=\"again\"", (await GetAsync(path)).Is(200).Body, StringComparison.Ordinal);
        (await CreateAsync()).Is(403, 349);
        (await PostAsync(path, "asking=again")).Is(303);
        (await CreateAsync()).Is(200);
    }

    [Theory]
    [InlineData("asking=")]
    [InlineData("asking=STOP")]
    [InlineData("asking=stop&asking=again")]
    public async Task Half_a_word_stops_nothing(string form)
    {
        var (_, path) = await CardAsync("csat");

        (await PostAsync(path, form)).Is(400);
        (await CreateAsync()).Is(200);
    }

    [Theory]
    [InlineData]
    [InlineData("score=2")]
    [InlineData("score=2", "text=Why")]
    [InlineData("asking=stop")]
    public async Task The_panel_is_the_card_without_its_page(params string[] forms)
    {
        var (_, path) = await CardAsync("csat");
        foreach (var form in forms) (await PostAsync(path, form)).Is(form.StartsWith("score", StringComparison.Ordinal) ? 200 : 303);
        var card = await Card.FindAsync(_fixture.Server.Server.Store, path["/f/".Length..], default);
        var view = _fixture.Server.Get<AnswerCard>().View(card!, new(path, _ => Language.English)) with { Hidden = new("form", "a\"b") };
        var output = new System.Buffers.ArrayBufferWriter<byte>();

        _fixture.Server.Get<CardPages>().WritePanel(output, view);

        var panel = Encoding.UTF8.GetString(output.WrittenSpan);
        var page = (await GetAsync(path)).Body;
        Assert.StartsWith("<section class=\"card panel\" lang=\"en\" dir=\"ltr\"", panel, StringComparison.Ordinal);
        Assert.EndsWith("</section>", panel.TrimEnd(), StringComparison.Ordinal);
        foreach (var outer in new[] { "<html", "<main", "<header", "<h1", "<link", "<title" }) Assert.DoesNotContain(outer, panel, StringComparison.Ordinal);
        Assert.Equal(Fields(page[page.IndexOf("<body", StringComparison.Ordinal)..]), Fields(Regex.Replace(panel, "<input type=\"hidden\" name=\"form\"[^>]*>", "")));
        Assert.Equal(Regex.Count(panel, "<form"), Regex.Count(panel, "value=\"a&quot;b\""));

        static string[] Fields(string html) => [.. Regex.Matches(html, "name=\"[a-z]+\"( value=\"[^\"]*\")?|action=\"[^\"]*\"").Select(match => match.Value)];
    }

    [Fact]
    public async Task Names_and_questions_are_text_not_markup()
    {
        var evil = await _fixture.Server.Get<UserAccounts>().AddAsync("evil", "<script>alert(1)</script>\"'", null, MessagingPermission.Anyone, default);
        await _fixture.Server.Get<Allowlist>().AllowSenderAsync(evil!.Id, new(null, null, null, null), default);
        var token = await _fixture.Server.TokenAsync(_fixture.App, evil);
        var answer = (await _fixture.Server.PostAsync(
            token, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{_fixture.Ana.Id}"), ("message", "m"),
            ("privacy_url", "https://a.example/\"><script>"), ("display_name", "<img src=x>"), ("include_card", "1"))).Is(200);

        var page = (await GetAsync(new Uri(answer.Text("card_url")).AbsolutePath)).Is(200).Body;

        Assert.DoesNotContain("<script", page.Replace("<script type=\"module\" src=\"/card.js\"></script>", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", page, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Two_hundred_racing_taps_leave_one_score()
    {
        var (_, path) = await CardAsync("csat");

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => PostAsync(path, $"score={1 + (i % 5)}")));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(199, answers.Count(answer => answer.Status == 303));
        Assert.Equal(1, await _fixture.Server.CountAsync("change", "kind = 2"));
    }

    [Fact]
    public async Task A_cards_token_is_in_no_log()
    {
        var (_, path) = await CardAsync("csat");
        await PostAsync(path, "score=5");
        await GetAsync(path);
        await GetAsync(path + "x");

        Assert.DoesNotContain(_fixture.Server.Log, line => line.Contains(path["/f/".Length..], StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("csat")]
    [InlineData("nps")]
    public async Task The_first_load_is_at_most_15_KB(string type)
    {
        var (_, path) = await CardAsync(type);

        // The page goes as it is: its address is a secret that stands in it, and compressed lengths tell of secrets.
        var bytes = (await SendAsync(path, "gzip, br")).Is(200).Header("Content-Length");
        foreach (var file in new[] { "/card.css", "/card.js", "/scale.js" })
        {
            var sent = (await SendAsync(file, "gzip")).Is(200);
            Assert.Equal("gzip", sent.Headers["Content-Encoding"]);
            Assert.NotEmpty(sent.Headers["ETag"]);
            bytes += sent.Header("Content-Length");
        }

        Assert.InRange(bytes, 1, 15_000);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private static void AsksNothing(Answer page)
    {
        foreach (var name in new[] { "score", "text", "dismiss" }) Assert.DoesNotContain($"name=\"{name}\"", page.Is(200).Body, StringComparison.Ordinal);
    }

    private async Task<(string Id, string Path)> CardAsync(string type)
    {
        var asked = await _fixture.AskAsync(type, ("include_card", "true"));
        return (asked.Text("id"), new Uri(asked.Text("card_url")).AbsolutePath);
    }

    private Task<Answer> CreateAsync() => _fixture.Server.PostAsync(
        _fixture.Sender, "/1.1/feedback/create.json",
        ("type", "csat"), ("to_user_id", $"{_fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));

    private Task<Answer> GetAsync(string path) => _fixture.Server.SendAsync(null, HttpMethod.Get, path, null);

    private async Task<Answer> SendAsync(string path, string accepted)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_fixture.Server.Url, path)) { Headers = { { "Accept-Encoding", accepted } } };
        return await _fixture.Server.SendAsync(request);
    }

    private Task<Answer> PostAsync(string path, string form) => _fixture.Server.SendAsync(null, HttpMethod.Post, path, Encoding.ASCII.GetBytes(form));
}

public sealed class SqliteCardTests() : CardTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresCardTests() : CardTests(Engine.Postgres);
