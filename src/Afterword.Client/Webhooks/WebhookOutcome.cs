namespace Afterword.Client.Webhooks;

/// <summary>What became of a request that says it is a webhook. A refusal is an ordinary outcome, not an exception.</summary>
public abstract record WebhookOutcome
{
    private WebhookOutcome()
    {
    }

    /// <summary>The sender holds the secret, has just sent this, and it is an event.</summary>
    /// <param name="Webhook">The event and its id.</param>
    public sealed record Accepted(FeedbackWebhook Webhook) : WebhookOutcome;

    /// <summary>The request is not to be believed, or cannot be read.</summary>
    /// <param name="Reason">For a program.</param>
    /// <param name="Message">For a person: one sentence. It repeats nothing of the request and no secret.</param>
    public sealed record Refused(WebhookRefusal Reason, string Message) : WebhookOutcome;
}

/// <summary>Why a webhook was refused. The checks are made in this order.</summary>
public enum WebhookRefusal
{
    /// <summary>One of the headers <c>webhook-id</c>, <c>webhook-timestamp</c>, <c>webhook-signature</c> is missing or empty.</summary>
    MissingHeader,

    /// <summary><c>webhook-timestamp</c> is not a number of seconds since 1970.</summary>
    InvalidTimestamp,

    /// <summary>It was sent more than five minutes ago: a recorded request, or one of two clocks is wrong.</summary>
    TooOld,

    /// <summary>It was sent more than five minutes from now: one of two clocks is wrong.</summary>
    TooNew,

    /// <summary>No <c>v1</c> signature is that of a known secret over these very bytes.</summary>
    NoMatchingSignature,

    /// <summary>The signature is right, and the body is not the JSON of an event.</summary>
    NotAnEvent,
}
