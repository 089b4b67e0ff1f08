using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Connectors.Definitions;

namespace Afterword.Server.Connectors.Deliveries;

/// <summary>An event on its way into a batch.</summary>
/// <param name="Key">Under which it is decided once.</param>
/// <param name="Mapped">What it means.</param>
/// <param name="Fields">What is kept of it.</param>
/// <param name="CardBase">The public address that a card's link is to begin with.</param>
/// <param name="Again">Whether it is decided anew, as an owner wants it, though it was decided before.</param>
internal sealed record IncomingDelivery(Connector Connector, EventKey Key, MappedEvent Mapped, DeliveryFields Fields, bool Test, string CardBase, bool Again = false)
{
    public long SenderId => Connector.Key.SenderId;

    public MappedEvent.ConversationEvent? Event => Mapped as MappedEvent.ConversationEvent;

    public string? ExternalId => Event?.Draft.ExternalId;

    public EventCustomer? Customer => Mapped.About;
}

/// <summary>Names an event: the hash of the id that the other side gave it, or else of all that it says.</summary>
/// <param name="OfContents">Whether it has no id: two that say the same may be two all the same.</param>
internal sealed record EventKey(byte[] Hash, bool OfContents)
{
    public static EventKey OfId(string id) => new(SHA256.HashData(Encoding.UTF8.GetBytes($"id {id}")), OfContents: false);

    public static EventKey OfBody(ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("body "u8);
        hash.AppendData(body);
        return new(hash.GetHashAndReset(), OfContents: true);
    }

    public string Text => Convert.ToHexStringLower(Hash);
}

/// <summary>What became of an event.</summary>
/// <param name="Decision">That of the conversation, or <c>ignored</c>.</param>
/// <param name="Reason">Why; null when nothing speaks against it.</param>
/// <param name="Detail">What is wrong with it, for people.</param>
/// <param name="DeletedUser">Which user the other side has deleted; null for every other event.</param>
/// <param name="Repeated">It was decided before, and nothing was decided now.</param>
internal sealed record DecidedEvent(string Decision, string? Reason, string? ExternalId = null, long? ConversationId = null, string? Detail = null, long? DeletedUser = null, bool Repeated = false)
{
    public const string Ignored = "ignored";
}
