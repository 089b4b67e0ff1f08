using Xunit.Sdk;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>The control of every test that says axe finds nothing: where there is something, it is found.</summary>
public sealed class AxeTests(Browser browser)
{
    private static readonly (string Rule, string Right, string Wrong)[] s_mistakes =
    [
        ("document-title", "<title>Furni</title>", ""), ("html-has-lang", " lang=en", ""), ("landmark-one-main", "main", "div"), ("page-has-heading-one", "h1", "h2"),
        ("image-alt", " alt=Sofa", ""), ("color-contrast", "#222", "#ddd"), ("label", " aria-label=Why", ""),
    ];

    [Fact]
    public async Task What_is_wrong_with_a_page_or_a_part_of_it_is_found()
    {
        const string Fine = "<!doctype html><html lang=en><title>Furni</title><main><h1>How did we do?</h1><p style='color:#222'>Tell us.</p><img src=data: alt=Sofa><textarea aria-label=Why></textarea></main></html>";
        await using var visitor = await browser.VisitorAsync(script: true);
        await Axe.BringAsync(visitor);
        var page = await visitor.NewPageAsync();
        await page.SetContentAsync(Fine);
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);

        foreach (var (rule, right, wrong) in s_mistakes)
        {
            await page.SetContentAsync(Fine.Replace(right, wrong, StringComparison.Ordinal));
            var found = await Assert.ThrowsAnyAsync<XunitException>(() => Axe.FindsNothingAsync(page));
            Assert.Contains($" {rule}: ", found.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Colours_that_are_wrong_in_dark_colours_alone_are_found()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var page = await visitor.NewPageAsync();
        await page.SetContentAsync("<!doctype html><html lang=en><title>Furni</title><style>@media (prefers-color-scheme: dark) { h1 { color: #eee } }</style><main><h1>How did we do?</h1></main></html>");
        await Axe.FindsNothingAndAllFitsAsync(page);

        var found = await Assert.ThrowsAnyAsync<XunitException>(() => Axe.FindsNothingAndAllFitsEverywhereAsync(page));
        Assert.Contains(" color-contrast: ", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_is_too_wide_is_found()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var page = await visitor.NewPageAsync();
        await page.SetContentAsync("<!doctype html><html lang=en><title>Furni</title><main><h1 style='width:400px'>How did we do?</h1></main></html>");

        await Assert.ThrowsAnyAsync<XunitException>(() => Axe.FindsNothingAndAllFitsAsync(page));
        await Assert.ThrowsAnyAsync<XunitException>(() => Axe.FindsNothingAndAllFitsEverywhereAsync(page));
    }
}
