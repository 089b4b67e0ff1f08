using System.Globalization;
using System.Text.RegularExpressions;
using Afterword.Client.OAuth;
using Afterword.Server.Messages;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Grants;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Inbox;

/// <summary>A server with a shop that asks and customers who sign in to Messages.</summary>
internal sealed class InboxFixture : IAsyncDisposable
{
    private InboxFixture(TestServer server, User furni, OAuthCredentials sender, User ana, User bea) =>
        (Server, Furni, Sender, Ana, Bea) = (server, furni, sender, ana, bea);

    public TestServer Server { get; }

    public User Furni { get; }

    public OAuthCredentials Sender { get; }

    public User Ana { get; }

    /// <summary>Someone else.</summary>
    public User Bea { get; }

    public static async Task<InboxFixture> StartAsync(Engine engine, params string[] settings)
    {
        var server = await TestServer.StartAsync(engine, ["Limits:RecipientInterval=00:00:00", "Limits:CreatesPerDay=100000", .. settings]);
        var (furni, sender) = await server.SenderAsync(await server.AppAsync());
        return new(server, furni, sender, await GrantFixture.AddUserAsync(server, "ana"), await GrantFixture.AddUserAsync(server, "bea"));
    }

    /// <summary>A browser in which someone is signed in.</summary>
    public async Task<TestBrowser> GuestAsync(string handle = "ana", TestServer? node = null)
    {
        var browser = new TestBrowser(node ?? Server);
        (await browser.SignInAsync((await browser.GetAsync("/sign-in?to=/messages")).Is(200), handle, GrantFixture.Password)).Is(200);
        return browser;
    }

    /// <summary>Writes past the pages and their limits, at a time of its own; gives the message's id.</summary>
    public async Task<long> WriteAsync(User from, User to, string text)
    {
        await Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        var answer = await Server.Get<SendMessage>().RunAsync(new(from.Id, null, new(to.Id, text)));
        return Assert.IsType<SendOutcome.Sent>(answer.Outcome).Message.Id;
    }

    /// <summary>Furni asks; gives the request's id.</summary>
    public async Task<string> AskAsync(User recipient, string type = "csat", string message = "How did we do?")
    {
        await Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        return (await Server.PostAsync(
            Sender, "/1.1/feedback/create.json",
            ("type", type), ("to_user_id", recipient.Id.ToString(CultureInfo.InvariantCulture)), ("message", message), ("privacy_url", "https://furni.example/privacy"))).Is(200).Text("id");
    }

    /// <summary>The texts of the bubbles of a page, oldest first.</summary>
    public static string[] Bubbles(Page page) =>
        [.. Regex.Matches(page.Html, "<p class=\"bubble\" dir=\"auto\">(.*?)</p>", RegexOptions.Singleline).Select(bubble => Plain(bubble.Groups[1].Value))];

    /// <summary>The handles of the list of a page, from its top.</summary>
    public static string[] Listed(Page page) => [.. Regex.Matches(page.Html, "<li>\\s*<a href=\"/messages/@?(\\w+)\"").Select(line => line.Groups[1].Value)];

    /// <summary>Where a link with these words leads; null when there is none.</summary>
    public static string? Link(Page page, string words) =>
        Regex.Match(page.Html, $"<a href=\"([^\"]*)\">{Regex.Escape(words)}</a>") is { Success: true } link ? System.Net.WebUtility.HtmlDecode(link.Groups[1].Value) : null;

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    private static string Plain(string html) => System.Net.WebUtility.HtmlDecode(Regex.Replace(html, "<[^>]*>", ""));
}
