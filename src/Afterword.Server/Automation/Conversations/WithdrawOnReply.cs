using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>A customer writes to a sender again: what is scheduled is withdrawn by the transaction that stores the message.</summary>
internal static class WithdrawOnReply
{
    /// <summary>Finds what is scheduled between writers and those they write to, and holds it: it may be due just now.</summary>
    /// <remarks>These rows come before those of contacts, as with whoever asks, so that neither waits for the other in a circle.</remarks>
    public static Lookup Lookup(IReadOnlyList<(long Customer, long Sender)> pairs, Action<Scheduled> found) => new(
        """
        select c.sender_id, c.recipient_id, c.id from {rows}
        join conversation c on c.sender_id = item.sender_id and c.recipient_id = item.recipient_id
        where c.decision = 0
        order by c.sender_id, c.id for update of c
        """,
        Rows.Of(pairs).Long("sender_id", pair => pair.Sender).Long("recipient_id", pair => pair.Customer),
        row => found(new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2))));

    public static void Write(Session session, IReadOnlyList<Scheduled> withdrawn, long now) => session.Then(
        """
        update conversation set decision = item.decision, reason = item.reason, due_at = null, updated_at = item.now from {rows}
        where conversation.sender_id = item.sender_id and conversation.id = item.id
        """,
        Rows.Of(withdrawn).Long("sender_id", w => w.SenderId).Long("id", w => w.Id).Long("decision", _ => (long)Decision.Withdrawn).Long("reason", _ => (long)Reason.WrittenAgain).Long("now", _ => now));
}

/// <summary>A scheduled conversation.</summary>
internal readonly record struct Scheduled(long SenderId, long RecipientId, long Id);
