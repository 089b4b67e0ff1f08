using System.Text.Json;
using System.Text.Json.Nodes;

namespace Afterword.Server.Webhooks.Pages;

/// <summary>An endpoint as the console shows it.</summary>
/// <param name="DisabledReason">Why nothing is sent; null while it is switched on.</param>
/// <param name="Url">Where events are posted to, or that they are fetched.</param>
/// <param name="SucceededAt">When it last took something over, or was polled, Unix milliseconds.</param>
/// <param name="FailingSince">The first failure since then.</param>
/// <param name="Waiting">Deliveries that are yet to be made.</param>
/// <param name="Dead">Deliveries that were given up.</param>
/// <param name="HasAlerts">Whether it gets alerts besides the events.</param>
/// <param name="IsApproved">False while it waits for someone to approve it, and gets nothing.</param>
/// <param name="AwaitsOperator">Whether an operator approves it; else an owner.</param>
/// <param name="Chat">The program in whose channel people read what it is told; null where programs do.</param>
/// <param name="IsPolled">Whether its receiver fetches the events: nothing is sent to it.</param>
public sealed record WebhookView(
    long Id, string Url, bool HasBasic, string? DisabledReason, long AddedAt, long? SucceededAt, long? FailingSince, long Waiting, long Dead, bool HasAlerts, bool IsApproved, bool AwaitsOperator, bool IsPolled, string? Chat)
{
    internal static WebhookView Of(ListedEndpoint listed) => new(
        listed.Endpoint.Key.Id, listed.Endpoint.ShownAddress ?? "Polled by its receiver", listed.Endpoint.HasBasic, listed.Endpoint.DisabledAt is null ? null : listed.Endpoint.DisabledReason ?? "Switched off.",
        listed.Endpoint.AddedAt, listed.Endpoint.SucceededAt, listed.Endpoint.FailingSince, listed.Waiting, listed.Dead, listed.Endpoint.HasAlerts, listed.Endpoint.IsApproved, listed.Endpoint.AwaitsOperator,
        listed.Endpoint.IsPolled, listed.Endpoint.Format.Product);
}

/// <summary>What someone has just done to an endpoint came to this.</summary>
/// <param name="Kind"><c>good</c>, <c>warn</c> or <c>bad</c>.</param>
/// <param name="Text">What happened.</param>
/// <param name="Secret">A new secret, which is shown now and never again.</param>
/// <param name="Attempt">What the endpoint answered to a test.</param>
public sealed record WebhookNotice(string Kind, string Text, string? Secret = null, ShownDeliveryAttempt? Attempt = null);

/// <summary>The days whose events an owner may send again, before it is done.</summary>
/// <param name="From">As forms have it.</param>
/// <param name="To">Included.</param>
/// <param name="DeadOnly">Leaves out what was delivered and what waits.</param>
/// <param name="Count">How many events it would send.</param>
public sealed record ReplayView(string From, string To, bool DeadOnly, long Count);

internal static class Indented
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>JSON for people to read. It is text on a page, where everything that HTML gives a meaning is escaped.</summary>
    public static string Of(string json) => JsonNode.Parse(json)!.ToJsonString(s_indented);
}
