using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>People come into the console with a browser, by the doors that they use.</summary>
public sealed class ConsoleBrowserTests(Browser browser)
{
    private const string Password = "correct horse battery staple";

    [Fact]
    public async Task From_an_invitation_by_an_app_for_codes_out_and_in_again_without_script()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser);
        var page = await (await stage.VisitorAsync(script: false)).NewPageAsync();
        var (_, link) = await stage.InviteAsync(Role.Owner, "ana@furni.example");

        await AcceptAsync(stage, page, link);
        await HeadsAsync(page, "Add a second factor");
        var secret = SecretOf(await page.Locator(".secret").TextContentAsync());
        await page.GetByLabel("Type the six digits that it shows").FillAsync(Totp.CodeAt(secret, TimeProvider.System.GetUtcNow()));
        await PressAsync(page, "Use this app");

        await HeadsAsync(page, "Keep these codes");
        var codes = await page.Locator(".codes code").AllTextContentsAsync();
        Assert.Equal(10, codes.Count);
        await page.GetByRole(AriaRole.Link, new() { Name = "I have kept them" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Navigation, new() { Name = "Console" })).ToContainTextAsync("People");

        await PressAsync(page, "Sign out");
        await HeadsAsync(page, "Sign in");
        await SignInAsync(page);
        await HeadsAsync(page, "Show that it is you");
        await page.GetByLabel("Code of your app").FillAsync(codes[0]);
        await PressAsync(page, "Continue");

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).First).ToBeVisibleAsync();
        await stage.OpenAsync(page, "/console/@furni/people");
        await HeadsAsync(page, "People");
    }

    [Fact]
    public async Task A_passkey_is_added_and_lets_its_owner_in()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser);
        var page = await (await stage.VisitorAsync()).NewPageAsync();
        await Axe.BringAsync(page.Context);
        await WithAuthenticatorAsync(page);
        var complaints = new List<string>();
        page.Console += (_, message) =>
        {
            // Besides errors it gives advice on forms.
            if (message.Type == "error") complaints.Add(message.Text);
        };
        var (_, link) = await stage.InviteAsync(Role.Owner, "ana@furni.example");

        await AcceptAsync(stage, page, link);
        await HeadsAsync(page, "Add a second factor");
        await Axe.FindsNothingAndAllFitsAsync(page);
        await PressAsync(page, "Use a passkey of this device or a security key");
        await HeadsAsync(page, "Keep these codes");
        await Axe.FindsNothingAndAllFitsAsync(page);
        await page.GetByRole(AriaRole.Link, new() { Name = "I have kept them" }).ClickAsync();

        await PressAsync(page, "Sign out");
        await HeadsAsync(page, "Sign in");
        await Axe.FindsNothingAndAllFitsAsync(page);
        await SignInAsync(page);
        await HeadsAsync(page, "Show that it is you");
        await Axe.FindsNothingAndAllFitsAsync(page);
        await PressAsync(page, "Use a passkey");
        await page.WaitForURLAsync("**/console/@furni/**");
        await stage.OpenAsync(page, "/console/account");
        await Assertions.Expect(page.Locator(".list .badge.good").Filter(new() { HasText = "passkey" })).ToHaveCountAsync(1);
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task A_passkey_of_somebody_else_does_not_let_in()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser);
        var page = await (await stage.VisitorAsync()).NewPageAsync();
        await WithAuthenticatorAsync(page);
        var (_, eve) = await stage.InviteAsync(Role.Owner, "eve@furni.example");
        await AcceptAsync(stage, page, eve);
        await PressAsync(page, "Use a passkey of this device or a security key");
        await HeadsAsync(page, "Keep these codes");
        await stage.OpenAsync(page, "/console/account");
        await PressAsync(page, "Sign out");

        // Ana has an app; with her password and a passkey of her own, Eve is not let in.
        var ana = await (await stage.VisitorAsync(script: false)).NewPageAsync();
        var (_, link) = await stage.InviteAsync(Role.Owner, "ana@furni.example");
        await AcceptAsync(stage, ana, link);
        var secret = SecretOf(await ana.Locator(".secret").TextContentAsync());
        await ana.GetByLabel("Type the six digits that it shows").FillAsync(Totp.CodeAt(secret, TimeProvider.System.GetUtcNow()));
        await PressAsync(ana, "Use this app");
        await HeadsAsync(ana, "Keep these codes");

        await SignInAsync(page);
        await HeadsAsync(page, "Show that it is you");
        Assert.Equal(0, await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).CountAsync());
        await page.EvaluateAsync(
            """
            async () => {
              const form = document.querySelector("form[action='/console/second-factor']");
              const credential = await navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: "localhost", userVerification: "discouraged" } }).catch(() => null);
              form.action = "/console/second-factor/passkey";
              form.elements.code.required = false;
              form.elements.code.name = "credential";
              form.elements.credential.maxLength = 9999;
              form.elements.credential.value = credential ? JSON.stringify(credential.toJSON()) : "{}";
              form.submit();
            }
            """);
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("not accepted");
    }

    private static async Task AcceptAsync(ConsoleFixture stage, IPage page, string link)
    {
        await stage.OpenAsync(page, link);
        await HeadsAsync(page, "Choose a password");
        await page.GetByLabel("Your name").FillAsync("Ana Alvarez");
        await page.GetByLabel("Password").FillAsync(Password);
        await PressAsync(page, "Continue");
    }

    private static async Task SignInAsync(IPage page)
    {
        await page.GetByLabel("Email address").FillAsync("ana@furni.example");
        await page.GetByLabel("Password").FillAsync(Password);
        await PressAsync(page, "Sign in");
    }

    /// <summary>A security key that says yes to everything.</summary>
    private static async Task WithAuthenticatorAsync(IPage page)
    {
        var devtools = await page.Context.NewCDPSessionAsync(page);
        await devtools.SendAsync("WebAuthn.enable");
        await devtools.SendAsync("WebAuthn.addVirtualAuthenticator", new()
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2", ["transport"] = "internal", ["hasResidentKey"] = true, ["hasUserVerification"] = true, ["isUserVerified"] = true, ["automaticPresenceSimulation"] = true,
            },
        });
    }

    private static byte[] SecretOf(string? key)
    {
        var bits = string.Concat(key!.Replace(" ", "", StringComparison.Ordinal).Select(letter => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(letter, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. bits.Chunk(8).Where(eight => eight.Length == 8).Select(eight => Convert.ToByte(new string(eight), 2))];
    }

    private static Task PressAsync(IPage page, string button) => page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).First.ClickAsync();

    private static Task HeadsAsync(IPage page, string heading) => Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync(heading);
}
