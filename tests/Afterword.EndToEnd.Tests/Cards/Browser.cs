using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>Debian's Chromium, driven by Playwright; one for all tests, started when the first visitor comes.</summary>
public sealed class Browser : IAsyncDisposable
{
    // Without windows, where it is installed: the other one draws a window with all that belongs to it for each visitor, unseen.
    private const string Shell = "/usr/bin/chromium-headless-shell";
    private const string Chromium = "/usr/bin/chromium";

    // It finds no host but this machine: what is asked of others is seen, and goes nowhere.
    private const string OnlyThisMachine = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost";

    private readonly Lazy<Task<(IPlaywright Playwright, IBrowser Chromium)>> _started;

    public Browser()
        : this([OnlyThisMachine])
    {
    }

    /// <param name="more">Arguments for Chromium besides the usual ones.</param>
    internal Browser(string[] more) => _started = new(() => StartAsync(more));

    public async ValueTask DisposeAsync()
    {
        if (!_started.IsValueCreated) return;

        var (playwright, chromium) = await _started.Value;
        await chromium.DisposeAsync();
        playwright.Dispose();
    }

    /// <summary>A fresh visitor: no cookies, no cache.</summary>
    internal async Task<IBrowserContext> VisitorAsync(int width = 360, bool script = false, ColorScheme scheme = ColorScheme.Light) => await (await _started.Value).Chromium.NewContextAsync(
        new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = 740 }, JavaScriptEnabled = script, ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce,
        });

    private static async Task<(IPlaywright Playwright, IBrowser Chromium)> StartAsync(string[] more)
    {
        var playwright = await Playwright.CreateAsync();
        return (playwright, await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = File.Exists(Shell) ? Shell : Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", .. more],
        }));
    }
}
