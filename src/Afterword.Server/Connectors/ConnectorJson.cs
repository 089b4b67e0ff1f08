using System.Text.Json.Serialization;
using Afterword.Server.Connectors.Deliveries;

namespace Afterword.Server.Connectors;

/// <summary>What was decided on a delivery.</summary>
/// <param name="Decision">That of the conversation, such as <c>scheduled</c> or <c>skipped</c>; <c>ignored</c> where the delivery tells of no end.</param>
/// <param name="Reason">Why; absent when nothing speaks against it.</param>
/// <param name="ExternalId">The conversation, as rules and lists know it.</param>
/// <param name="Repeated">Whether it was decided before.</param>
/// <param name="Events">Each event of a delivery that is a list of several.</param>
internal sealed record DeliveryDecisionJson(string Decision, string? Reason, string? ExternalId, bool Repeated, IReadOnlyList<DeliveryDecisionJson>? Events)
{
    /// <summary>Of several the first that was not ignored.</summary>
    public static DeliveryDecisionJson Of(IReadOnlyList<DecidedEvent> events) => events switch
    {
        [] => new(DecidedEvent.Ignored, "empty", null, Repeated: false, null),
        [var only] => Of(only),
        _ => Of(events.FirstOrDefault(one => one.Decision != DecidedEvent.Ignored) ?? events[0]) with { Events = [.. events.Select(one => Of(one))] },
    };

    private static DeliveryDecisionJson Of(DecidedEvent one) => new(one.Decision, one.Reason, one.ExternalId, one.Repeated, null);
}

/// <summary>What the other side wanted to have repeated.</summary>
/// <param name="Challenge">As it came.</param>
internal sealed record ChallengeJson(string Challenge);

/// <summary>Why a delivery was not taken.</summary>
/// <param name="Error">For people.</param>
internal sealed record DeliveryRefusedJson(string Error);

/// <summary>That the address is one.</summary>
/// <param name="Ready">Always true.</param>
internal sealed record ConnectorReadyJson(bool Ready);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeliveryDecisionJson))]
[JsonSerializable(typeof(ChallengeJson))]
[JsonSerializable(typeof(DeliveryRefusedJson))]
[JsonSerializable(typeof(ConnectorReadyJson))]
internal sealed partial class ConnectorsJson : JsonSerializerContext;
