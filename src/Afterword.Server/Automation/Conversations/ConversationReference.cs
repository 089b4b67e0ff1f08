using Afterword.Client.Wire;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;

namespace Afterword.Server.Automation.Conversations;

/// <summary>What the reference says of the routes of <see cref="ConversationEndpoints"/>.</summary>
internal static class ConversationReference
{
    private const string Id = "2123907341324648460";

    private static readonly ConversationJson s_scheduled = new(
        Id, "ticket_5555", PromptReference.Asked.ToUserId, "kenji", "returns", ["vip"], "de", null, Test: false, "Fri Nov 20 22:32:25 +0000 2026", "Fri Nov 20 22:32:25 +0000 2026",
        "Fri Nov 20 22:32:25 +0000 2026", 1, "scheduled", null, "everybody else", 7, 0.5, 0.331287, "Fri Nov 20 22:42:25 +0000 2026", null, null);

    private static readonly Parameter s_externalId = new("external_id", "The conversation, ticket or case. The sample, and once per conversation, go by it.", ValueFormat.Text(1, PromptDraft.ExternalIdLength))
    {
        Required = true, Example = s_scheduled.ExternalId,
    };

    // What rules look at.
    private static readonly Parameter[] s_conversed =
    [
        new("agent", "Who led it; one line. Metrics by agent use what was true at the close.", ValueFormat.Text(0, CloseDraft.LabelLength)) { Example = "kenji" },
        new("team", "Whose team; one line.", ValueFormat.Text(0, CloseDraft.LabelLength)),
        new("tags", "What it was about, separated by commas; at most 10 of at most 32 characters.", ValueFormat.Text(0, Tags.Length)) { Example = "vip" },
        new("language", "The language that it was in.", ValueFormat.Said("a language tag, such as `de` or `pt-BR`")) { Default = "the customer's" },
        new("closed_at", "When it was closed; at most 7 days ago and 5 minutes ahead.", ValueFormat.Millis) { Default = "now" },
        new("messages", "How many messages it had.", ValueFormat.Whole(0, CloseDraft.MostMessages)),
        new("agent_messages", "How many of them were the agent's.", ValueFormat.Whole(0, CloseDraft.MostMessages)),
        new("test", "Marks a test. Its request is one, which counts in no metric and no interval.", ValueFormat.Truth) { Default = "false" },
    ];

    public static Operation Close() => new(Topic.Feedback, "Tell that a conversation has ended")
    {
        Does =
            """
            The sender's [rules](/api#put-feedback-rules) decide whether the customer is asked, and when. 200 with whatever was decided: the decision is on the disk.

            A conversation that is closed again while it is scheduled, or that is skipped again for the same reason, is counted in `closes` and otherwise stays as it was: a repeated call changes nothing. After it was asked it is `already_asked`, unless its rule says `again`. Send `closed_at`: a call that is repeated after its customer was asked then names the same time, and is counted in `closes` too.
            """,
        Parameters =
        [
            new("to_user_id", "The customer.", ValueFormat.Id) { Required = true, Example = s_scheduled.ToUserId },
            s_externalId,
            .. s_conversed,
            new("display_name", "The name in the question, instead of the rule's.", ValueFormat.Text(0, PromptDraft.DisplayNameLength)),
            new("privacy_url", "Your privacy policy, instead of the rule's.", ValueFormat.Address(PromptDraft.PrivacyUrlLength)),
        ],
        Replies = [Reply.Of("The conversation with what was decided.", ConversationsJson.Default.ConversationJson, s_scheduled)],
    };

    public static Operation Reopen() => new(Topic.Feedback, "Tell that a conversation goes on")
    {
        Does = "Withdraws the request that is scheduled for it, as a message of the customer to the sender does by itself. A conversation that is not scheduled stays as it is.",
        Parameters = [s_externalId],
        Replies = [Reply.Of("The conversation as it is now.", ConversationsJson.Default.ConversationJson, s_scheduled with { Decision = "withdrawn", Reason = "reopened", DueAt = null })],
        Errors = [DocumentedError.NotFound],
    };

    public static Operation Show() => new(Topic.Feedback, "Look at one conversation")
    {
        Does = "Gives a conversation of the calling sender with what was decided, and why.",
        Parameters = [new("id", "The conversation's `id`.", ValueFormat.Id) { Required = true, Example = Id }],
        Replies =
        [
            Reply.Of("The conversation as it is now.", ConversationsJson.Default.ConversationJson, s_scheduled with { Decision = "asked", FeedbackId = PromptReference.Asked.Id, UpdatedAt = s_scheduled.DueAt! }),
        ],
        Errors = [DocumentedError.NotFound],
    };

    public static Operation List() => new(Topic.Feedback, "Read what was decided, in order")
    {
        Does =
            """
            Walks through the closes of the calling sender in the order in which they were received. Each comes exactly once, whatever is closed meanwhile; it is as it is now.

            Go on with `cursor` until `next_cursor` is empty; it is empty at the end and only there. Where a filter passes over most of them, a page may have none and still be followed by one that has some.
            """,
        Parameters =
        [
            new("from_time", "First moment of the range, inclusive.", ValueFormat.Millis) { Default = "the first" },
            new("to_time", "Last moment of the range, inclusive; at most now.", ValueFormat.Millis) { Default = "now" },
            new("decision", "Those with this decision alone.", ValueFormat.OneOf([.. DecisionTexts.Decisions])),
            new("reason", "Those with this reason alone.", ValueFormat.OneOf([.. DecisionTexts.Reasons])),
            new("agent", "Those of this agent alone.", ValueFormat.Text(0, CloseDraft.LabelLength)),
            new("external_id", "Those of this conversation alone.", ValueFormat.Text(0, PromptDraft.ExternalIdLength)),
            new("count", "The most on a page.", ValueFormat.Whole(1, ListConversations.MostPerPage)) { Default = "100" },
            new("cursor", "`next_cursor` of the page before, with the same filters. The times may then be left out; if sent, they must be those of the first page. It works for its sender and range alone and does not run out.", ValueFormat.Opaque),
        ],
        Replies = [Reply.Of("A page of conversations.", ConversationsJson.Default.ConversationPageJson, new([s_scheduled], ""))],
    };

    public static Operation CanPrompt() => new(Topic.Feedback, "Ask whether a customer would be asked")
    {
        Does =
            """
            The dry run: what a close would decide at this moment, with every check, not only the first that fails. Nothing is written.

            Where anything is said of the conversation, the rules are asked too. Without, it says whether the customer may be asked at all.
            """,
        Parameters =
        [
            new("to_user_id", "The customer.", ValueFormat.Id) { Required = true, Example = s_scheduled.ToUserId },
            s_externalId with { Required = false },
            .. s_conversed,
        ],
        Replies =
        [
            Reply.Of(
                "What would be decided.", ConversationsJson.Default.CanPromptJson,
                new(Allowed: false, "asked_recently", "Fri Nov 27 22:32:25 +0000 2026", null, [new("recipient", Ok: true, null), new("recipient_interval", Ok: false, "asked on Fri Nov 20 22:32:25 +0000 2026; one request in 7 days")])),
        ],
    };
}
