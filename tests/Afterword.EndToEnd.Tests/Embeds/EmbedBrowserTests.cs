using System.Globalization;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Prompts;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Embeds;

/// <summary>A customer answers a card within a shop's page.</summary>
public sealed class EmbedBrowserTests(Browser browser)
{
    [Theory]
    [InlineData(false, 4)]
    [InlineData(true, 9)]
    public async Task A_customer_answers_and_the_page_hears_it_but_not_what(bool nps, int score)
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var id = await stage.OpenCardAsync(nps ? PromptType.Nps : PromptType.Csat);

        await stage.Card.Locator(string.Create(CultureInfo.InvariantCulture, $"button[name=score][value='{score}']")).ClickAsync();
        await stage.Card.GetByRole(AriaRole.Textbox).FillAsync("Good chairs.");
        await stage.Card.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Assertions.Expect(stage.Card.GetByRole(AriaRole.Heading)).ToContainTextAsync("Thank you for your feedback");

        Assert.Equal((score, "Good chairs."), await stage.StoredAsync(id));
        Assert.Equal(["ready {\"step\":\"score\"}", "score {\"step\":\"text\"}", "text {\"step\":\"thanks\"}"], await stage.HeardAsync());
        Assert.Equal([stage.Shop.Origin, stage.Feedback], stage.Hosts);
        Assert.Empty(stage.Complaints);
    }

    [Fact]
    public async Task A_customer_answers_with_the_keyboard_alone_and_is_led_on()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var id = await stage.OpenCardAsync();
        Assert.Equal("BODY", await stage.Page.EvaluateAsync<string>("document.activeElement.tagName"));

        // The scale is one stop, and arrows walk along it without choosing.
        await stage.Page.Keyboard.PressAsync("Tab");
        await stage.Page.Keyboard.PressAsync("ArrowLeft");
        await Assertions.Expect(stage.Card.Locator("button[value='5']")).ToBeFocusedAsync();
        Assert.Equal((null, null), await stage.StoredAsync(id));
        await stage.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(stage.Card.Locator("#card-heading")).ToBeFocusedAsync();
        await Assertions.Expect(stage.Card.Locator("#card-heading")).ToHaveTextAsync("Thank you");
        await stage.Page.Keyboard.PressAsync("Tab");
        await stage.Page.Keyboard.TypeAsync("Typed.");
        await stage.Page.Keyboard.PressAsync("Tab");
        await stage.Page.Keyboard.PressAsync("Enter");
        await stage.HearAsync("text");

        Assert.Equal((5, "Typed."), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task A_customer_closes_the_card()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var id = await stage.OpenCardAsync(PromptType.Nps);

        await stage.Card.GetByRole(AriaRole.Button, new() { Name = "Close this card" }).ClickAsync();
        await stage.HearAsync("dismiss");

        Assert.Equal("dismiss {\"step\":\"dismissed\"}", (await stage.HeardAsync())[^1]);
        Assert.Equal((null, null), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task What_is_wrong_is_said_beside_what_was_typed()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        await stage.OpenCardAsync();
        await stage.Card.Locator("button[name=score]").Last.ClickAsync();
        await stage.Card.GetByRole(AriaRole.Textbox).FillAsync("  ");
        await stage.Card.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();

        await Assertions.Expect(stage.Card.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await Assertions.Expect(stage.Card.GetByRole(AriaRole.Textbox)).ToBeFocusedAsync();
        Assert.Equal("error {\"reason\":\"refused\",\"step\":\"text\"}", (await stage.HeardAsync())[^1]);
    }

    [Fact]
    public async Task Axe_finds_nothing_on_any_step_in_either_scheme()
    {
        await using var stage = await EmbedFixture.SetAsync(browser, style: "html { color-scheme: light dark; color: CanvasText; }");
        await Axe.BringAsync(stage.Page.Context);
        foreach (var type in new[] { PromptType.Csat, PromptType.Nps })
        {
            await stage.OpenCardAsync(type);
            await CheckAsync();
            await stage.Card.Locator("button[name=score]").First.ClickAsync();
            await stage.HearAsync("score");
            await CheckAsync();
            await stage.Card.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
            await stage.HearAsync("error");
            await CheckAsync();
            await stage.Card.GetByRole(AriaRole.Textbox).FillAsync("Fine.");
            await stage.Card.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
            await stage.HearAsync("text");
            await CheckAsync();
        }

        await stage.OpenAsync("<afterword-card token=\"nowhere\"></afterword-card>");
        await stage.HearAsync("error");
        await CheckAsync();

        Task CheckAsync() => Axe.FindsNothingAndAllFitsEverywhereAsync(stage.Page);
    }

    [Fact]
    public async Task The_page_chooses_colours_letters_and_corners()
    {
        await using var stage = await EmbedFixture.SetAsync(
            browser,
            style: "afterword-card { --afterword-accent: rgb(1, 2, 3); --afterword-background: rgb(4, 5, 6); --afterword-text: rgb(250, 251, 252); --afterword-radius: 7px; --afterword-font: Georgia; --afterword-size: 20px; }");
        await stage.OpenCardAsync();
        await stage.Card.Locator("button[name=score]").First.ClickAsync();
        await stage.HearAsync("score");

        Assert.Equal("rgb(1, 2, 3)", await StyleAsync(stage, ".send", "backgroundColor"));
        Assert.Equal("rgb(4, 5, 6)", await StyleAsync(stage, ".card", "backgroundColor"));
        Assert.Equal("rgb(250, 251, 252)", await StyleAsync(stage, "#card-heading", "color"));
        Assert.Equal("7px", await StyleAsync(stage, ".card", "borderTopLeftRadius"));
        Assert.Equal("Georgia", await StyleAsync(stage, ".card", "fontFamily"));
        Assert.Equal("20px", await StyleAsync(stage, ".card", "fontSize"));
    }

    [Fact]
    public async Task Without_a_choice_the_page_changes_nothing_but_the_size_of_its_letters()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        await stage.OpenCardAsync();

        Assert.NotEqual("rgb(255, 0, 0)", await StyleAsync(stage, ".card", "color"));
        Assert.Equal("10px", await StyleAsync(stage, ".card", "fontSize"));
    }

    [Fact]
    public async Task A_theme_goes_before_what_the_browser_prefers_and_may_change()
    {
        await using var stage = await EmbedFixture.SetAsync(browser, scheme: ColorScheme.Dark);
        await stage.OpenCardAsync();
        var dark = await StyleAsync(stage, ".card", "backgroundColor");

        await stage.Card.EvaluateAsync("card => card.theme = 'light'");
        await stage.Page.WaitForFunctionAsync("was => getComputedStyle(document.querySelector('afterword-card').shadowRoot.querySelector('.card')).backgroundColor !== was", dark);
        await stage.Card.EvaluateAsync("card => card.theme = 'dark'");
        await stage.Page.WaitForFunctionAsync("was => getComputedStyle(document.querySelector('afterword-card').shadowRoot.querySelector('.card')).backgroundColor === was", dark);
    }

    [Theory]
    [InlineData(320, 2)]
    [InlineData(700, 1)]
    public async Task The_room_for_the_card_counts_not_the_window(int room, int rows)
    {
        await using var stage = await EmbedFixture.SetAsync(browser, width: 1440, style: string.Create(CultureInfo.InvariantCulture, $"html {{ font-size: 16px; }} afterword-card {{ inline-size: {room}px; }}"));
        await stage.OpenCardAsync(PromptType.Nps);

        Assert.Equal(rows, await stage.Card.EvaluateAsync<int>("card => new Set([...card.shadowRoot.querySelectorAll('[name=score]')].map(one => one.offsetTop)).size"));
        Assert.True(await stage.Card.EvaluateAsync<bool>("card => [...card.shadowRoot.querySelectorAll('*')].every(one => one.getBoundingClientRect().right <= card.getBoundingClientRect().right + 1)"));
    }

    [Fact]
    public async Task A_card_in_arabic_runs_from_right_to_left()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        await stage.OpenCardAsync(attributes: "language=\"ar\"");

        Assert.Equal("rtl", await StyleAsync(stage, ".card", "direction"));
        Assert.True(await stage.Card.EvaluateAsync<bool>("card => { const [first, ...more] = card.shadowRoot.querySelectorAll('[name=score]'); return more.every(one => one.getBoundingClientRect().left < first.getBoundingClientRect().left); }"));
    }

    private static Task<string> StyleAsync(EmbedFixture stage, string selector, string property) =>
        stage.Card.Locator(selector).First.EvaluateAsync<string>("(element, property) => getComputedStyle(element)[property]", property);
}
