using Xunit.Sdk;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>The control of every test that says axe finds nothing: where there is something, it is found.</summary>
public sealed class AxeTests(Browser browser) : IClassFixture<Browser>
{
    [Theory]
    [InlineData("document-title", "<title>Furni</title>", "")]
    [InlineData("html-has-lang", " lang=en", "")]
    [InlineData("landmark-one-main", "main", "div")]
    [InlineData("page-has-heading-one", "h1", "h2")]
    [InlineData("image-alt", " alt=Sofa", "")]
    [InlineData("color-contrast", "#222", "#ddd")]
    [InlineData("label", " aria-label=Why", "")]
    public async Task What_is_wrong_with_a_page_or_a_part_of_it_is_found(string rule, string right, string wrong)
    {
        const string Fine = "<!doctype html><html lang=en><title>Furni</title><main><h1>How did we do?</h1><p style='color:#222'>Tell us.</p><img src=data: alt=Sofa><textarea aria-label=Why></textarea></main></html>";
        await using var visitor = await browser.VisitorAsync(script: true);
        var page = await visitor.NewPageAsync();
        await page.SetContentAsync(Fine);
        await Axe.FindsNothingAndAllFitsAsync(page);

        await page.SetContentAsync(Fine.Replace(right, wrong, StringComparison.Ordinal));
        var found = await Assert.ThrowsAnyAsync<XunitException>(() => Axe.FindsNothingAsync(page));
        Assert.Contains($" {rule}: ", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_is_too_wide_is_found()
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var page = await visitor.NewPageAsync();
        await page.SetContentAsync("<!doctype html><html lang=en><title>Furni</title><main><h1 style='width:400px'>How did we do?</h1></main></html>");

        await Assert.ThrowsAnyAsync<XunitException>(() => Axe.FindsNothingAndAllFitsAsync(page));
    }
}
