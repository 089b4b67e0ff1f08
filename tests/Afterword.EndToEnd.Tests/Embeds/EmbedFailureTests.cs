using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Prompts;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Embeds;

/// <summary>Broken networks, restless pages and hostile texts around an embedded card.</summary>
public sealed class EmbedFailureTests(Browser browser)
{
    [Fact]
    public async Task Without_a_network_nothing_typed_is_lost_and_the_same_can_be_sent_again()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var id = await stage.OpenCardAsync();
        await stage.Card.Locator("button[name=score]").First.ClickAsync();
        await stage.HearAsync("score");
        await stage.Card.GetByRole(AriaRole.Textbox).FillAsync("A long story");

        await stage.Page.Context.SetOfflineAsync(true);
        await stage.Card.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Assertions.Expect(stage.Card.GetByRole(AriaRole.Alert)).ToContainTextAsync("did not get through");
        await Assertions.Expect(stage.Card.GetByRole(AriaRole.Textbox)).ToHaveValueAsync("A long story");
        Assert.Equal("error {\"reason\":\"offline\"}", (await stage.HeardAsync())[^1]);
        Assert.Equal((1, null), await stage.StoredAsync(id));

        await stage.Page.Context.SetOfflineAsync(false);
        await stage.Card.GetByRole(AriaRole.Textbox).FillAsync("A longer story");
        await stage.Card.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await stage.HearAsync("text");
        Assert.Equal((1, "A longer story"), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task Without_a_network_the_score_that_was_tapped_stays_marked()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var id = await stage.OpenCardAsync();
        await stage.Page.Context.SetOfflineAsync(true);

        await stage.Card.Locator("button[name=score]").First.ClickAsync();
        await Assertions.Expect(stage.Card.GetByRole(AriaRole.Alert)).ToContainTextAsync("did not get through");
        await Assertions.Expect(stage.Card.Locator("[aria-checked=true]")).ToHaveAttributeAsync("value", "1");

        await stage.Page.Context.SetOfflineAsync(false);
        await stage.Card.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await stage.HearAsync("score");
        Assert.Equal((1, null), await stage.StoredAsync(id));
    }

    [Theory]
    [InlineData("**/embed/*")]
    [InlineData("**/embed.css")]
    public async Task A_card_that_could_not_be_loaded_is_loaded_on_request(string broken)
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var (_, token) = await stage.AskAsync();
        await stage.Page.RouteAsync(broken, route => route.AbortAsync());
        await stage.Page.RouteAsync(broken + "?*", route => route.AbortAsync());
        await stage.OpenAsync($"<afterword-card token=\"{token}\"></afterword-card>");
        await stage.HearAsync("error");
        await Assertions.Expect(stage.Card.GetByRole(AriaRole.Alert)).ToContainTextAsync("could not be loaded");

