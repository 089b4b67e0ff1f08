using System.Text.RegularExpressions;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Consoles;

/// <summary>A person who comes in by the doors that people use: invitation, password, app for codes.</summary>
internal sealed partial class Newcomer(TestServer server, string email)
{
    public const string Password = "correct horse battery staple";

    public string Email => email;

    /// <summary>What the app took from the QR code.</summary>
    public byte[] Secret { get; private set; } = [];

    public IReadOnlyList<string> RecoveryCodes { get; private set; } = [];

    public static async Task<(Newcomer Person, string Link)> InvitedAsync(TestServer server, Role role, User? sender, string email = "ana@furni.example")
    {
        var invited = Assert.IsType<InviteOutcome.Invited>(await server.InviteAsync(role, sender, email));
        return (new(server, email), invited.Link);
    }

    /// <summary>Someone who took an invitation and, where the role needs it, an app for codes.</summary>
    public static async Task<Newcomer> SettledAsync(TestServer server, Role role, User? sender, string email = "ana@furni.example")
    {
        var (person, link) = await InvitedAsync(server, role, sender, email);
        var browser = new TestBrowser(server);
        var next = await AcceptAsync(browser, link);
        if ((await browser.GetAsync(next.Location)) is { Status: 200 } offer) await person.AddAppAsync(browser, offer);
        return person;
    }

    /// <summary>Takes the invitation; gives the answer to its form.</summary>
    public static async Task<Page> AcceptAsync(TestBrowser browser, string link, string password = Password)
    {
        var page = (await browser.GetAsync(link)).Is(200);
        return await browser.SubmitAsync(page, link, ("name", "Ana"), ("password", password));
    }

    /// <summary>Sets up the app on the page that offers one.</summary>
    public async Task<Page> AddAppAsync(TestBrowser browser, Page offer)
    {
        Secret = Key(offer);
        var codes = (await browser.SubmitAsync(offer, "/console/second-factor/app", ("code", Code))).Is(200);
        RecoveryCodes = [.. Recovery().Matches(codes.Html).Select(code => code.Groups[1].Value)];
        return codes;
    }

    /// <summary>What the app shows now.</summary>
    public string Code => Totp.CodeAt(Secret, server.Clock.GetUtcNow());

    /// <summary>Sends email address and password; gives the answer.</summary>
    public async Task<Page> SendPasswordAsync(TestBrowser browser, string password = Password, string? back = null)
    {
        var page = (await browser.GetAsync(back is null ? "/console/sign-in" : $"/console/sign-in?back={Uri.EscapeDataString(back)}")).Is(200);
        return await browser.SubmitAsync(page, "/console/sign-in", ("mail", email), ("password", password));
    }

    public static async Task<Page> SendCodeAsync(TestBrowser browser, string code)
    {
        var page = (await browser.GetAsync("/console/second-factor")).Is(200);
        return await browser.SubmitAsync(page, "/console/second-factor", ("code", code));
    }

    /// <summary>A browser in which the person signed in.</summary>
    public async Task<TestBrowser> SignInAsync()
    {
        var browser = new TestBrowser(server);
        (await SendPasswordAsync(browser)).Is(303);
        if (Secret.Length > 0)
        {
            // Each code is good for once.
            server.Clock.Advance(TimeSpan.FromSeconds(30));
            (await SendCodeAsync(browser, Code)).Is(303);
        }

        return browser;
    }

    /// <summary>The key on a page that offers an app.</summary>
    public static byte[] Key(Page offer)
    {
        var bits = string.Concat(Secrets().Match(offer.Html).Groups[1].Value.Replace(" ", "", StringComparison.Ordinal)
            .Select(letter => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(letter, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. bits.Chunk(8).Where(eight => eight.Length == 8).Select(eight => Convert.ToByte(new string(eight), 2))];
    }

    [GeneratedRegex("class=\"secret\"(?: dir=\"ltr\")?>([A-Z2-7 ]+)<")]
    private static partial Regex Secrets();

    [GeneratedRegex("<code>([a-z2-7-]{29})</code>")]
    private static partial Regex Recovery();
}
