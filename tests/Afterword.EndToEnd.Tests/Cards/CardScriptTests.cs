using Afterword.Server.Prompts;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>The card in a browser that runs its script: the same steps, without page loads.</summary>
public sealed class CardScriptTests(Browser browser, CardFixture stage) : IClassFixture<CardFixture>
{
    private const string Cards = "**/f/*";

    [Fact]
    public async Task The_steps_follow_each_other_without_a_page_load()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var (page, id) = await stage.OpenAsync(visitor, PromptType.Csat);
        var loads = 0;
        page.FrameNavigated += (_, _) => loads++;

        await Score(page, 4).ClickAsync();
        await Assertions.Expect(Heading(page)).ToHaveTextAsync("Thank you");
        await Assertions.Expect(Heading(page)).ToBeFocusedAsync();
        await Assertions.Expect(page).ToHaveTitleAsync("Thank you – tell Furni why");
        await Assertions.Expect(page.Locator("[role=status]")).ToHaveTextAsync("Thank you – tell Furni why");

        await page.GetByRole(AriaRole.Textbox).FillAsync("Good chairs.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Assertions.Expect(Heading(page)).ToHaveTextAsync("Thank you for your feedback");
        await Assertions.Expect(Heading(page)).ToBeFocusedAsync();

        Assert.Equal(0, loads);
        Assert.Equal((4, "Good chairs."), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task The_first_load_asks_this_server_for_four_files_and_leaves_nothing_behind()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var requests = new List<Uri>();
        var complaints = new List<string>();
        visitor.Request += (_, request) => requests.Add(new(request.Url));
        visitor.Console += (_, message) => complaints.Add(message.Text);
        var (page, _) = await stage.OpenAsync(visitor, PromptType.Nps);
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);

        var files = requests.Where(request => request.Scheme != "data").ToArray();
        Assert.All(files, file => Assert.Equal(stage.Url.Authority, file.Authority));
        Assert.Equal(["/card.css", "/card.js", "/scale.js"], files.Select(file => file.AbsolutePath).Where(path => !path.StartsWith("/f/", StringComparison.Ordinal)).Order());
        Assert.Equal(4, files.Length);

        await Score(page, 9).ClickAsync();
        await page.GetByRole(AriaRole.Textbox).WaitForAsync();
        Assert.Empty(complaints);
        Assert.Empty(await visitor.CookiesAsync());
        Assert.Equal(0, await page.EvaluateAsync<int>("(async () => localStorage.length + sessionStorage.length + (await indexedDB.databases()).length)()"));
    }

    [Fact]
    public async Task Two_taps_send_one_answer()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var (page, id) = await stage.OpenAsync(visitor, PromptType.Csat);
        var posts = 0;
        var second = new TaskCompletionSource();
        await page.RouteAsync(Cards, async route =>
        {
            if (route.Request.Method == "POST") Interlocked.Increment(ref posts);
            await second.Task;
            await route.ContinueAsync();
        });

        await Score(page, 2).ClickAsync();
        await Assertions.Expect(Score(page, 2)).ToHaveAttributeAsync("aria-checked", "true");
        await Score(page, 5).ClickAsync();
        await Score(page, 2).ClickAsync();
        second.SetResult();

