using System.Globalization;
using Afterword.Client.Wire;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Users;

namespace Afterword.Server.Cli.Demo;

/// <summary>The app of the demo and its token for @furni.</summary>
internal sealed record DemoKeys(NewApp App, NewToken Token);

/// <summary>A request that waits for its answer.</summary>
internal sealed record DemoCard(FeedbackJson Feedback, User Customer);

/// <summary>Says where to click and what to paste.</summary>
internal sealed class DemoGuide(
    DemoShop shop, string store, bool thrownAway, IReadOnlyList<string> urls, string url, DemoKeys keys, IReadOnlyList<DemoPerson> people, IReadOnlyList<DemoCard> cards, string connector, DateTimeOffset now)
{
    /// <summary>Where <c>samples/chat-widget</c> listens.</summary>
    public const string ChatOrigin = "http://localhost:5091";

    /// <summary>Where <c>samples/helpdesk</c> takes replies.</summary>
    public const string HelpdeskUrl = "http://localhost:5092/";

    /// <summary>An address of this machine that a browser can open, out of those the server listens on.</summary>
    public static string LinkBase(IEnumerable<string> urls)
    {
        var first = urls.First();
        foreach (var everywhere in (ReadOnlySpan<string>)["//0.0.0.0:", "//[::]:", "//*:", "//+:"])
        {
            first = first.Replace(everywhere, "//localhost:", StringComparison.Ordinal);
        }

        return first.TrimEnd('/');
    }

    public IEnumerable<string> Lines() =>
    [
        string.Create(CultureInfo.InvariantCulture, $"@{shop.Sender.ScreenName} asked {shop.Customers.Count} customers {shop.Asked} times since {shop.From:yyyy-MM-dd}; {shop.Answered} gave a score."),
        $"The store {store} is {(thrownAway ? "thrown away when this ends" : "kept")}.",
        "",
        "Open a card, as the customer would:",
        .. cards.Select(card => $"  {card.Feedback.Type,-4}  {card.Customer.Name,-15} {card.Feedback.CardUrl}"),
        "",
        $"Read, write and answer as a customer does; sign in as @{shop.Customers[0].ScreenName} (or, for the other side, @{shop.Sender.ScreenName}) with the password {shop.Password}:",
        $"  {url}/messages",
        "",
        $"See what the answers come to, in the console; sign in with the password {shop.Password} as",
        .. people.Select(person => $"  {person.Email,-26} {person.Role.May}"),
        $"  {url}/console",
        "",
        "See the apps that were let in:",
        $"  {url}/apps",
        "",
        "Read how programs ask:",
        $"  {url}/api",
        "",
        $"Ask {shop.Customers[2].Name}; the answer holds the link of her card (card_url):",
        $"  {CreateCall}",
        "",
        $"Show her a card in a shop's chat, at {ChatOrigin}:",
        $"  dotnet run --project samples/chat-widget -- --server {url} {Keys} --to {Decimal(shop.Customers[2].Id)}",
        "",
        "Close a conversation in a helpdesk, which a sample plays; it prints the request that comes back into it:",
        $"  {HelpdeskCall}",
        "",
        $"Read what the customers wrote to @{shop.Sender.ScreenName}, and what it wrote:",
        $"  {Call("GET /1.1/direct_messages/events/list.json count=5")}",
        "",
        $"See what became of {cards[0].Customer.Name}'s card; answer it and look again:",
        $"  {ShowCall}",
        "",
        "Read the events of the year, a page at a time:",
        $"  {EventsCall(Millis(shop.From), Millis(now))}",
        "",
        "Read what has happened since the demo began, your own answers included:",
        $"  {EventsCall(Millis(now.AddMinutes(-1)), "$(date +%s000)")}",
        "",
    ];

    public DemoJson ToJson() => new(
        urls, store, Json(shop.Sender), [.. shop.Customers.Select(Json)], shop.Password, [.. people.Select(person => new DemoPersonJson(person.Email, person.Role.Word))],
        new(keys.App.ConsumerKey, keys.App.ConsumerSecret, keys.App.Name, keys.App.Callbacks, Allowed: true, Suspended: false),
        new(keys.Token.Token, keys.Token.TokenSecret, Decimal(shop.Sender.Id), shop.Sender.ScreenName, "dm"),
        [.. cards.Select(card => new DemoCardJson(card.Feedback.Id, card.Feedback.Type, card.Feedback.ToUserId, card.Customer.Name, card.Feedback.CardUrl!, card.Feedback.CardToken!))],
        new(shop.Asked, shop.Answered, shop.From.ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds()),
        new(CreateCall, ShowCall, EventsCall(Millis(shop.From), Millis(now)), HelpdeskCall));

    private string CreateCall => Call(
        $"POST /1.1/feedback/create.json type={PromptType.Csat.Wire} to_user_id={Decimal(shop.Customers[2].Id)} "
        + $"'message=Your desk lamp is on its way, {shop.Customers[2].Name.Split(' ')[0]}!' privacy_url={cards[0].Feedback.PrivacyUrl} external_id=ticket_1 include_card=true");

    private string HelpdeskCall => $"dotnet run --project samples/helpdesk -- --connector {connector}";

    private string ShowCall => Call($"GET /1.1/feedback/show/{cards[0].Feedback.Id}.json");

    private string EventsCall(string from, string to) => Call($"GET /1.1/feedback/events.json from_time={from} to_time={to} count=100");

    private string Call(string what) =>
        $"{StartedAs.Shown} call {what} --server {url} {Keys}";

    private string Keys => $"--key {keys.App.ConsumerKey} --secret {keys.App.ConsumerSecret} --token {keys.Token.Token} --token-secret {keys.Token.TokenSecret}";

    private static UserJson Json(User user) => new(Decimal(user.Id), user.ScreenName, user.Name, user.Accepts, user.Suspended);

    private static string Millis(DateTimeOffset instant) => Decimal(instant.ToUnixTimeMilliseconds());

    private static string Decimal(long id) => id.ToString(CultureInfo.InvariantCulture);
}

internal sealed record DemoCardJson(string Id, string Type, string ToUserId, string Name, string CardUrl, string CardToken);

/// <param name="FromTime">Unix milliseconds, as events.json takes them.</param>
/// <param name="ToTime">As <paramref name="FromTime"/>.</param>
internal sealed record DemoHistoryJson(int Asked, int Answered, long FromTime, long ToTime);

/// <summary>Someone who may sign in to the console, with the password of all.</summary>
internal sealed record DemoPersonJson(string Mail, string Role);

/// <summary>Command lines to paste.</summary>
internal sealed record DemoCallsJson(string Create, string Show, string Events, string Helpdesk);

internal sealed record DemoJson(
    IReadOnlyList<string> Urls, string Store, UserJson Sender, IReadOnlyList<UserJson> Customers, string Password, IReadOnlyList<DemoPersonJson> People, AppJson App, TokenJson Token,
    IReadOnlyList<DemoCardJson> Cards, DemoHistoryJson History, DemoCallsJson Calls);
