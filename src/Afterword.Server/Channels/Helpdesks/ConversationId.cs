namespace Afterword.Server.Channels.Helpdesks;

/// <summary>A conversation at a helpdesk.</summary>
/// <remarks>
/// A request knows it by its <c>external_id</c>: <c>chatwoot:482</c>, as connectors write it. A number alone names none: programs have sent
/// numbers of their own all along. It becomes part of an address, so it is digits and nothing else.
/// </remarks>
internal sealed record ConversationId(HelpdeskKind Kind, string Id)
{
    /// <param name="externalId">Of the request.</param>
    /// <returns>The conversation; null when the text names none.</returns>
    public static ConversationId? Find(string? externalId) =>
        externalId?.Split(':') is [var kind, var id] && HelpdeskKinds.Find(kind) is { } found && Helpdesk.IsNumber(id) ? new(found, id) : null;
}
