using System.Text.Json;
using Afterword.Support;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>What the accessibility checker axe says of a page as it stands in the browser.</summary>
internal static class Axe
{
    // Of what is right only one place a rule is told. Nobody is asked about frames: no page of ours has any.
    private const string Look =
        """
        async rules => {
          const options = { resultTypes: ["violations"], iframes: false };
          if (rules.length > 0) options.runOnly = { type: "rule", values: rules };
          const found = await axe.run(document, options);
          return {
            wrong: found.violations.map(one => `${one.id}: ${one.help} ${one.nodes[0].html}`),
            sawColours: found.passes.some(one => one.id === "color-contrast"),
          };
        }
        """;

    private static readonly string s_script = new BundledAxeScriptProvider().GetScript();

    // Widths of a phone, a tablet and a desk.
    private static readonly int[] s_widths = [360, 768, 1440];

    /// <summary>Has axe in every page that the visitor opens from now on. Given to a page by itself, it costs as much as to all of them.</summary>
    public static Task BringAsync(IBrowserContext visitor) => visitor.AddInitScriptAsync(s_script);

    /// <summary>Fails when there is a violation, and when axe looked at no colours: then it saw nothing.</summary>
    /// <param name="page">The page.</param>
    /// <param name="rules">The rules that are asked about; all when there are none.</param>
    public static async Task FindsNothingAsync(IPage page, params string[] rules)
    {
        if (!await page.EvaluateAsync<bool>("typeof axe === 'object'")) await page.EvaluateAsync(s_script);
        var found = await page.EvaluateAsync<JsonElement>(Look, rules);
        Assert.Empty(found.GetProperty("wrong").EnumerateArray().Select(wrong => $"{page.Url} {wrong.GetString()}"));
        Assert.True(found.GetProperty("sawColours").GetBoolean(), $"{page.Url}: axe saw no colours.");
    }

    /// <summary>The same, and fails when the page has to be scrolled sideways.</summary>
    public static async Task FindsNothingAndAllFitsAsync(IPage page)
    {
        await FindsNothingAsync(page);
        await FitsAsync(page);
    }

    /// <summary>
    /// Looks at a page in every width and both colour schemes: it never has to be scrolled sideways, and axe finds nothing. In the
    /// short form axe looks with all its rules on the phone in light colours, and at the colours alone on the desk in dark ones; in
    /// the long form with all of them everywhere. The page stands on the phone in light colours again afterwards.
    /// </summary>
    public static async Task FindsNothingAndAllFitsEverywhereAsync(IPage page)
    {
        foreach (var width in s_widths)
        {
            await page.SetViewportSizeAsync(width, 740);
            await FitsAsync(page);
            foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
            {
                var (all, colours) = (LongForm.IsOn || (width, scheme) == (s_widths[0], ColorScheme.Light), (width, scheme) == (s_widths[^1], ColorScheme.Dark));
                if (!all && !colours) continue;

                await page.EmulateMediaAsync(new() { ColorScheme = scheme });
                await FindsNothingAsync(page, all ? [] : ["color-contrast"]);
            }
        }

        await page.SetViewportSizeAsync(s_widths[0], 740);
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
    }

    private static async Task FitsAsync(IPage page) =>
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), $"{page.Url} is wider than its window.");
}
