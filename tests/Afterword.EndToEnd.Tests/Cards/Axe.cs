using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>What the accessibility checker axe says of a page as it stands in the browser.</summary>
internal static class Axe
{
    // Of what is right only one place a rule is told.
    private static readonly AxeRunOptions s_options = new() { ResultTypes = [ResultType.Violations] };

    /// <summary>Fails when there is a violation, and when axe looked at no colours: then it saw nothing.</summary>
    public static async Task FindsNothingAsync(IPage page)
    {
        // Over the root element, without the step that joins the findings of frames: no page of ours has frames, and the step
        // opens a window of its own each time (1.0 s a page; 0.26 without it).
#pragma warning disable CS0618 // "is being removed in the future": not from the version that is pinned
        var found = await page.Locator("html").RunAxeLegacy(s_options);
#pragma warning restore CS0618
        Assert.Empty(found.Violations.Select(violation => $"{page.Url} {violation.Id}: {violation.Help} {violation.Nodes[0].Html}"));
        Assert.Contains(found.Passes, pass => pass.Id == "color-contrast");
    }

    /// <summary>The same, and fails when the page has to be scrolled sideways.</summary>
    public static async Task FindsNothingAndAllFitsAsync(IPage page)
    {
        await FindsNothingAsync(page);
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), $"{page.Url} is wider than its window.");
    }
}
