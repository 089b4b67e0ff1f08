using Afterword.Server.Reference;
using Afterword.Server.SignIn;

namespace Afterword.Server.Webhooks;

/// <summary>What the reference says of the routes of <see cref="OperatorEndpoints"/>.</summary>
internal static class OperatorReference
{
    private const string Operator = "an operator, with an operator key";

    private static readonly Parameter s_id = new("id", "The webhook's id.", ValueFormat.Id) { Required = true, Example = "2123907341324648452" };

    private static readonly WebhookJson s_webhook = new(
        s_id.Example!, "furni", "https://desk.example.com/afterword", null, Basic: false, Format: "events", Active: true, WebhookJson.ActiveState, Waiting: 2, Dead: 1, SucceededAt: "2026-11-20T22:41:09.120Z");

    private static readonly AttemptJson s_attempt = new(1, "2026-11-20T22:41:09.080Z", 40, 204, null, null);

    public static Operation List() => new(Topic.Operating, "List webhooks")
    {
        Does = "All endpoints, or those of one sender, with what waits for them and what failed.",
        Caller = Operator,
        Parameters = [new("sender", "A sender.", SignInReference.Handle) { Example = "furni" }],
        Replies = [Reply.Of("The endpoints.", OperatorJson.Default.WebhooksJson, new([s_webhook]))],
        Errors = [DocumentedError.RecipientUnknown],
    };

    public static Operation Add() => new(Topic.Operating, "Allow a webhook")
    {
        Does =
            """
            Tells every change of a sender to an address, once an owner of the sender has approved that in the console: until then its `state` is `waiting_for_approval`,
            and nothing is sent or kept for it. The secret that signs the changes is in this answer and in no other.
            """,
        Caller = Operator,
        Parameters =
        [
            new("sender", "Whose changes are told.", SignInReference.Handle) { Required = true, Example = "furni" },
            new("url", "Where they are posted to; https, unless the server allows others. Needed unless `poll` is true, and then left out.", ValueFormat.Address(2048)) { Example = s_webhook.Url },
            new("basic", "Credentials for Basic authentication.", ValueFormat.Said("`user:password`")),
            new("format", "What is sent: `events` for programs, or messages for a channel of Slack or Microsoft Teams, which everybody in it reads.", ValueFormat.OneOf([.. WebhookFormats.All])) { Default = "events" },
            new("poll", "Nothing is posted: the receiver [fetches](/api#get-operator-webhooks-id-poll) the changes, with the secret.", ValueFormat.Truth) { Default = "false" },
        ],
        Replies = [Reply.Of("The endpoint, with its secret.", OperatorJson.Default.WebhookJson, s_webhook with { Secret = "whsec_…", Active = false, State = "waiting_for_approval", Waiting = 0, Dead = 0, SucceededAt = null }) with { Status = 201 }],
        Errors = [DocumentedError.RecipientUnknown],
    };

    public static Operation Show() => new(Topic.Operating, "Show a webhook with its latest deliveries")
    {
        Does = "The newest deliveries first, each with its attempts: status and time. What was answered is shown in the console alone, for it may hold what customers wrote.",
        Caller = Operator,
        Parameters = [s_id, new("dead", "Only those that failed.", ValueFormat.Truth) { Default = "false" }, new("count", "How many.", ValueFormat.Whole(1, 200)) { Default = "20" }],
        Replies =
        [
            Reply.Of(
                "The endpoint.", OperatorJson.Default.WebhookJson,
                s_webhook with { Deliveries = [new("2123907341324648451", "2123907341324648448", "2026-11-20T22:41:09.050Z", "delivered", null, [s_attempt])] }),
        ],
        Errors = [DocumentedError.NotFound],
    };

    public static Operation Remove() => new(Topic.Operating, "Deny a webhook")
    {
        Does = "Tells no more changes to the endpoint, and gives up what waits for it.",
        Caller = Operator,
        Parameters = [s_id],
        Replies = [Reply.Of("It is removed; `given_up` deliveries will never be sent.", OperatorJson.Default.WebhookDeniedJson, new(s_id.Example!, s_webhook.Url, Allowed: false, 2))],
        Errors = [DocumentedError.NotFound],
    };

    public static Operation Test() => new(Topic.Operating, "Send a test event")
    {
        Does = "Sends an event that never happened, marked as a test, and answers with what the endpoint answered. Nothing is repeated or kept.",
        Caller = Operator,
        Parameters = [s_id],
        Replies = [Reply.Of("The attempt, taken or not: look at `status` and `error`.", OperatorJson.Default.AttemptJson, s_attempt)],
        Errors = [DocumentedError.NotFound],
    };

    public static Operation Rotate() => new(Topic.Operating, "Give a webhook a new secret")
    {
        Does = "The old secret signs beside the new one for `Webhooks:SecretOverlap`, 24 hours by default. It is refused for a webhook that is polled and approved: its secret opens its events, so an owner of the sender makes a new one in the console.",
        Caller = Operator,
        Parameters = [s_id],
        Replies = [Reply.Of("The endpoint, with its new secret.", OperatorJson.Default.WebhookJson, s_webhook with { Secret = "whsec_…" })],
        Errors = [DocumentedError.NotFound],
    };

    public static Operation Enable() => Switch("Switch a webhook on", "What waits for it is delivered, in order.", s_webhook);

    public static Operation Disable() => Switch(
        "Switch a webhook off", "What happens from now on waits for it.", s_webhook with { Active = false, State = "off", DisabledReason = "Switched off by an operator." });

    public static Operation Replay() => new(Topic.Operating, "Send deliveries again")
    {
        Does =
            """
            Makes deliveries wait again, under the same ids and with a fresh schedule: one event, or what is dead, or a range of time, or what is dead in it.

            The answer is a line of JSON for every thousand, and a last one with `done`. Whoever hangs up stops the replay between two of them.
            """,
        Caller = Operator,
        Parameters =
        [
            s_id,
            new("event", "This event alone, whatever became of it.", ValueFormat.Id),
            new("dead", "Only what failed.", ValueFormat.Truth) { Default = "false", Example = "true" },
            new("from", "The first instant.", ValueFormat.Millis),
            new("to", "The last instant.", ValueFormat.Millis),
        ],
        Replies =
        [
            new(200, "How many wait again, so far and in the end.")
            {
                ContentType = "application/x-ndjson", Text = "{\"replayed\":1000,\"done\":false}\n{\"replayed\":1024,\"done\":true}\n",
            },
        ],
        Errors = [DocumentedError.Missing, DocumentedError.NotFound],
    };

    private static Operation Switch(string summary, string does, WebhookJson example) => new(Topic.Operating, summary)
    {
        Does = does,
        Caller = Operator,
        Parameters = [s_id],
        Replies = [Reply.Of("The endpoint as it is now.", OperatorJson.Default.WebhookJson, example)],
        Errors = [DocumentedError.NotFound],
    };
}
