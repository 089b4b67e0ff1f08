using System.Diagnostics;
using System.Text.RegularExpressions;
using Afterword.Server.Console.Authentication;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>The way of someone new from the link that a server prints to the first answer, by a browser alone.</summary>
internal sealed partial class SetUpWalk(IPage page, bool script)
{
    /// <summary>The link, by name: browsers keep cookies of a sign-in for https, and for localhost.</summary>
    public static string LinkOf(IEnumerable<string> said) => said.Select(line => Link().Match(line)).First(link => link.Success).Value.Replace("127.0.0.1", "localhost", StringComparison.Ordinal);

    /// <summary>Goes all the way, fails at the first step that does not work or tells anybody to run a command, and prints what a person has done.</summary>
    public async Task<Effort> GoAsync(string link)
    {
        var (effort, begun) = (new Effort(), Stopwatch.GetTimestamp());
        await page.GotoAsync(link);
        await effort.TypeAsync(page.GetByLabel("Email address"), "otis@furni.example");
        await effort.TypeAsync(page.GetByLabel("Your name"), "Otis");
        await effort.TypeAsync(page.GetByLabel("Password"), "correct horse battery staple");
        await StepAsync(Button("Continue"));

        await effort.CopyFromPhoneAsync(page.GetByLabel("Type the six digits that it shows"), Totp.CodeAt(SecretOf(await page.Locator(".secret").TextContentAsync()), TimeProvider.System.GetUtcNow()));
        await StepAsync(Button("Use this app"));
        await StepAsync(page.GetByRole(AriaRole.Link, new() { Name = "I have kept them" }));

        await HeadsAsync("Open a business");
        await effort.TypeAsync(page.GetByLabel("Name", new() { Exact = true }), "Furni");
        await effort.TypeAsync(page.GetByLabel("Username"), "furni_shop");
        await effort.TypeAsync(page.GetByLabel("Address of your privacy policy"), "https://furni.example/privacy");
        await StepAsync(Button("Open the business"));

        await HeadsAsync("Set up");
        await StepAsync(Button("Create an app"));
        await Assertions.Expect(page.Locator("#keys .secret")).ToHaveCountAsync(4);
        await StepAsync(Button("Send a request to myself"));

        var opening = page.Context.WaitForPageAsync();
        await StepAsync(page.GetByRole(AriaRole.Link, new() { Name = "Open the card" }));
        var card = await opening;
        await StepAsync(card.Locator("button[name=score][value='4']"));

        // With script the answer comes by itself.
        if (!script) await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#answer")).ToContainTextAsync("4 of 5");
        effort.Read(await page.Locator("main").InnerTextAsync());
        TestContext.Current.TestOutputHelper!.WriteLine($"{(script ? "With" : "Without")} script: {effort}, {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s of this run.");
        return effort;

        async Task StepAsync(ILocator press)
        {
            var text = await press.Page.Locator("main").InnerTextAsync();
            Assert.DoesNotMatch(Commands(), text);
            effort.Read(text);
            await effort.PressAsync(press);
        }
    }

    private ILocator Button(string name) => page.GetByRole(AriaRole.Button, new() { Name = name });

    private Task HeadsAsync(string heading) => Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync(heading);

    private static byte[] SecretOf(string? key)
    {
        var bits = string.Concat(key!.Replace(" ", "", StringComparison.Ordinal).Select(letter => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(letter, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. bits.Chunk(8).Where(eight => eight.Length == 8).Select(eight => Convert.ToByte(new string(eight), 2))];
    }

    [GeneratedRegex("http://[^ ]+/console/invitation/[A-Za-z0-9_-]+")]
    private static partial Regex Link();

    [GeneratedRegex(@"\bafterword (user|app|allow|deny|token|webhook|channel|person|operator-key|serve)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Commands();
}
