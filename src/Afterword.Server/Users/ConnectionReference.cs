using System.Globalization;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.SignIn;

namespace Afterword.Server.Users;

/// <summary>What the reference says of the routes of <see cref="ConnectionEndpoints"/>.</summary>
internal static class ConnectionReference
{
    private static readonly string s_furni = PromptReference.Asked.FromUserId;
    private static readonly string s_maja = PromptReference.Asked.ToUserId;

    private static readonly Parameter[] s_page =
    [
        new("user_id", "The caller's own id. Other users' lists are private.", ValueFormat.Id) { Default = "the caller" },
        new("screen_name", "The same by handle.", SignInReference.Handle),
        new("cursor", "`next_cursor` of the page before; `-1` for the first.", ValueFormat.Said("a whole number")) { Default = ConnectionEndpoints.FirstPage },
        new("count", "The most ids on a page.", ValueFormat.Whole(1, Connections.MostPerPage)) { Default = "5000" },
        new("stringify_ids", "Gives `ids` as texts.", ValueFormat.Truth) { Default = "false" },
    ];

    public static Operation Friends() => List("Whom do I follow?", "Lists those whom the caller follows.");

    public static Operation Followers() => List("Who follows me?", "Lists those who follow the caller.");

    public static Operation Blocks() => List("Whom do I block?", "Lists those whom the caller blocks.");

    public static Operation LookUp() => new(Topic.People, "What many users are to me")
    {
        Does = "Says of up to 100 users what they and the caller are to each other. Who is not there or is suspended is left out.",
        Parameters =
        [
            new("user_id", "Ids. This or `screen_name` is needed, both may be sent.", ValueFormat.Said("ids, separated by commas")) { Example = s_maja },
            new("screen_name", "Handles.", ValueFormat.Said("handles, separated by commas")),
        ],
        Replies =
        [
            Reply.Of<IReadOnlyList<ConnectionJson>>(
                "Those who are there.", UserContext.Default.IReadOnlyListConnectionJson, [new("Maja Lindqvist", "maja", Number(s_maja), s_maja, ["following", "followed_by"])]),
        ],
        Errors = [DocumentedError.Missing, DocumentedError.TooManyTerms],
    };

    public static Operation Settings() => new(Topic.People, "What have I chosen?")
    {
        Does = "Gives the caller's language, and who may write to the caller. Parameters are ignored.",
        Replies = [Reply.Of("The settings.", UserContext.Default.AccountSettingsJson, new("furni", "en", "all"))],
    };

    private static Operation List(string summary, string does) => new(Topic.People, summary)
    {
        Does = $"{does} The latest account comes first. A page may be short, or empty, before the end: go on with `cursor` until `next_cursor` is 0.",
        Parameters = s_page,
        Replies = [Reply.Of("A page of ids.", UserContext.Default.IdPageJson, new([Number(s_furni)], 0, "0"))],
    };

    private static long Number(string id) => long.Parse(id, CultureInfo.InvariantCulture);
}
