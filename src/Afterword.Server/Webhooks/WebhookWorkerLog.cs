namespace Afterword.Server.Webhooks;

/// <summary>What dispatching says. Hosts, never whole addresses: those may carry a token.</summary>
internal static partial class WebhookWorkerLog
{
    [LoggerMessage(EventId = 3101, Level = LogLevel.Error, Message = "A round of webhook dispatch failed; the next one comes soon.")]
    public static partial void RoundFailed(ILogger log, Exception error);

    [LoggerMessage(EventId = 3102, Level = LogLevel.Error, Message = "Delivering to webhook {Endpoint} broke off; it begins anew soon.")]
    public static partial void LaneFailed(ILogger log, Exception error, long endpoint);

    [LoggerMessage(EventId = 3103, Level = LogLevel.Warning, Message = "Webhook {Endpoint} at {Host} fails: {Reason}")]
    public static partial void EndpointFails(ILogger log, long endpoint, string host, string reason);

    [LoggerMessage(EventId = 3104, Level = LogLevel.Information, Message = "Webhook {Endpoint} at {Host} takes deliveries again.")]
    public static partial void EndpointRecovered(ILogger log, long endpoint, string host);

    [LoggerMessage(EventId = 3105, Level = LogLevel.Warning, Message = "Webhook {Endpoint} at {Host} was switched off. {Reason}")]
    public static partial void EndpointDisabled(ILogger log, long endpoint, string host, string reason);

    [LoggerMessage(EventId = 3106, Level = LogLevel.Warning, Message = "Delivery {Delivery} to webhook {Endpoint} is dead after {Attempts} attempts.")]
    public static partial void DeliveryDied(ILogger log, long delivery, long endpoint, long attempts);

    [LoggerMessage(EventId = 3107, Level = LogLevel.Warning, Message = "What became of delivery {Delivery} to webhook {Endpoint} was not noted: the lease {Fence} had passed to another node, which delivers it once more.")]
    public static partial void CompletionRefused(ILogger log, long delivery, long endpoint, long fence);
}
