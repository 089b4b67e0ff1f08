using System.Globalization;
using System.Text.Json;
using Afterword.Server.Connectors;
using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>What helpdesks said of a person: of their conversations, and in events that led to none.</summary>
/// <remarks>
/// Nothing leads from the person to the latter. They are looked for by what senders know the person by, in the fields that are kept, which is
/// for a week. One that only looks like it is emptied too: then nobody can see what it said, and it was decided long before.
/// </remarks>
internal static class HelpdeskEvents
{
    /// <summary>Looks through what is kept: no index leads into it, and this is done once in the life of a customer.</summary>
    public const string Find =
        """
        select e.sender_id, e.connector_id, e.event_key, e.external_id from connector_event e
        where e.fields is not null and (lower(e.fields) like @mail escape '\' or e.fields like @id)
        """;

    private const string FindByConversation =
        """
        select e.sender_id, e.connector_id, e.event_key, e.external_id from {rows} join connector k on k.sender_id = item.sender_id
        join connector_event e on e.sender_id = item.sender_id and e.connector_id = k.id and e.external_id = item.external_id
        """;

    private const string FindByRef =
        """
        select e.sender_id, e.connector_id, e.event_key, e.external_id from {rows} join connector k on k.sender_id = item.sender_id and (item.connector_id = 0 or k.id = item.connector_id)
        join connector_event e on e.sender_id = k.sender_id and e.connector_id = k.id
        where e.fields is not null and lower(e.fields) like item.pattern escape '\'
        """;

    // Nobody else's: those of someone who is known are found by them.
    private const long NobodyKnown = 0;

    /// <summary>Empties them, while references and names still say which they are.</summary>
    public static async Task EraseAsync(Session session, FoundPerson person, CancellationToken stop)
    {
        var found = await FindAsync(session, person, stop);
        await session.EachAsync(
            [
                new(
                    """
                    update connector_event set fields = null, external_id = null, detail = null from {rows}
                    where connector_event.sender_id = item.sender_id and connector_event.connector_id = item.connector_id and connector_event.event_key = item.event_key
                    """,
                    Rows.Of(found).Long("sender_id", e => e.SenderId).Long("connector_id", e => e.ConnectorId).Bytes("event_key", e => e.Key), null),
                new(
                    """
                    update conversation set external_id = item.instead, display_name = null, privacy_url = null, draw = null from {rows}
                    where conversation.sender_id = item.sender_id and conversation.external_id = item.external_id and conversation.recipient_id = item.recipient_id
                    """,
                    Rows.Of([.. found.Where(e => e.ExternalId is not null).DistinctBy(e => (e.SenderId, e.ExternalId))]).Long("sender_id", e => e.SenderId).Text("external_id", e => e.ExternalId)
                        .Long("recipient_id", _ => NobodyKnown).Text("instead", _ => $"erased-{Pseudonym.Random(16)}"), null),
            ],
            stop);
    }

    public static async Task<IReadOnlyList<FoundEvent>> FindAsync(Session session, FoundPerson person, CancellationToken stop)
    {
        var found = await session.Sql(Find).Bind("mail", person.Account?.Email is { } email ? $"%{Escaped(email)}%" : "")
            .Bind("id", string.Create(CultureInfo.InvariantCulture, $"%\"{person.UserId}\"%")).ListAsync(Read, stop);
        var names = await session.Sql("select sender_id, ref from customer_ref where user_id = @user").Bind("user", person.UserId)
            .ListAsync(row => (SenderId: row.GetInt64(0), Of: CustomerRef.Parts(row.GetString(1))), stop);
        await session.EachAsync(
            FindByRef,
            Rows.Of(names).Long("sender_id", one => one.SenderId).Long("connector_id", one => one.Of.Connector ?? 0).Text("pattern", one => $"%\"{Escaped(one.Of.Text)}\"%"),
            row => found.Add(Read(row)), stop);
        await session.EachAsync(
            FindByConversation, Rows.Of(person.Conversations.DistinctBy(c => (c.SenderId, c.ExternalId)).ToArray()).Long("sender_id", c => c.SenderId).Text("external_id", c => c.ExternalId),
            row => found.Add(Read(row)), stop);
        return [.. found.DistinctBy(one => (one.SenderId, one.ConnectorId, Convert.ToHexString(one.Key)))];
    }

    private static FoundEvent Read(Row row) => new(row.GetInt64(0), row.GetInt64(1), row.GetBytes(2), row.TextOrNull(3));

    /// <summary>A text for <c>like</c>, as it stands in the fields, in lower case.</summary>
    private static string Escaped(string text) => JsonEncodedText.Encode(text.ToLowerInvariant()).Value.ToLowerInvariant()
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal);
}

/// <summary>An event of a connector, by its key.</summary>
/// <param name="ExternalId">The conversation's; null when it led to none.</param>
internal readonly record struct FoundEvent(long SenderId, long ConnectorId, byte[] Key, string? ExternalId);
