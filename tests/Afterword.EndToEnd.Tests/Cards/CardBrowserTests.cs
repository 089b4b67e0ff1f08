using Afterword.Server.Prompts;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>A customer with a browser opens the link and answers.</summary>
public sealed class CardBrowserTests(Browser browser, CardFixture stage) : IClassFixture<CardFixture>
{
    [Theory]
    [InlineData(false, "Satisfied", 4)]
    [InlineData(true, "9", 9)]
    public async Task A_customer_without_script_answers_by_tapping(bool nps, string label, int score)
    {
        await using var visitor = await browser.VisitorAsync();
        var (page, id) = await stage.OpenAsync(visitor, nps ? PromptType.Nps : PromptType.Csat);

        await page.GetByRole(AriaRole.Button, new() { NameRegex = new($"(^|\\D){label}($|\\D)", System.Text.RegularExpressions.RegexOptions.None) }).First.ClickAsync();
        await page.GetByRole(AriaRole.Textbox).FillAsync("Good chairs.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("Thank you");
        Assert.Equal((score, "Good chairs."), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task A_customer_answers_with_the_keyboard_alone()
    {
        await using var visitor = await browser.VisitorAsync(width: 768);
        var (page, id) = await stage.OpenAsync(visitor, PromptType.Csat);

        for (var tab = 0; tab < 5; tab++) await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Textbox).WaitForAsync();
        for (var tab = 0; tab < 12 && await page.EvaluateAsync<string>("document.activeElement.tagName") != "TEXTAREA"; tab++) await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync("Typed.");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("Thank you");
        Assert.Equal((5, "Typed."), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task A_customer_dismisses_and_comes_back_to_a_kind_page()
    {
        await using var visitor = await browser.VisitorAsync();
        var (page, id) = await stage.OpenAsync(visitor, PromptType.Nps);

        await page.GetByRole(AriaRole.Button, new() { NameRegex = new("dismiss|close", System.Text.RegularExpressions.RegexOptions.IgnoreCase) }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("closed");
        Assert.Equal((null, null), await stage.StoredAsync(id));
    }

    [Fact]
    public async Task A_customer_without_script_stops_the_questions_and_allows_them_again()
    {
        await using var visitor = await browser.VisitorAsync();
        var (page, id) = await stage.OpenAsync(visitor, PromptType.Csat);

        await page.GetByRole(AriaRole.Button, new() { Name = "Stop asking me" }).ClickAsync();
        await Assertions.Expect(page.GetByText("You will not be asked again")).ToBeInViewportAsync();
        Assert.True(await stage.IsStoppedAsync(id));

        await page.GetByRole(AriaRole.Button, new() { Name = "Ask me again" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop asking me" }).WaitForAsync();
        Assert.False(await stage.IsStoppedAsync(id));
    }
}
