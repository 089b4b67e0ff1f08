using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>Debian's Chromium, driven by Playwright; one for all tests of a class.</summary>
public sealed class Browser : IAsyncLifetime
{
    private readonly string[] _more;
    private IPlaywright _playwright = null!;
    private IBrowser _chromium = null!;

    public Browser()
        : this([])
    {
    }

    /// <param name="more">Arguments for Chromium besides the usual ones.</param>
    internal Browser(string[] more) => _more = more;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _chromium = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", .. _more],
        });
    }

    /// <summary>A fresh visitor: no cookies, no cache.</summary>
    internal Task<IBrowserContext> VisitorAsync(int width = 360, bool script = false, ColorScheme scheme = ColorScheme.Light) => _chromium.NewContextAsync(
        new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = 740 }, JavaScriptEnabled = script, ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce,
        });

    public async ValueTask DisposeAsync()
    {
        await _chromium.DisposeAsync();
        _playwright.Dispose();
    }
}
