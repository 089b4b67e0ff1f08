using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Connectors.Deliveries;

namespace Afterword.Server.Connectors.Pages;

/// <summary>A kind of connector, as it is offered.</summary>
public sealed record KindView(string Kind, string Title);

/// <summary>A connector as the console shows it.</summary>
/// <param name="Beginning">How its address begins; nothing of it is secret.</param>
/// <param name="HasSecret">Whether deliveries must be signed.</param>
/// <param name="TakesSecret">Whether deliveries can be signed at all.</param>
/// <param name="WaitsForSecret">Whether nothing is taken before a secret is entered.</param>
/// <param name="MakesSecret">Whether the secret is one of ours.</param>
/// <param name="LastAt">When an event last came, Unix milliseconds.</param>
/// <param name="Refused">How many requests were not signed rightly.</param>
public sealed record ConnectorView(
    long Id, string Kind, string Title, string Name, string Beginning, bool HasSecret, bool TakesSecret, bool WaitsForSecret, bool MakesSecret, string Mapping, bool HasOwnMapping, bool CreatesUsers,
    long AddedAt, long? LastAt, long Refused, long? RefusedAt, string? RefusedWhy, IReadOnlyList<string> Steps, string? Template)
{
    internal static ConnectorView Of(Connector connector, long? lastAt) => new(
        connector.Key.Id, connector.Kind, connector.Preset.Title, connector.Name, ConnectorAddress.BeginningOf(connector.Key.SenderId, connector.Key.Id), connector.IsSigned,
        connector.Definition.TakesSecret, connector.Definition is { TakesSecret: true, SignatureRequired: true } && !connector.HasSecret, connector.Preset.Origin != SecretOrigin.Theirs,
        connector.Mapping ?? connector.Preset.Text, connector.Mapping is not null, connector.CreatesUsers, connector.AddedAt, lastAt, connector.Refused, connector.RefusedAt, connector.RefusedWhy,
        connector.Preset.Steps, connector.Preset.Template);
}

/// <summary>An event as the console shows it.</summary>
/// <param name="Decision">With its reason.</param>
/// <param name="Now">What has become of the conversation since, where that is something else.</param>
/// <param name="Fields">What is kept of it; empty when its time has ended.</param>
/// <param name="CanBeDecidedAgain">Whether anything is kept that could be.</param>
/// <param name="CanBeNamed">Whether nobody knows its customer, and it says something by which to know the customer from now on.</param>
public sealed record ConnectorEventView(
    long Id, long ReceivedAt, long Times, bool Test, string? ExternalId, string Decision, string Tone, string? Detail, string? Now, IReadOnlyList<(string Place, string Text)> Fields, bool CanBeDecidedAgain,
    bool CanBeNamed)
{
    internal static ConnectorEventView Of(ShownEvent shown, Connector connector, DateTimeOffset at) => new(
        shown.Id, shown.ReceivedAt, shown.Times, shown.Test, shown.ExternalId, Describe(shown.Decision, shown.Reason), ToneOf(shown.Decision), shown.Detail,
        shown.Now is { } now && now != Describe(shown.Decision, shown.Reason) ? now : null, [.. shown.Fields?.Shown ?? []], shown.Fields is not null, shown is { Reason: "recipient_unknown", Fields: { } fields }
            && MappedEvent.Of(connector, connector.Definition, fields, at, shown.Test) is MappedEvent.ConversationEvent { Customer: var customer } && CustomerRef.Of(connector.Key, customer) is not null);

    internal static string Describe(string decision, string? reason) => reason is null ? decision : $"{decision}: {reason}";

    private static string ToneOf(string decision) => decision switch
    {
        "scheduled" or "asked" => "good",
        "failed" => "bad",
        DecidedEvent.Ignored => "",
        _ => "warn",
    };
}

/// <summary>What a payload would become.</summary>
/// <param name="Told">In one line.</param>
/// <param name="Facts">What was found in it.</param>
public sealed record TriedEvent(string Told, IReadOnlyList<(string Name, string Value)> Facts)
{
    internal static TriedEvent Of(MappedEvent mapped, string? eventId)
    {
        if (mapped is MappedEvent.Ignored(var reason, var detail)) return new($"is ignored: {reason}{(detail is null ? "" : $" ({detail})")}", []);

        if (mapped is MappedEvent.Deleted { Customer: var gone }) return new("tells that the customer was deleted", FactsOf(gone, [("event_id", eventId)]));

        var conversationEvent = (MappedEvent.ConversationEvent)mapped;
        var (draft, customer) = (conversationEvent.Draft, conversationEvent.Customer);
        return new(conversationEvent.Action == EventAction.Close ? "closes the conversation" : "reopens the conversation", FactsOf(
            customer,
            [
                ("event_id", eventId ?? "none: what the event says counts"), ("external_id", draft.ExternalId), ("agent", draft.Agent), ("team", draft.Team), ("tags", draft.Tags?.ToString()), ("language", draft.Language),
                ("closed_at", draft.ClosedAt is { } at ? Console.ConsoleTimes.Machine(at) : null), ("messages", Text(draft.Messages)), ("agent_messages", Text(draft.AgentMessages)),
                ("display_name", draft.DisplayName), ("privacy_url", draft.PrivacyUrl), ("test", draft.Test ? "true" : null),
            ]));
    }

    private static (string Name, string Value)[] FactsOf(EventCustomer customer, (string Name, string? Value)[] more)
    {
        (string Name, string? Value)[] who =
        [
            ("to_user_id", customer.UserId?.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("ref", customer.Ref), ("contact", customer.Contact), ("mail", customer.Email?.Value), ("name", customer.Name),
        ];
        return [.. more.Take(2).Concat(who).Concat(more.Skip(2)).Where(fact => fact.Value is not null).Select(fact => (fact.Name, fact.Value!))];
    }

    private static string? Text(int? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>What someone has just done to a connector came to this.</summary>
/// <param name="Kind"><c>good</c>, <c>warn</c> or <c>bad</c>.</param>
/// <param name="Text">What happened.</param>
/// <param name="Address">A new address, which is shown now and never again.</param>
/// <param name="Secret">A new secret, likewise.</param>
/// <param name="Problems">What is wrong with a mapping.</param>
public sealed record ConnectorNotice(string Kind, string Text, string? Address = null, string? Secret = null, IReadOnlyList<string>? Problems = null);
