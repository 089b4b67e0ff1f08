using System.Diagnostics;
using Afterword.EndToEnd.Tests.Cards;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Embeds;

/// <summary>The built program of <c>samples/chat-widget</c>, as someone meets it who tries it.</summary>
public sealed class ChatSampleTests(Browser browser)
{
    [Fact]
    public async Task The_customer_of_a_chat_is_asked_in_the_chat()
    {
        await using var stage = await EmbedFixture.SetAsync(browser, width: 360);
        await Axe.BringAsync(stage.Page.Context);
        using var sample = Start([.. await stage.KeysAsync(), "--urls", "http://127.0.0.1:0"]);
        try
        {
            var origin = (await sample.StandardOutput.ReadLineAsync())!.Split(' ', ';')[2];
            await stage.AllowAsync(origin);
            await stage.Page.GotoAsync(origin);
            await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Chat with us" }).ClickAsync();
            await stage.Page.GetByRole(AriaRole.Button, new() { Name = "End chat" }).ClickAsync();
            await CleanAsync(stage.Page);
            await stage.Card.GetByRole(AriaRole.Radio, new() { Name = "5 – Very satisfied" }).ClickAsync();
            await stage.Card.GetByRole(AriaRole.Textbox).FillAsync("Nora was great.");
            await CleanAsync(stage.Page);
            await stage.Card.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
            await Assertions.Expect(stage.Card.GetByRole(AriaRole.Heading)).ToContainTextAsync("Thank you for your feedback");

            // Whoever comes back meets the same card.
            await stage.Page.ReloadAsync();
            await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Chat with us" }).ClickAsync();
            await stage.Page.GetByRole(AriaRole.Button, new() { Name = "End chat" }).ClickAsync();
            await Assertions.Expect(stage.Card.GetByRole(AriaRole.Heading)).ToContainTextAsync("Thank you for your feedback");
            Assert.Equal((5, "Nora was great."), await stage.StoredAsync());
            Assert.Empty(stage.Complaints);
        }
        finally
        {
            sample.Kill();
            await sample.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task What_is_missing_is_named()
    {
        using var sample = Start(["--server", "http://127.0.0.1:5080", "--key", "K"]);
        await sample.WaitForExitAsync();

        Assert.Equal(2, sample.ExitCode);
        Assert.StartsWith("Missing: --secret, --token, --token-secret, --to.", await sample.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private static async Task CleanAsync(IPage page)
    {
        await page.Locator("afterword-card .card").WaitForAsync();
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
    }

    private static Process Start(string[] arguments) => Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "chat-widget"), arguments)
    {
        RedirectStandardOutput = true, RedirectStandardError = true,
    })!;
}
