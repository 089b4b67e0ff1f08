using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Storage;

namespace Afterword.Server.Connectors.Deliveries;

/// <summary>What a request to a connector's address came to.</summary>
internal abstract record ReceiveOutcome
{
    private ReceiveOutcome()
    {
    }

    /// <summary>It is not signed rightly.</summary>
    /// <param name="Why">What is wrong, for people; nothing of a secret.</param>
    internal sealed record Refused(string Why) : ReceiveOutcome;

    /// <summary>The other side wants to have this repeated, and tells of nothing.</summary>
    internal sealed record Challenged(string Challenge) : ReceiveOutcome;

    /// <summary>It is a list of more events than are taken at once; none of them was.</summary>
    internal sealed record TooMany : ReceiveOutcome;

    /// <param name="Events">One for each event of the delivery; none of an empty list.</param>
    internal sealed record Decided(IReadOnlyList<DecidedEvent> Events) : ReceiveOutcome;
}

/// <summary>Takes what a helpdesk sends: checks its signature, reads it by the connector's definition, and decides.</summary>
internal sealed class ReceiveDelivery(Store store, DecideEvents decide, TimeProvider clock)
{
    // Deeper than any helpdesk nests. A member that comes twice is no accident where people paste templates: a name with a quotation mark in it
    // would write the members after it anew, whose address and status the customer then chooses.
    private const int MostDepth = 32;
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = MostDepth, AllowDuplicateProperties = false };

    // Far more than any helpdesk sends. A document of them takes a few milliseconds; one of a MiB of brackets would take a hundred.
    private const int MostTokens = 50_000;

    private static readonly MappedEvent.Ignored s_noJson = new("no_json", "The body is no JSON, has more than 50,000 parts, or names a member twice. A quotation mark in a name does that, where a template puts the name in as it is.");

    // A signature holds for the body, and mostly not for the host that was called.
    private static readonly MappedEvent.Ignored s_noPublicUrl = new("no_public_url", "PublicUrl is not set, so the link to the card would begin with whatever host a delivery names. Have it set, and run the event again.");

    private static readonly byte[] s_mark = [0xEF, 0xBB, 0xBF];

    /// <summary>The most events of a delivery that is a list. HubSpot sends as many.</summary>
    public const int MostEvents = 100;

    /// <param name="connector">Whose address was called.</param>
    /// <param name="request">What was sent.</param>
    /// <param name="cardBase">The public address that a card's link is to begin with; null where only the delivery names one, so that nobody can be asked.</param>
    /// <param name="test">Marks it as a test.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<ReceiveOutcome> RunAsync(Connector connector, IncomingRequest request, string? cardBase, bool test, CancellationToken stop)
    {
        var (definition, now) = (connector.Definition, clock.GetUtcNow());
        var wrong = WrongWith(connector, request, now);

        // Before the secret can be entered here, some want to see their address answer; what they send is repeated to them alone.
        if (wrong is not null && connector.HasSecret) return new ReceiveOutcome.Refused(wrong);

        using var document = Parse(request.Body);
        var root = document?.RootElement ?? default;
        if (document is not null && ChallengeOf(definition, root, request) is { } challenge) return new ReceiveOutcome.Challenged(challenge);
        if (wrong is not null) return new ReceiveOutcome.Refused(wrong);

        if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > MostEvents) return new ReceiveOutcome.TooMany();

        var deliveries = document is null
            ? [new IncomingDelivery(connector, EventKey.OfBody(request.Body.Span), s_noJson, DeliveryFields.None, test, "")]
            : Events(root).Select((one, place) => Read(connector, one, place, root.ValueKind == JsonValueKind.Array, request, now, test, cardBase)).ToArray();

        return new ReceiveOutcome.Decided(await DecideAsync(deliveries, stop));
    }

    // Those of one conversation one after the other, since their order counts; all others together, in as few commits as can be.
    private async Task<DecidedEvent[]> DecideAsync(IncomingDelivery[] deliveries, CancellationToken stop)
    {
        var decided = new DecidedEvent[deliveries.Length];
        await Task.WhenAll(deliveries.Index().GroupBy(one => one.Item.ExternalId ?? string.Create(CultureInfo.InvariantCulture, $"\0{one.Index}")).Select(async conversation =>
        {
            foreach (var (place, delivery) in conversation) decided[place] = await decide.RunAsync(delivery, stop);
        }));
        return decided;
    }

    /// <summary>What a payload would become, and by which id it would be decided once, for those who try a definition out. Nothing is stored.</summary>
    public IReadOnlyList<(MappedEvent Mapped, string? EventId)> Try(Connector connector, Definition definition, IncomingRequest request)
    {
        using var document = Parse(request.Body);
        if (document is null) return [(s_noJson, null)];

        return
        [
            .. Events(document.RootElement).Select(one => FieldsOf(definition, one, request)).Select(fields => (fields is null ? (MappedEvent)s_noJson : MappedEvent.Of(connector, definition, fields, clock.GetUtcNow(), test: false), fields is null ? null : definition.EventId?.Text(fields))),
        ];
    }

    /// <summary>Sends the sample of the connector's kind through the whole path, as a test: it is signed, checked, mapped and decided, and asks nobody who is not named.</summary>
    /// <param name="connector">Which.</param>
    /// <param name="uri">Its address, as the other side would know it.</param>
    /// <param name="cardBase">The public address that a card's link is to begin with.</param>
    /// <param name="user">Who is to be asked instead of the sample's customer; null for nobody.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<ReceiveOutcome> TestAsync(Connector connector, string uri, string cardBase, long? user, CancellationToken stop)
    {
        var (preset, now, headers) = (connector.Preset, clock.GetUtcNow(), new Dictionary<string, string>(connector.Preset.SampleHeaders, StringComparer.OrdinalIgnoreCase));
        var request = new IncomingRequest("POST", uri, name => headers.GetValueOrDefault(name), Encoding.UTF8.GetBytes(preset.Sample));
        if (connector is { HasSecret: true, Definition.Signatures: [var scheme, ..] })
        {
            foreach (var (name, value) in scheme.Sign(request, Encoding.UTF8.GetString(store.Secrets.Unprotect(connector.SealedSecrets[0])), now)) headers[name] = value;
        }

        if (WrongWith(connector, request, now) is { } wrong) return new ReceiveOutcome.Refused(wrong);

        using var document = JsonDocument.Parse(request.Body, s_options);
        var fields = FieldsOf(connector.Definition, document.RootElement, request) ?? DeliveryFields.None;

        // A conversation of its own each time: the one before may have been asked about.
        var id = store.Ids.Next();
        var mapped = MappedEvent.Of(connector, connector.Definition, fields, now, test: true);
        if (mapped is MappedEvent.ConversationEvent conversationEvent)
        {
            mapped = conversationEvent with
            {
                Draft = conversationEvent.Draft with { ExternalId = string.Create(CultureInfo.InvariantCulture, $"test:{id}"), ClosedAt = null }, HappenedAt = null,
                Customer = user is null ? conversationEvent.Customer : conversationEvent.Customer with { UserId = user },
            };
        }

        var key = EventKey.OfId(string.Create(CultureInfo.InvariantCulture, $"test {id}"));
        return new ReceiveOutcome.Decided([await decide.RunAsync(new(connector, key, mapped, fields, Test: true, cardBase), stop)]);
    }

    /// <summary>Decides anew what was kept of an event, by the definition as it is now.</summary>
    public Task<DecidedEvent> AgainAsync(Connector connector, byte[] eventKey, DeliveryFields fields, bool test, string cardBase, CancellationToken stop) => decide.RunAsync(
        new(connector, new(eventKey, OfContents: false), MappedEvent.Of(connector, connector.Definition, fields, clock.GetUtcNow(), test), fields, test, cardBase, Again: true), stop);

    /// <summary>Why a request is not believed; null when it is.</summary>
    private string? WrongWith(Connector connector, IncomingRequest request, DateTimeOffset now)
    {
        var definition = connector.Definition;
        if (!definition.TakesSecret) return null;
        if (!connector.HasSecret) return definition.SignatureRequired ? "The connector has no secret yet." : null;

        var best = SignatureVerdict.Missing;
        foreach (var secret in connector.SealedSecrets.Select(store.Secrets.Unprotect).Select(Encoding.UTF8.GetString))
        {
            foreach (var scheme in definition.Signatures)
            {
                var verdict = scheme.Check(request, secret, now);
                if (verdict > best) best = verdict;
            }
        }

        return best switch
        {
            SignatureVerdict.Right => null,
            SignatureVerdict.OutOfTime => "The signature is right, and its time is more than five minutes away from this server's clock.",
            SignatureVerdict.Wrong => "The signature is wrong: it was made with another secret, or over something else.",
            _ => "The signature is missing.",
        };
    }

    private static IncomingDelivery Read(Connector connector, JsonElement json, int place, bool isOfList, IncomingRequest request, DateTimeOffset now, bool test, string? cardBase)
    {
        var definition = connector.Definition;
        if (FieldsOf(definition, json, request) is not { } fields)
        {
            return new(connector, EventKey.OfBody(request.Body.Span), s_noJson, DeliveryFields.None, test, "");
        }

        var mapped = MappedEvent.Of(connector, definition, fields, now, test);
        if (cardBase is null && mapped is MappedEvent.ConversationEvent { Action: EventAction.Close }) mapped = s_noPublicUrl;
        return new(connector, KeyOf(definition, fields, place, isOfList, request), mapped, fields, test, cardBase ?? "");
    }

    private static EventKey KeyOf(Definition definition, DeliveryFields fields, int place, bool isOfList, IncomingRequest request)
    {
        if (definition.EventId?.Text(fields) is { } id)
        {
            // An id out of a header names the list, not what is in it.
            var isOfHeader = definition.EventId.Alternatives.All(one => one.Template.Sources.All(source => source.Header is not null));
            return EventKey.OfId(isOfList && isOfHeader ? string.Create(CultureInfo.InvariantCulture, $"{id} {place}") : id);
        }

        if (!isOfList) return EventKey.OfBody(request.Body.Span);

        var whole = EventKey.OfBody(request.Body.Span);
        return whole with { Hash = SHA256.HashData([.. whole.Hash, .. BitConverter.GetBytes(place)]) };
    }

    private static string? ChallengeOf(Definition definition, JsonElement json, IncomingRequest request)
    {
        if (definition.Challenges.Count == 0 || FieldsOf(definition, json, request) is not { } fields) return null;

        return definition.Challenges.Select(challenge => challenge.Text(fields)).FirstOrDefault(text => text is not null);
    }

    private static DeliveryFields? FieldsOf(Definition definition, JsonElement json, IncomingRequest request)
    {
        try
        {
            return DeliveryFields.Read(definition.Sources, json, request);
        }
        catch (InvalidOperationException)
        {
            // A member whose name is half a surrogate pair: what stands beside it cannot be looked for.
            return null;
        }
    }

    private static IEnumerable<JsonElement> Events(JsonElement root) => root.ValueKind == JsonValueKind.Array ? root.EnumerateArray().Take(MostEvents) : [root];

    private static JsonDocument? Parse(ReadOnlyMemory<byte> body)
    {
        // .NET and PowerShell begin their files with a mark, and some their requests.
        var json = body.Span.StartsWith(s_mark) ? body[s_mark.Length..] : body;
        try
        {
            return HasFewTokens(json.Span) ? JsonDocument.Parse(json, s_options) : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Half a surrogate pair in a name is what the second stands for.
            return null;
        }
    }

    private static bool HasFewTokens(ReadOnlySpan<byte> json)
    {
        if (json.Length <= MostTokens) return true;

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MostDepth });
        for (var tokens = 0; tokens <= MostTokens; tokens++)
        {
            if (!reader.Read()) return true;
        }

        return false;
    }
}
