using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Interop;

/// <summary>The user at a browser, led there by an app.</summary>
internal sealed class BrowserUser(IPage page, InteropServer site)
{
    /// <summary>Says yes, and gives the address to which the app's page led.</summary>
    public async Task<string> AllowAsync(string link)
    {
        await DecideAsync(link, "Allow");
        return await site.Receiver.LedAsync();
    }

    /// <summary>Says yes, and gives the PIN.</summary>
    public async Task<string> AllowByPinAsync(string link)
    {
        await DecideAsync(link, "Allow");
        return await page.Locator("#oauth_pin").InnerTextAsync();
    }

    /// <summary>Says no, and gives the address to which the app's page led.</summary>
    public async Task<string> CancelAsync(string link)
    {
        await DecideAsync(link, "Cancel");
        return await site.Receiver.LedAsync();
    }

    /// <summary>Follows a link that asks nothing.</summary>
    public async Task<string> FollowAsync(string link)
    {
        await page.GotoAsync(link);
        return await site.Receiver.LedAsync();
    }

    private async Task DecideAsync(string link, string decision)
    {
        await page.GotoAsync(link);
        if (await page.GetByLabel("Password").CountAsync() > 0)
        {
            await page.GetByLabel("Handle").FillAsync(site.Furni.ScreenName);
            await page.GetByLabel("Password").FillAsync(InteropServer.Password);
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        }

        await page.GetByRole(AriaRole.Button, new() { Name = decision, Exact = true }).ClickAsync();
    }
}
