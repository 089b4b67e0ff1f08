using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.SignIn;

namespace Afterword.Server.Messages.Inbox;

/// <summary>What the reference says of Messages.</summary>
internal static class InboxReference
{
    private static readonly Parameter s_peer = new("screen_name", "The handle of the other one.", SignInReference.Handle) { Required = true, Example = "furni" };
    private static readonly Parameter s_before = new("before", "Messages of before this id.", ValueFormat.Id);
    private static readonly Reply s_signIn = Reply.To(302, "Nobody is signed in.", "`/sign-in`, and back from there.");
    private static readonly Reply s_nothing = Reply.Page("There is no such user, or it is the visitor.", 404);

    public static Operation List() => new(Topic.Inbox, "The conversations")
    {
        Does = "Lists with whom the user exchanged messages in the last 30 days, newest first, with what is unread and where a request for feedback waits.",
        Caller = SignInReference.User,
        Parameters = [s_before],
        Replies = [Reply.Page("The list."), s_signIn],
    };

    public static Operation Show() => new(Topic.Inbox, "A conversation")
    {
        Does =
            """
            Shows what the two wrote to each other in the last 30 days, the request for feedback that waits, and a place to write. Opening it marks it as read.
            """,
        Caller = SignInReference.User,
        Parameters = [s_peer, s_before, new("card", "The request to show, where several wait or one was just answered.", ValueFormat.Id)],
        Replies = [Reply.Page("The conversation."), s_signIn, s_nothing],
    };

    public static Operation Write() => new(Topic.Inbox, "Write")
    {
        Does =
            """
            What the page's own form sends. Messages count against the user's limit, and against no app's.
            """,
        Caller = SignInReference.User,
        Parameters = [s_peer, SignInReference.Form, new("text", "What to say; not blank.", ValueFormat.Text(1, TextRules.MessageLength)) { Required = true }],
        Replies =
        [
            Reply.To(303, "Sent.", "The conversation."), Reply.Page("Not sent, and why: the conversation with what was written.", 400), s_nothing,
            Reply.Page("The other one takes no messages from this user.", 403),
            Reply.Page("The limit is reached.", 429) with { Headers = [("Retry-After", "When to come again, in seconds.")] },
        ],
    };

    public static Operation Card() => new(Topic.Inbox, "Answer a request")
    {
        Does = "What the forms of the card send within a conversation; as at [the card](/api#post-f-token), for the user who was asked.",
        Caller = SignInReference.User,
        Parameters =
        [
            s_peer, PromptReference.Id, SignInReference.Form,
            new("score", "1 to 5 for csat, 0 to 10 for nps.", ValueFormat.Whole(0, 10)),
            new("text", "What the recipient says.", ValueFormat.Text(1, TextRules.MessageLength)),
            new("dismiss", "Closes the card.", ValueFormat.OneOf("1")),
            new("asking", "Whether this sender may ask again at all.", ValueFormat.OneOf("stop", "again")),
        ],
        Replies = [Reply.To(303, "Taken, or there already.", "The conversation."), Reply.Page("Not taken, and why.", 400), Reply.Page("No such request to this user.", 404)],
    };

    public static Operation ChangeRelationship() => new(Topic.Inbox, "Follow, block, stop being asked")
    {
        Does = "What the menu of a conversation sends.",
        Caller = SignInReference.User,
        Parameters = [s_peer, SignInReference.Form, new("do", "What to do.", ValueFormat.OneOf("follow", "unfollow", "block", "unblock", "stop", "ask")) { Required = true }],
        Replies = [Reply.To(303, "Done.", "The conversation."), SignInReference.NotOurs, s_nothing],
    };

    public static Operation ShowNew() => new(Topic.Inbox, "Write to someone new")
    {
        Does = "Asks for a handle.",
        Caller = SignInReference.User,
        Replies = [Reply.Page("The form."), s_signIn],
    };

    public static Operation BeginNew() => new(Topic.Inbox, "Begin a conversation")
    {
        Does = "What the page's own form sends.",
        Caller = SignInReference.User,
        Parameters = [SignInReference.Form, new("screen_name", "The handle.", SignInReference.Handle) { Required = true }],
        Replies = [Reply.To(303, "Found.", "The conversation."), SignInReference.NotOurs, Reply.Page("Nobody has this handle, or the visitor has it.", 404)],
    };

    public static Operation ShowSettings() => new(Topic.Inbox, "A user's settings")
    {
        Does = "Who may write, the language, and the accounts that may not ask for feedback.",
        Caller = SignInReference.User,
        Replies = [Reply.Page("The settings."), s_signIn],
    };

    public static Operation ChangeSettings() => new(Topic.Inbox, "Change the settings")
    {
        Does = "What the page's own forms send: `accepts` with `language`, or `ask_again`.",
        Caller = SignInReference.User,
        Parameters =
        [
            SignInReference.Form,
            new("accepts", "Who may write: anyone, or accounts that the user follows.", ValueFormat.OneOf("anyone", "following")),
            new("language", "The tag of a language; empty for that of the browser.", ValueFormat.Said("a tag such as `pt`")),
            new("ask_again", "The account that may ask again.", ValueFormat.Id),
        ],
        Replies = [Reply.To(303, "Changed.", "The settings."), SignInReference.NotOurs],
    };

    public static Operation Live() => new(Topic.Inbox, "What is new")
    {
        Does =
            """
            Server-sent events for the pages of Messages: `new` when there is something, which the page then fetches, and `over` when the user was signed out. An event's id is a mark;
            a stream goes on behind `since` or `Last-Event-ID`. At most eight at once for each user.
            """,
        Caller = SignInReference.User,
        Parameters = [new("since", "The mark that the page was made with.", ValueFormat.Opaque)],
        Replies =
        [
            new(200, "The stream, with a sign of life every 20 seconds.") { ContentType = "text/event-stream" }, new(401, "Nobody is signed in."), new(429, "Too many streams of this user."),
        ],
    };

    public static Operation Offline() => new(Topic.Inbox, "Without a connection")
    {
        Does = "What the installed app shows while it is offline.",
        Replies = [Reply.Page("The page.")],
    };
}
