using System.Globalization;
using System.Text.RegularExpressions;
using Afterword.Client.OAuth;
using Afterword.Server.Messages;
using Afterword.Server.People;
using Afterword.Server.Tests.Grants;
using Afterword.Server.Tests.World;

namespace Afterword.Server.Tests.Inbox;

/// <summary>A server with a shop that asks and customers who sign in to Messages.</summary>
internal sealed class InboxWorld : IAsyncDisposable
{
    private InboxWorld(TestServer server, Account furni, OAuthCredentials sender, Account ana, Account bea) =>
        (Server, Furni, Sender, Ana, Bea) = (server, furni, sender, ana, bea);

    public TestServer Server { get; }

    public Account Furni { get; }

    public OAuthCredentials Sender { get; }

    public Account Ana { get; }

    /// <summary>Somebody else.</summary>
    public Account Bea { get; }

    public static async Task<InboxWorld> StartAsync(Engine engine, params string[] settings)
    {
        var server = await TestServer.StartAsync(engine, ["Limits:RecipientInterval=00:00:00", "Limits:CreatesPerDay=100000", .. settings]);
        var (furni, sender) = await server.SenderAsync(await server.AppAsync());
        return new(server, furni, sender, await GrantWorld.AddUserAsync(server, "ana"), await GrantWorld.AddUserAsync(server, "bea"));
    }

    /// <summary>A browser in which somebody is signed in.</summary>
    public async Task<Guest> GuestAsync(string handle = "ana", TestServer? node = null)
    {
        var guest = new Guest(node ?? Server);
        (await guest.SignInAsync((await guest.GetAsync("/sign-in?to=/messages")).Is(200), handle, GrantWorld.Password)).Is(200);
        return guest;
    }

    /// <summary>Writes past the pages and their limits, at a time of its own; gives the message's id.</summary>
    public async Task<long> WriteAsync(Account from, Account to, string text)
    {
        await Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        var answer = await Server.Get<SendMessage>().RunAsync(new(from.Id, null, new(to.Id, text)));
        return Assert.IsType<SendOutcome.Sent>(answer.Outcome).Message.Id;
    }

    /// <summary>Furni asks; gives the request's id.</summary>
    public async Task<string> AskAsync(Account recipient, string type = "csat", string message = "How did we do?")
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
