using Afterword.Client.Wire;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Alerts;

namespace Afterword.Server.Reference;

/// <summary>What this server posts to addresses that an operator allowed, for the OpenAPI document.</summary>
/// <param name="Name">Its event type.</param>
/// <param name="Summary">When it is sent, as a headline without a full stop.</param>
/// <param name="Does">In a sentence or two.</param>
/// <param name="Body">What is posted.</param>
internal sealed record StreamEvent(string Name, string Summary, string Does, Sample Body)
{
    private static readonly string s_sender = PromptReference.Asked.FromUserId;

    /// <summary>Every type of event.</summary>
    public static IReadOnlyList<StreamEvent> All { get; } =
    [
        new("feedback.created", "Somebody was asked", "Once for each request for feedback, test feedback too.", Sample.Of(WireJson.Default.FeedbackEventJson, new("feedback.created", PromptReference.Asked.CreatedAt, PromptReference.Asked))),
        new("feedback.updated", "Somebody answered", "Once for the score and once for the text. `feedback` is as it was then.", Sample.Of(WireJson.Default.FeedbackEventJson, new("feedback.updated", PromptReference.Answered.UpdatedAt, PromptReference.Answered))),
        new(
            "feedback.erased", "The person who was asked is erased",
            "Once for each of their requests. `feedback` is what is left of it: score and times, an empty text, and the id of nobody. Erase what you hold of this feedback's person, too.",
            Sample.Of(WireJson.Default.FeedbackEventJson, new("feedback.erased", PromptReference.Erased.UpdatedAt, PromptReference.Erased))),
        new(
            AlertEventJson.Low, "A score was low", "To webhooks for which an owner chose alerts.",
            Sample.Of(AlertWire.Default.AlertEventJson, new(AlertEventJson.Low, PromptReference.Answered.UpdatedAt, s_sender, LowScore: new(PromptReference.Answered.Id, "csat", 1)))),
        new(
            AlertEventJson.Fell, "Metrics dropped", "To webhooks for which an owner chose alerts.",
            Sample.Of(AlertWire.Default.AlertEventJson, new(AlertEventJson.Fell, PromptReference.Answered.UpdatedAt, s_sender, FiguresFell: [new("csat", 81.5, 90, 54, 60)]))),
        new(
            FeedbackRequestJson.Requested, "A request is handed over", "To the address of a sender that brings its requests to customers itself.",
            Sample.Of(HandoverJson.Default.FeedbackRequestJson, new(
                FeedbackRequestJson.Requested, PromptReference.Asked.CreatedAt, new(PromptReference.Asked.Id, PromptReference.Asked.Type, Test: false, PromptReference.Asked.ExternalId),
                new(s_sender, "furni", "Furni"), new(PromptReference.Asked.ToUserId, "maja", "Maja Lindqvist"), "Thank you for your visit.", "How likely are you to recommend Furni to a friend?",
                $"{ExampleCall.AnyServer}/f/{PromptReference.CardExample}", PromptReference.Asked.PrivacyUrl, "en"))),
    ];

    /// <summary>What all of them carry, after Standard Webhooks.</summary>
    public static IReadOnlyList<Parameter> Headers { get; } =
    [
        new("webhook-id", "The event's id, the same on every attempt.", ValueFormat.Opaque) { Required = true, Example = "684280387142549504" },
        new("webhook-timestamp", "The time of this attempt, in seconds since 1970.", ValueFormat.Whole(0, long.MaxValue)) { Required = true, Example = "1451980802" },
        new("webhook-signature", "`v1,` and base64 of HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`; two of them while the secret is being replaced.", ValueFormat.Said("signatures, separated by spaces"))
        {
            Required = true, Example = "v1,WVlFs6Qe6POg3c7Ut14GPU7TWx6eIFVDyv7X54pv8qQ=",
        },
    ];

    /// <summary>Names it in programs made from the document: <c>sentFeedbackCreated</c>.</summary>
    public string OperationId => "sent" + string.Concat(Name.Split('.', '_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
