using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;

namespace Afterword.Server.Embed;

/// <summary>What the reference says of the embedded card.</summary>
internal static class EmbedReference
{
    private const string Caller = "a page that is allowed to show it";

    private static readonly Parameter s_token = new("token", "The card's `card_token`.", ValueFormat.Opaque) { Required = true, Example = PromptReference.CardExample };

    private static readonly Parameter s_language = new("language", "The language of the card's words, such as `fr`; without it the customer's, or else the browser's.", ValueFormat.Said("a language tag"));

    private static readonly (string, string) s_step = ("Afterword-Step", "What the card shows now: `score`, `text`, `thanks`, `dismissed` or `expired`.");

    private static readonly Reply s_unknown = Reply.Page("No such card; the same for every token and every page.", 404);

    private static readonly Reply s_refused = Reply.Plain("The page is not allowed to show cards of this sender.", "This page may not show this card. An operator allows it: afterword allow embed @SENDER ORIGIN\n", 403);

    private static readonly Reply s_flood = Reply.Plain("Too many calls for this card or from this address.", "Too many calls for this card or from this address. Please try again in a moment.\n", 429);

    public static Operation Script() => new(Topic.Pages, "The script of the card within other pages")
    {
        Does = "Defines the element `<afterword-card token=\"…\">`. Any page may load it; it may be kept for an hour and has an `ETag`.",
        Replies = [new(200, "The script, compressed if you accept that.") { ContentType = "text/javascript" }, new(304, "You have it already.")],
    };

    public static Operation Style() => new(Topic.Pages, "Its style")
    {
        Does = "What `/embed.js` loads besides the card.",
        Replies = [new(200, "The style, compressed if you accept that.") { ContentType = "text/css" }, new(304, "You have it already.")],
    };

    public static Operation Show() => new(Topic.Pages, "The card within another page")
    {
        Does =
            """
            What `/embed.js` fetches and shows in `<afterword-card>`: the card without a page around it. It may be read by pages whose origin an operator has allowed for the sender.
            Reading it changes nothing.
            """,
        Caller = Caller,
        Parameters = [s_token, s_language],
        Replies = [Reply.Page("The step that is still open.") with { Headers = [s_step] }, s_unknown, s_refused, s_flood],
    };

    public static Operation Answer() => new(Topic.Pages, "Answer within another page")
    {
        Does = "What the forms of an embedded card send, by script: one of `score`, `text`, `dismiss`. Only a browser on an allowed page is heard.",
        Caller = Caller,
        Parameters =
        [
            s_token,
            new("score", "1 to 5 for csat, 0 to 10 for nps.", ValueFormat.Whole(0, 10)) { Example = "4" },
            new("text", "What the customer says.", ValueFormat.Text(1, TextRules.MessageLength)),
            new("dismiss", "Closes the card.", ValueFormat.OneOf("1")),
            s_language,
        ],
        Replies =
        [
            Reply.Page("Taken, or there already: the next step.") with { Headers = [s_step] }, Reply.Page("Not understood: the step again, with what is wrong.", 400),
            s_refused, s_unknown, s_flood, Reply.Page("Not stored: the step again, with what was typed.", 503),
        ],
    };

    public static Operation Preflight() => new(Topic.Pages, "Ask before a request across origins")
    {
        Does = "Answers browsers that ask whether a page may send what its script wants to send (CORS). `/embed.js` sends nothing that makes them ask.",
        Caller = Caller,
        Parameters = [s_token],
        Replies = [new(204, "It may.") { Headers = [("Access-Control-Allow-Methods", "`GET, POST`.")] }, s_refused, s_unknown, s_flood],
    };
}
