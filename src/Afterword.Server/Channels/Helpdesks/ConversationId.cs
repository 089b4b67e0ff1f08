namespace Afterword.Server.Channels.Helpdesks;

/// <summary>A conversation at a helpdesk.</summary>
/// <remarks>
/// A request knows it by its <c>external_id</c>: <c>chatwoot:482</c>, as connectors write it. Where the sender has access to one helpdesk alone, the
/// number alone will do. It becomes part of an address, so it is digits and nothing else.
/// </remarks>
internal sealed record ConversationId(HelpdeskKind Kind, string Id)
{
    /// <param name="externalId">Of the request.</param>
    /// <param name="known">The helpdesks of the sender.</param>
    /// <returns>The conversation; null when the text names none.</returns>
    public static ConversationId? Find(string? externalId, IReadOnlyList<HelpdeskKind> known)
    {
        if (externalId is null) return null;

        var colon = externalId.IndexOf(':', StringComparison.Ordinal);
        var (kind, id) = colon < 0 ? (known is [var only] ? (HelpdeskKind?)only : null, externalId) : (HelpdeskKinds.Find(externalId[..colon]), externalId[(colon + 1)..]);
        return kind is { } found && Helpdesk.IsNumber(id) ? new(found, id) : null;
    }
}