        await page.GetByRole(AriaRole.Textbox).WaitForAsync();
        Assert.Equal(1, posts);
        Assert.Equal((2, null), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task What_was_typed_stays_when_nobody_answers_and_can_be_sent_again()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var (page, id) = await stage.OpenAsync(visitor, PromptType.Csat);
        await Score(page, 1).ClickAsync();
        await page.GetByRole(AriaRole.Textbox).FillAsync("Long and careful words.");
        await page.RouteAsync(Cards, route => route.AbortAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("That did not get through.");
        await Assertions.Expect(page.GetByRole(AriaRole.Textbox)).ToHaveValueAsync("Long and careful words.");
        Assert.Equal((1, null), await stage.StoredAsync(id));

        await page.UnrouteAsync(Cards);
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Assertions.Expect(Heading(page)).ToHaveTextAsync("Thank you for your feedback");
        Assert.Equal((1, "Long and careful words."), await stage.StoredAsync(id));
    }

    [Theory]
    [InlineData("text/plain", 502)]
    [InlineData("text/html", 200)]
    public async Task A_score_that_met_a_stranger_can_be_sent_again(string type, int status)
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var (page, id) = await stage.OpenAsync(visitor, PromptType.Nps);
        await page.RouteAsync(Cards, route => route.FulfillAsync(new() { Status = status, ContentType = type, Body = "<p>Some gateway speaks.</p>" }));
        await Score(page, 3).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await Assertions.Expect(Score(page, 3)).ToHaveAttributeAsync("aria-checked", "true");

        // Another one is tried, and it alone is shown as what will be sent.
        await Score(page, 7).ClickAsync();
        await Assertions.Expect(page.Locator("[aria-checked=true]")).ToHaveAttributeAsync("value", "7");
        await Assertions.Expect(Score(page, 3)).ToHaveAttributeAsync("aria-checked", "false");

        // That one has met the stranger too: while it is on its way, it would go on to the server.
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await page.UnrouteAsync(Cards);

        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();

        await page.GetByRole(AriaRole.Textbox).WaitForAsync();
        Assert.Equal((7, null), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task The_answer_of_an_email_stays_marked_when_its_confirmation_does_not_get_through()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var (page, _) = await stage.OpenAsync(visitor, PromptType.Csat);
        await page.GotoAsync(page.Url + "?score=4");
        await page.RouteAsync(Cards, route => route.AbortAsync());

        await page.Locator(".send").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".scale .chosen")).ToHaveAttributeAsync("value", "4");

        // Another answer takes the mark over.
        await Score(page, 2).ClickAsync();
        await Assertions.Expect(page.Locator(".scale .chosen")).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator("[aria-checked=true]")).ToHaveAttributeAsync("value", "2");
    }

    [Fact]
    public async Task The_scale_is_one_stop_and_arrows_walk_along_it_without_choosing()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var (page, id) = await stage.OpenAsync(visitor, PromptType.Nps);
        await Assertions.Expect(page.GetByRole(AriaRole.Radiogroup)).ToBeVisibleAsync();

        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(Score(page, 0)).ToBeFocusedAsync();
        foreach (var (key, score) in new[] { ("ArrowRight", 1), ("ArrowDown", 2), ("ArrowLeft", 1), ("End", 10), ("ArrowRight", 0), ("ArrowUp", 10), ("Home", 0), ("ArrowRight", 1) })
        {
            await page.Keyboard.PressAsync(key);
            await Assertions.Expect(Score(page, score)).ToBeFocusedAsync();
        }

        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Close this card" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Shift+Tab");
        await Assertions.Expect(Score(page, 1)).ToBeFocusedAsync();
        Assert.Equal((null, null), await stage.StoredAsync(id));

        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Textbox).WaitForAsync();
        Assert.Equal((1, null), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task Stopping_the_questions_keeps_what_was_typed_and_tells_where_it_was_tapped()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var (page, id) = await stage.OpenAsync(visitor, PromptType.Csat);
        await Score(page, 3).ClickAsync();
        await page.GetByRole(AriaRole.Textbox).FillAsync("Half a");

        await page.GetByRole(AriaRole.Button, new() { Name = "Stop asking me" }).ClickAsync();
        await Assertions.Expect(page.Locator("#card-asking")).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator("#card-asking")).ToContainTextAsync("You will not be asked again");
        await Assertions.Expect(page.GetByRole(AriaRole.Textbox)).ToHaveValueAsync("Half a");
        Assert.True(await stage.IsStoppedAsync(id));

        await page.GetByRole(AriaRole.Button, new() { Name = "Ask me again" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Stop asking me" })).ToBeFocusedAsync();
        Assert.False(await stage.IsStoppedAsync(id));
    }

    [Fact]
    public async Task Going_back_and_forth_does_no_harm()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var (page, id) = await stage.OpenAsync(visitor, PromptType.Csat);
        await Score(page, 5).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "No thanks" }).ClickAsync();
        await Assertions.Expect(Heading(page)).ToHaveTextAsync("Thank you for your feedback");

        await page.GoBackAsync();
        await page.GoForwardAsync();

        await Assertions.Expect(Heading(page)).ToHaveTextAsync("Thank you for your feedback");
        Assert.Equal((5, null), await stage.StoredAsync(id));
    }

    private static ILocator Heading(IPage page) => page.GetByRole(AriaRole.Heading, new() { Level = 1 });

    private static ILocator Score(IPage page, int score) => page.Locator($"button[name=score][value='{score}']");
}
