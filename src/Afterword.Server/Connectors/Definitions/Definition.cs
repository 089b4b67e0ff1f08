namespace Afterword.Server.Connectors.Definitions;

/// <summary>How a connector understands what comes: how it is signed, what means that a conversation has ended, and where everything stands.</summary>
/// <param name="Signatures">Any one of them will do. None: the address is the only secret.</param>
/// <param name="SignatureRequired">Whether nothing is taken before the connector has a secret. With a secret, nothing is taken without a signature in any case.</param>
/// <param name="EventId">Names an event; where it has no value, its contents do.</param>
/// <param name="Challenges">What the other side wants to have repeated before it sends anything.</param>
/// <param name="Shapes">The first that fits an event counts.</param>
internal sealed record Definition(
    IReadOnlyList<SignatureScheme> Signatures, bool SignatureRequired, FieldValue? EventId, IReadOnlyList<FieldValue> Challenges, IReadOnlyList<EventShape> Shapes)
{
    /// <summary>All that is looked at, and that is kept of a delivery.</summary>
    public IReadOnlyList<Source> Sources { get; } =
    [
        .. (EventId?.Sources ?? []).Concat(Challenges.SelectMany(challenge => challenge.Sources)).Concat(Shapes.SelectMany(shape => shape.Sources)).DistinctBy(source => source.Key),
    ];

    /// <summary>Whether there is anything to sign with.</summary>
    public bool TakesSecret => Signatures.Count > 0;
}

/// <summary>One kind of event of the other side.</summary>
/// <param name="ClosedWhen">All hold of one that tells of an end; empty: none does.</param>
/// <param name="ReopenedWhen">All hold of one that tells that a conversation goes on.</param>
/// <param name="DeletedWhen">All hold of one that tells that the other side has deleted a customer.</param>
/// <param name="Map">Where each field comes from, by <see cref="MappedFields"/>.</param>
internal sealed record EventShape(
    IReadOnlyList<Condition> ClosedWhen, IReadOnlyList<Condition> ReopenedWhen, IReadOnlyList<Condition> DeletedWhen, IReadOnlyDictionary<string, FieldValue> Map)
{
    public IEnumerable<Source> Sources => ClosedWhen.Concat(ReopenedWhen).Concat(DeletedWhen).Select(condition => condition.Source).Concat(Map.Values.SelectMany(value => value.Sources));

    public bool IsClose(DeliveryFields fields) => ClosedWhen.Count > 0 && ClosedWhen.All(condition => condition.Fits(fields));

    public bool IsReopening(DeliveryFields fields) => ReopenedWhen.Count > 0 && ReopenedWhen.All(condition => condition.Fits(fields));

    public bool IsDeletion(DeliveryFields fields) => DeletedWhen.Count > 0 && DeletedWhen.All(condition => condition.Fits(fields));
}

/// <summary>What a mapping can fill in.</summary>
internal static class MappedFields
{
    public const string ExternalId = "external_id";
    public const string UserId = "to_user_id";
    public const string Ref = "ref";
    public const string Contact = "contact";
    public const string Email = "mail";
    public const string Name = "name";
    public const string Tags = "tags";
    public const string ClosedAt = "closed_at";
    public const string Language = "language";

    public static readonly IReadOnlyList<string> All =
    [
        ExternalId, UserId, Ref, Contact, Email, Name, "agent", "team", Tags, Language, ClosedAt, "messages", "agent_messages", "display_name", "privacy_url", "test",
    ];
}
