using System.Globalization;
using System.Text.Json.Serialization;

namespace Afterword.Server.Webhooks;

/// <summary>A webhook as operators see it, by command and by call.</summary>
/// <param name="Id">Names it in commands and calls.</param>
/// <param name="Sender">Whose changes it is told: the handle.</param>
/// <param name="Url">Where they are posted to; of a chat, whose address is a password, its host and last characters alone. Absent where they are fetched.</param>
/// <param name="Secret">What signs them, and lets who polls in. Told once, when it is made.</param>
/// <param name="Basic">Whether Basic credentials are sent along.</param>
/// <param name="Format"><c>events</c>; or <c>slack</c> or <c>teams</c>, when messages are sent to a channel that people read.</param>
/// <param name="Active">Whether events are sent to it now.</param>
/// <param name="State"><c>active</c>; <c>off</c>, when what happens waits for it; or <c>waiting_for_approval</c>, when nothing is sent or kept for it until an owner of the sender approves it, or an operator where an owner added it.</param>
/// <param name="DisabledReason">Why it is off.</param>
/// <param name="Waiting">Deliveries that are due now or later.</param>
/// <param name="Dead">Deliveries that were given up.</param>
/// <param name="SucceededAt">When it last took something over, or was polled, to the minute, ISO 8601 in UTC.</param>
/// <param name="FailingSince">The first failure since then.</param>
/// <param name="Deliveries">The latest, newest first; only where one webhook is shown.</param>
/// <param name="Kind"><c>push</c>: changes are posted to it; or <c>poll</c>: its receiver fetches them.</param>
internal sealed record WebhookJson(
    string Id, string Sender, string? Url, string? Secret, bool Basic, string Format, bool Active, string State, string? DisabledReason = null, long Waiting = 0, long Dead = 0,
    string? SucceededAt = null, string? FailingSince = null, IReadOnlyList<DeliveryJson>? Deliveries = null, string Kind = WebhookJson.Push)
{
    public const string ActiveState = "active";

    public const string Push = "push";

    public const string Poll = "poll";

    private const string WaitingState = "waiting_for_approval";

    public static WebhookJson Of(ListedEndpoint listed) => new(
        Text(listed.Endpoint.Key.Id), listed.ScreenName, listed.Endpoint.ShownAddress, null, listed.Endpoint.HasBasic, listed.Endpoint.Format.Name, listed.Endpoint.IsActive, StateOf(listed.Endpoint), listed.Endpoint.DisabledReason,
        listed.Waiting, listed.Dead, Iso(listed.Endpoint.SucceededAt), Iso(listed.Endpoint.FailingSince), Kind: KindOf(listed.Endpoint.IsPolled));

    /// <summary>One that was just added, with its secret.</summary>
    public static WebhookJson Of(NewEndpoint added, string screenName, bool basic) => new(
        Text(added.Key.Id), screenName, added.IsPolled ? null : added.Url, added.Secret.ToString(), basic, added.Format.Name, added.IsApproved, added.IsApproved ? ActiveState : WaitingState, Kind: KindOf(added.IsPolled));

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string? Iso(long? millis) =>
        millis is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : null;

    private static string KindOf(bool isPolled) => isPolled ? Poll : Push;

    private static string StateOf(Endpoint endpoint) => endpoint switch
    {
        { IsApproved: false } => WaitingState,
        { IsActive: false } => "off",
        _ => ActiveState,
    };
}

/// <summary>Webhooks, by sender.</summary>
/// <param name="Webhooks">Each with what waits for it.</param>
internal sealed record WebhooksJson(IReadOnlyList<WebhookJson> Webhooks);

/// <summary>A webhook that was denied.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Url">Where it was; absent where it was polled.</param>
/// <param name="Allowed">False.</param>
/// <param name="GivenUp">Deliveries that waited for it and will never be sent.</param>
internal sealed record WebhookDeniedJson(string Id, string? Url, bool Allowed, long GivenUp);

/// <summary>One event on its way to one webhook.</summary>
/// <param name="Event">The event's id, which is sent as <c>webhook-id</c>.</param>
/// <param name="Feedback">The feedback's id.</param>
/// <param name="ChangedAt">When it happened, ISO 8601 in UTC.</param>
/// <param name="State"><c>waiting</c>, <c>delivered</c> or <c>dead</c>; <c>kept</c>, where the receiver fetches it.</param>
/// <param name="DueAt">When a waiting one is tried next.</param>
/// <param name="Attempts">Newest first.</param>
internal sealed record DeliveryJson(string Event, string Feedback, string ChangedAt, string State, string? DueAt, IReadOnlyList<AttemptJson> Attempts)
{
    public static DeliveryJson Of(ShownDelivery delivery) => new(
        WebhookJson.Text(delivery.Event), WebhookJson.Text(delivery.PromptId), WebhookJson.Iso(delivery.ChangedAt)!, Name(delivery.State),
        delivery.State == DeliveryState.Waiting ? WebhookJson.Iso(delivery.DueAt) : null, [.. delivery.Attempts.Select(AttemptJson.Of)]);

    /// <summary>For operator keys: a receiver may give back what it was sent, scores and texts.</summary>
    public DeliveryJson WithoutAnswers() => this with { Attempts = [.. Attempts.Select(attempt => attempt with { Answer = null })] };

    public static string Name(DeliveryState state) => state switch
    {
        DeliveryState.Waiting => "waiting",
        DeliveryState.Delivered => "delivered",
        DeliveryState.Kept => "kept",
        _ => "dead",
    };
}

/// <summary>One request to a webhook.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="StartedAt">ISO 8601 in UTC.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Status">What the webhook answered; absent when it did not.</param>
/// <param name="Error">Why no answer came.</param>
/// <param name="Answer">The beginning of what it answered, if anything.</param>
internal sealed record AttemptJson(long Number, string StartedAt, long Milliseconds, int? Status, string? Error, string? Answer)
{
    public static AttemptJson Of(ShownDeliveryAttempt attempt) =>
        new(attempt.Number, WebhookJson.Iso(attempt.StartedAt)!, attempt.Took, attempt.Status, attempt.Error, attempt.Answer);
}

/// <param name="Replayed">So many wait to be sent again, so far.</param>
/// <param name="Done">Whether there are no more.</param>
internal sealed record ReplayProgressJson(long Replayed, bool Done);

/// <summary>What the routes for operators write.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WebhookJson))]
[JsonSerializable(typeof(WebhooksJson))]
[JsonSerializable(typeof(WebhookDeniedJson))]
[JsonSerializable(typeof(AttemptJson))]
[JsonSerializable(typeof(ReplayProgressJson))]
internal sealed partial class OperatorJson : JsonSerializerContext;
