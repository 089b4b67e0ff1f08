using Afterword.Client.Wire;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;

namespace Afterword.Server.Prompts;

/// <summary>What the reference says of the routes of <see cref="PromptEndpoints"/>.</summary>
internal static class PromptReference
{
    /// <summary>The path parameter of every route about one feedback.</summary>
    public static readonly Parameter Id = new("id", "The feedback's id.", ValueFormat.Id) { Required = true, Example = "2123907341324648448" };

    /// <summary>A feedback nobody has answered yet.</summary>
    public static readonly FeedbackJson Asked = new(
        "Fri Nov 20 22:32:25 +0000 2026", "Fri Nov 20 22:32:25 +0000 2026", Id.Example!, "csat", Test: false, "2123907341324648449",
        "2123906916080947200", "2123906916869476352", "https://furni.example/privacy", "ticket_5555", "0", "Furni");

    /// <summary>The same, answered.</summary>
    public static readonly FeedbackJson Answered = Asked with
    {
        UpdatedAt = "Fri Nov 20 22:41:09 +0000 2026",
        Response = new(new("Fri Nov 20 22:40:51 +0000 2026", 4), new("Fri Nov 20 22:41:09 +0000 2026", "Lovely chair")),
    };

    /// <summary>The same after the person was erased.</summary>
    public static readonly FeedbackJson Erased = Answered with
    {
        ToUserId = "3421650987123456", PrivacyUrl = "https://furni.example/", ExternalId = null, DisplayName = null,
        Response = Answered.Response! with { Text = Answered.Response.Text! with { Value = "" } },
    };

    public static Operation Create() => new(Topic.Feedback, "Ask a customer")
    {
        Does =
            """
            Stores a direct message and, with it, a feedback request. 200 means that message, request and event are on the disk.

            Nothing delivers the message yet: ask for the card's link with `include_card` and hand it on. A feedback that was created without it has no link, and none can be
            had later.

            The recipient exists, is not suspended, is not the sender, and takes messages from the sender.
            """,
        Parameters =
        [
            new("type", "Satisfaction or recommendation.", ValueFormat.OneOf("csat", "nps")) { Required = true, Example = Asked.Type },
            new("to_user_id", "The recipient.", ValueFormat.Id) { Required = true, Example = Asked.ToUserId },
            new("message", "The direct message above the card; not blank.", ValueFormat.Text(1, TextRules.MessageLength)) { Required = true, Example = "How did we do?" },
            new("privacy_url", "Your privacy policy, which the card links to; with a host and without credentials.", ValueFormat.Address(PromptDraft.PrivacyUrlLength)) { Required = true, Example = Asked.PrivacyUrl },
            new("external_id", "Your own reference, such as a ticket's number.", ValueFormat.Text(0, PromptDraft.ExternalIdLength)) { Example = Asked.ExternalId },
            new("question_variant_id", "Which [question](/api#questions) is asked; for nps there are fewer.", ValueFormat.Whole(0, 37)) { Default = "0" },
            new("display_name", "The name in the question.", ValueFormat.Text(0, PromptDraft.DisplayNameLength)) { Default = "your profile name", Example = Asked.DisplayName },
            new("test", "Marks the feedback as a test, which counts in no metric.", ValueFormat.Truth) { Default = "false" },
            new("agent", "Who led the conversation, as your metrics are to name them; one line. Customers never see it.", ValueFormat.Text(0, PromptDraft.AgentLength)),
            new("tags", "What the conversation was about, separated by commas, for your metrics; at most 10 of at most 32 characters. Customers never see them.", ValueFormat.Text(0, Tags.Length)),
            new("include_card", "Adds `card_url` and `card_token` to the answer.", ValueFormat.Truth) { Default = "false", Example = "true" },
            new(
                "Idempotency-Key",
                "Makes a repetition safe: within 24 hours the same sender, key and parameters give the first answer again and store nothing. Refusals are not remembered. Visible ASCII.",
                ValueFormat.Text(1, Idempotency.MaxKeyLength)) { IsHeader = true },
        ],
        Replies =
        [
            Reply.Of(
                "The feedback, with the card's link if you asked for it.", WireJson.Default.FeedbackJson,
                Asked with { CardUrl = $"https://feedback.example.com/f/{CardExample}", CardToken = CardExample }) with
            {
                Headers = [("Idempotent-Replayed", "`true` when the answer was given before, to the same `Idempotency-Key`.")],
            },
        ],
        Errors =
        [
            DocumentedError.MessageTooLong, DocumentedError.RecipientUnknown, DocumentedError.RecipientSuspended, DocumentedError.CannotMessage, DocumentedError.KeyReused,
        ],
    };

    public static Operation Show() => new(Topic.Feedback, "Look at one feedback")
    {
        Does =
            """
            Gives one feedback of the calling sender. When there is an answer it has a `response` with a score, a text, or both. Scores are 1 to 5 for csat and 0 to 10 for nps.

            `updated_at` is the time of the last part of the answer. Neither part ever changes.
            """,
        Parameters = [Id],
        Replies = [Reply.Of("The feedback as it stands now.", WireJson.Default.FeedbackJson, Answered)],
        Errors = [DocumentedError.NotFound],
    };

    // Shaped like one, and opens nothing.
    internal const string CardExample = "G6G6kz-AAAAdeaF25QAAAQEXAMPLEEXAMPLEEXAMPLEEXAMP";
}
