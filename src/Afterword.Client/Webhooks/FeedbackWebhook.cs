using Afterword.Client.Wire;

namespace Afterword.Client.Webhooks;

/// <summary>An event whose signature has been verified. There is no other way to get one than by <see cref="WebhookVerifier.Verify"/> and by a <see cref="WebhookPoller"/>.</summary>
public sealed record FeedbackWebhook
{
    internal FeedbackWebhook(string id, DateTimeOffset sentAt, FeedbackEventJson change)
    {
        Id = id;
        SentAt = sentAt;
        Event = change;
    }

    /// <summary>The event's id, the same on every attempt to deliver it: remember it, and handle each only once.</summary>
    public string Id { get; }

    /// <summary>When this attempt was made, in whole seconds. <c>Event.CreatedAt</c> is when the event happened.</summary>
    public DateTimeOffset SentAt { get; }

    /// <summary>What happened, with the feedback as of that moment.</summary>
    public FeedbackEventJson Event { get; }
}