        await stage.Page.UnrouteAllAsync();
        await stage.Card.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await stage.HearAsync("ready");
        await Assertions.Expect(stage.Card.Locator("button[name=score]")).ToHaveCountAsync(5);
    }

    [Fact]
    public async Task Something_else_than_a_card_is_no_card()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var (_, token) = await stage.AskAsync();
        await stage.Page.RouteAsync("**/embed/*", route => route.FulfillAsync(new() { Status = 502, ContentType = "text/html", Body = "<h1>Bad gateway</h1>", Headers = new Dictionary<string, string> { ["Access-Control-Allow-Origin"] = "*" } }));
        await stage.OpenAsync($"<afterword-card token=\"{token}\"></afterword-card>");
        await stage.HearAsync("error");

        await Assertions.Expect(stage.Card.GetByRole(AriaRole.Button, new() { Name = "Try again" })).ToBeVisibleAsync();
        Assert.Equal(0, await stage.Card.GetByText("Bad gateway").CountAsync());
    }

    [Fact]
    public async Task A_page_that_is_not_allowed_shows_no_card_and_answers_none()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var id = await stage.OpenCardAsync();
        await stage.DenyAsync();

        await stage.Card.Locator("button[name=score]").First.ClickAsync();
        await stage.HearAsync("error");
        Assert.Equal((null, null), await stage.StoredAsync(id));
        await stage.Page.ReloadAsync();
        await stage.HearAsync("error");
        Assert.Equal(0, await stage.Card.Locator("button[name=score]").CountAsync());
    }

    [Fact]
    public async Task An_unknown_token_gets_a_kind_line()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        await stage.OpenAsync("<afterword-card token=\"../../sign-in?x=<b>\"></afterword-card>");
        await stage.HearAsync("error");

        Assert.Equal(["error {\"reason\":\"unknown\"}"], await stage.HeardAsync());
        await Assertions.Expect(stage.Card.GetByRole(AriaRole.Heading)).ToBeVisibleAsync();
        Assert.Equal(0, await stage.Card.Locator("button, form").CountAsync());
    }

    [Fact]
    public async Task Two_cards_on_a_page_are_answered_each_for_itself()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var (first, second) = (await stage.AskAsync(), await stage.AskAsync(PromptType.Nps));
        await stage.OpenAsync($"<afterword-card token=\"{first.Token}\"></afterword-card><afterword-card token=\"{second.Token}\"></afterword-card><afterword-card></afterword-card>");
        var cards = stage.Page.Locator("afterword-card");
        await cards.Nth(1).Locator("button[name=score][value='7']").ClickAsync();
        await cards.Nth(1).GetByRole(AriaRole.Textbox).WaitForAsync();
        await cards.Nth(0).Locator("button[name=score][value='2']").ClickAsync();
        await cards.Nth(0).GetByRole(AriaRole.Textbox).WaitForAsync();

        Assert.Equal((2, null), await stage.StoredAsync(first.Id));
        Assert.Equal((7, null), await stage.StoredAsync(second.Id));
        Assert.Equal(0, await cards.Nth(2).Locator(".card").CountAsync());
    }

    [Fact]
    public async Task Two_taps_send_one_answer()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var id = await stage.OpenCardAsync();
        var sent = 0;
        stage.Page.Request += (_, request) => sent += request.Method == "POST" ? 1 : 0;
        await stage.Card.EvaluateAsync("card => { const [one, two] = card.shadowRoot.querySelectorAll('[name=score]'); two.click(); one.click(); two.click(); }");
        await stage.HearAsync("score");

        Assert.Equal(1, sent);
        Assert.Equal((2, null), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task A_card_that_is_moved_keeps_what_was_typed()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        await stage.OpenCardAsync();
        await stage.Card.Locator("button[name=score]").First.ClickAsync();
        await stage.Card.GetByRole(AriaRole.Textbox).FillAsync("Half a story");
        await stage.Card.EvaluateAsync("card => document.body.append(card)");

        await Assertions.Expect(stage.Card.GetByRole(AriaRole.Textbox)).ToHaveValueAsync("Half a story");
        Assert.Single(await stage.HeardAsync(), one => one.StartsWith("ready", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_token_shows_another_card_whatever_was_under_way()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var (first, second) = (await stage.AskAsync(), await stage.AskAsync(PromptType.Nps));
        var held = new TaskCompletionSource();
        await stage.Page.RouteAsync($"**/embed/{first.Token}*", async route =>
        {
            await held.Task;
            await route.ContinueAsync();
        });
        await stage.OpenAsync($"<afterword-card token=\"{first.Token}\"></afterword-card>");
        await stage.Page.WaitForFunctionAsync("() => customElements.get('afterword-card') !== undefined");
        await stage.Card.EvaluateAsync("(card, token) => card.token = token", second.Token);
        await stage.HearAsync("ready");
        var late = stage.Page.WaitForRequestFinishedAsync(new() { Predicate = request => request.Url.Contains(first.Token, StringComparison.Ordinal) });
        held.SetResult();
        await late;

        await Assertions.Expect(stage.Card.Locator("button[name=score]")).ToHaveCountAsync(11);
        Assert.Equal(["ready {\"step\":\"score\"}"], await stage.HeardAsync());
        await stage.Card.EvaluateAsync("card => card.token = null");
        await Assertions.Expect(stage.Card.Locator(".card")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_card_that_is_removed_while_it_sends_is_answered_all_the_same()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var id = await stage.OpenCardAsync();
        var answered = stage.Page.WaitForRequestFinishedAsync(new() { Predicate = request => request.Method == "POST" });
        await stage.Card.EvaluateAsync("card => { card.shadowRoot.querySelector('[name=score]').click(); card.remove(); }");
        await answered;

        Assert.Equal((1, null), await stage.StoredAsync(id));
        Assert.Empty(stage.Complaints);
    }

    [Fact]
    public async Task A_script_that_is_there_twice_or_late_does_no_harm()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var (_, token) = await stage.AskAsync();
        await stage.OpenAsync($"<script src=\"{stage.Feedback}/embed.js\" async></script><script src=\"{stage.Feedback}/embed.js?again\" type=\"module\"></script>");
        await stage.Page.WaitForFunctionAsync("() => customElements.get('afterword-card') !== undefined");

        // A property from before the element was known must not hide the one that it has.
        await stage.Page.EvaluateAsync(
            "token => { const card = document.createElement('afterword-card'); Object.defineProperty(card, 'token', { value: token, configurable: true, writable: true }); document.body.append(card); }", token);
        await stage.HearAsync("ready");
        Assert.Equal(token, await stage.Card.GetAttributeAsync("token"));
        Assert.Empty(stage.Complaints);
    }

    [Theory]
    [InlineData("<img src=x onerror=\"heard.push('run')\">")]
    [InlineData("</bdi><script>heard.push('run')</script>")]
    [InlineData("\"'><svg onload=heard.push('run')>")]
    public async Task Names_are_text_whatever_they_hold(string name)
    {
        await using var stage = await EmbedFixture.SetAsync(browser, sender: name);
        var (_, token) = await stage.AskAsync(displayName: name[..20]);
        await stage.OpenAsync($"<afterword-card token=\"{token}\"></afterword-card>");
        await stage.Card.Locator("button[name=score]").First.ClickAsync();
        await stage.HearAsync("score");

        await Assertions.Expect(stage.Card.Locator("label")).ToContainTextAsync(name);
        Assert.DoesNotContain("run", await stage.HeardAsync());
        Assert.Equal(0, await stage.Card.Locator("img, script, [onerror], [onload]").CountAsync());
    }

    [Fact]
    public async Task Even_markup_from_the_server_runs_nothing()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        await stage.Page.RouteAsync("**/embed/*", route => route.FulfillAsync(new()
        {
            ContentType = "text/html",
            Headers = new Dictionary<string, string> { ["Access-Control-Allow-Origin"] = "*" },
            Body =
                """
                <section class="card"><h2 id="card-heading" onclick="heard.push('run')">Question</h2><img src=x onerror="heard.push('run')"><script>heard.push('run')</script>
                <a href="javascript:heard.push('run')" id="link">link</a><svg onload="heard.push('run')"><animate onbegin="heard.push('run')" attributeName="x" dur="1s"/></svg>
                <iframe srcdoc="<script>parent.heard.push('run')</script>"></iframe><style>* { display: none }</style><link rel="stylesheet" href="/shop.css">
                <form action="javascript:heard.push('run')"><input name="a" formaction="javascript:1" style="color:red"></form></section>
                """,
        }));
        await stage.OpenAsync("<afterword-card token=\"x\"></afterword-card>");
        await stage.HearAsync("ready");

        Assert.Equal(["a", "form", "h2", "input", "section", "svg"], await stage.Card.EvaluateAsync<string[]>(
            "card => [...new Set([...card.shadowRoot.querySelectorAll('section, section *')].map(one => one.localName))].sort()"));
        Assert.Equal(["class", "id", "name", "tabindex"], await stage.Card.EvaluateAsync<string[]>(
            "card => [...new Set([...card.shadowRoot.querySelectorAll('section, section *')].flatMap(one => one.getAttributeNames()))].sort()"));
        await stage.Card.Locator("#link").ClickAsync();
        Assert.Equal(["ready {\"step\":null}"], await stage.HeardAsync());
    }
}
