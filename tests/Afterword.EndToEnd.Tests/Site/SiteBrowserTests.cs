using Afterword.EndToEnd.Tests.Cards;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Site;

/// <summary>A visitor with a browser reads the pages that are not a card.</summary>
public sealed class SiteBrowserTests(Browser browser, Website site) : IClassFixture<Website>
{
    [Theory]
    [InlineData("/")]
    [InlineData("/api")]
    public async Task Axe_finds_nothing_nothing_overflows_and_no_other_host_is_asked_at_any_width_in_either_scheme(string path)
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        await Axe.BringAsync(visitor);
        var hosts = new HashSet<string>();
        var complaints = new List<string>();
        visitor.Request += (_, request) => hosts.Add(new Uri(request.Url).Authority);
        visitor.Console += (_, message) => complaints.Add(message.Text);
        var page = await OpenAsync(visitor, path);

        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        Assert.Equal([site.Url.Authority], hosts);
        Assert.Empty(complaints);
        Assert.Empty(await visitor.CookiesAsync());
    }

    [Theory]
    [InlineData(360)]
    [InlineData(1440)]
    public async Task An_example_is_read_whole_without_scrolling_sideways(int width)
    {
        await using var visitor = await browser.VisitorAsync(width, script: true);
        var page = await OpenAsync(visitor, "/api");
        Assert.NotEqual(0, await page.Locator("pre").CountAsync());
        Assert.Equal(0, await page.EvaluateAsync<int>("[...document.querySelectorAll('pre, dd, dt, .endpoint')].filter(one => one.scrollWidth > one.clientWidth).length"));
    }

    [Fact]
    public async Task The_keyboard_skips_to_the_content_and_walks_the_contents()
    {
        await using var visitor = await browser.VisitorAsync(width: 1440);
        var page = await OpenAsync(visitor, "/api");

        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Skip to the content" })).ToBeFocusedAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Skip to the content" })).ToBeInViewportAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Locator("#content a").First).ToBeFocusedAsync();
    }

    [Fact]
    public async Task The_contents_stay_in_sight_on_a_desk_and_lead_to_a_route()
    {
        await using var visitor = await browser.VisitorAsync(width: 1440);
        var page = await OpenAsync(visitor, "/api");
        var contents = page.GetByRole(AriaRole.Navigation, new() { Name = "Contents" });

        await contents.GetByRole(AriaRole.Link, new() { Name = "feedback/events" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Read what happened, in order" })).ToBeInViewportAsync();
        await Assertions.Expect(contents.GetByRole(AriaRole.Link, new() { Name = "Start here" })).ToBeInViewportAsync();
    }

    private async Task<IPage> OpenAsync(IBrowserContext visitor, string path)
    {
        var page = await visitor.NewPageAsync();
        await page.GotoAsync(new Uri(site.Url, path).ToString());
        await page.WaitForLoadStateAsync();
        return page;
    }
}
