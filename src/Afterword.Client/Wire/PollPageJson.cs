using System.Text.Json.Serialization;

namespace Afterword.Client.Wire;

/// <summary>One event for a webhook that is polled: what would be posted to it, if it had an address.</summary>
/// <param name="Cursor">The place behind this event: with it as <c>after</c>, the next one comes first. Opaque.</param>
/// <param name="WebhookId">The header <c>webhook-id</c>: the event's id, the same each time it is fetched.</param>
/// <param name="WebhookTimestamp">The header <c>webhook-timestamp</c>: when it was fetched, in seconds since 1970.</param>
/// <param name="WebhookSignature">The header <c>webhook-signature</c>, over the two above and the body.</param>
/// <param name="Body">The body, byte for byte: a <see cref="FeedbackEventJson"/>, with the feedback as of the event.</param>
public sealed record PolledEventJson(
    [property: JsonRequired] string Cursor,
    [property: JsonRequired] string WebhookId,
    [property: JsonRequired] string WebhookTimestamp,
    [property: JsonRequired] string WebhookSignature,
    [property: JsonRequired] string Body);

/// <summary>Events of a webhook that is polled, in the order in which they happened.</summary>
/// <param name="Events">None when nothing has happened since.</param>
/// <param name="Next">The next <c>after</c>: the place behind the last event, or, without one, where it began.</param>
/// <param name="More">Whether there were more events than are here.</param>
public sealed record PollPageJson(
    [property: JsonRequired] IReadOnlyList<PolledEventJson> Events,
    [property: JsonRequired] string Next,
    [property: JsonRequired] bool More);
