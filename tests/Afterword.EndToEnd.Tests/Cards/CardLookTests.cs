using Afterword.Server.Prompts;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>How the card looks on screens of every kind, step by step.</summary>
public sealed class CardLookTests(Browser browser, CardFixture stage) : IClassFixture<CardFixture>
{
    // Widths in which the card stands, and the size of its letters there.
    private static readonly (int Width, int Letters)[] s_rooms = [(320, 16), (320, 32), (360, 16), (600, 16), (1440, 16)];

    [Fact]
    public async Task On_every_step_axe_finds_nothing_nothing_overflows_and_every_target_is_large_enough()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        await Axe.BringAsync(visitor);
        var steps = 0;
        await WalkAsync(visitor, async page =>
        {
            foreach (var (width, letters) in s_rooms) await FitsAsync(page, width, letters);
            await page.EvaluateAsync("document.documentElement.style.removeProperty('font-size')");
            await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
            steps++;
        });
        Assert.Equal(16, steps);
    }

    [Fact]
    public async Task Eleven_circles_stand_in_two_rows_on_a_phone_and_in_one_from_600_pixels()
    {
        Assert.Equal(2, await RowsAsync(599));
        Assert.Equal(1, await RowsAsync(600));

        async Task<int> RowsAsync(int width)
        {
            await using var visitor = await browser.VisitorAsync(width, script: true);
            var (page, _) = await stage.OpenAsync(visitor, PromptType.Nps);
            return await page.EvaluateAsync<int>("new Set([...document.querySelectorAll('.scale button')].map(one => Math.round(one.getBoundingClientRect().top))).size");
        }
    }

    [Fact]
    public async Task A_language_from_right_to_left_mirrors_the_card_and_its_arrows()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        await visitor.SetExtraHTTPHeadersAsync([new("Accept-Language", "ar")]);
        var (page, _) = await stage.OpenAsync(visitor, PromptType.Csat);
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("dir", "rtl");

        var scores = page.Locator("button[name=score]");
        var (first, last, close) = (await BoxAsync(scores.First), await BoxAsync(scores.Last), await BoxAsync(page.Locator(".close")));
        Assert.True(first.X > last.X, "The lowest score stands on the right.");
        Assert.True(close.X < 60, "The cross stands on the left.");

        await scores.First.FocusAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await Assertions.Expect(scores.Nth(1)).ToBeFocusedAsync();
    }

    [Fact]
    public async Task In_forced_colours_and_without_motion_the_chosen_score_still_shows()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var (page, _) = await stage.OpenAsync(visitor, PromptType.Nps);
        await page.EmulateMediaAsync(new() { ForcedColors = ForcedColors.Active });
        var chosen = page.Locator("button[value='6']");
        var before = await BorderAsync();
        await chosen.EvaluateAsync("one => one.setAttribute('aria-checked', 'true')");

        Assert.NotEqual(before, await BorderAsync());
        Assert.Equal("0s", await page.Locator(".mark").First.EvaluateAsync<string>("one => getComputedStyle(one).transitionDuration"));

        Task<string> BorderAsync() => chosen.Locator(".mark").EvaluateAsync<string>("one => getComputedStyle(one).borderColor");
    }

    [Fact]
    public async Task On_paper_there_are_no_buttons_that_nobody_can_press()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var (page, _) = await stage.OpenAsync(visitor, PromptType.Csat);
        await page.EmulateMediaAsync(new() { Media = Media.Print });

        await Assertions.Expect(page.Locator(".close")).ToBeHiddenAsync();
        await Assertions.Expect(page.GetByText("Stop asking me")).ToBeHiddenAsync();
        await Assertions.Expect(page.GetByText("Neutral")).ToBeVisibleAsync();
    }

    private static async Task FitsAsync(IPage page, int width, int letters)
    {
        await page.SetViewportSizeAsync(width, 740);
        await page.EvaluateAsync("letters => document.documentElement.style.setProperty('font-size', `${letters}px`)", letters);
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));

        // WCAG 2.2, 2.5.8 asks for 24. Eleven circles beside letters twice as large leave no more than that.
        var sizes = await page.EvaluateAsync<float[]>("[...document.querySelectorAll('button, a.send, textarea')].filter(one => one.checkVisibility()).map(one => { const box = one.getBoundingClientRect(); return Math.min(box.width, box.height); })");
        Assert.All(sizes, size => Assert.InRange(size, letters > 16 ? 24 : 40, 10_000));
    }

    /// <summary>Goes through every look of the card.</summary>
    private async Task WalkAsync(IBrowserContext visitor, Func<IPage, Task> look)
    {
        foreach (var type in new[] { PromptType.Csat, PromptType.Nps })
        {
            var (page, _) = await stage.OpenAsync(visitor, type);
            await look(page);
            await TapAsync(page, "[value=stop]", "[value=again]");
            await TapAsync(page, "[name=score]", "textarea");
            await page.Locator("textarea").FillAsync("  ");
            await TapAsync(page, ".send", "[aria-invalid]");
            await page.RouteAsync("**/f/*", route => route.AbortAsync());
            await TapAsync(page, ".send", ".not-sent");
            await page.UnrouteAsync("**/f/*");
            await page.Locator("textarea").FillAsync("Fine.");
            await TapAsync(page, ".send", ".good");

            async Task TapAsync(IPage page, string button, string next)
            {
                await page.Locator(button).First.ClickAsync();
                await page.Locator(next).First.WaitForAsync();
                await look(page);
            }
        }

        var (closed, _) = await stage.OpenAsync(visitor, PromptType.Csat);
        await closed.Locator(".close").ClickAsync();
        await closed.Locator(".sign").WaitForAsync();
        await look(closed);

        var lost = await visitor.NewPageAsync();
        await lost.GotoAsync(new Uri(stage.Url, "/f/nowhere").ToString());
        await look(lost);

        var flooded = await stage.FloodAsync();
        await lost.GotoAsync(flooded);
        await look(lost);
        await stage.FloodAsync(flooded);
        await lost.EvaluateAsync(
            """
            const form = Object.assign(document.createElement('form'), { method: 'post', action: location.href });
            form.append(Object.assign(document.createElement('textarea'), { name: 'text', value: 'Mine' }));
            document.body.append(form);
            HTMLFormElement.prototype.submit.call(form);
            """);
        await lost.Locator("#card-typed").WaitForAsync();
        await Assertions.Expect(lost.Locator("textarea")).ToHaveValueAsync("Mine");
        await look(lost);
    }

    private static async Task<LocatorBoundingBoxResult> BoxAsync(ILocator one) => (await one.BoundingBoxAsync())!;
}
