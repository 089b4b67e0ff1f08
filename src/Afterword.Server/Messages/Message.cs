using System.Globalization;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages;

/// <summary>A direct message as it is stored.</summary>
/// <param name="PromptId">The request for feedback that it carries, if it carries one.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
internal sealed record Message(long SenderId, long Id, long RecipientId, long? PromptId, string Text, long CreatedAt)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order.</summary>
    public const string Columns = "sender_id, id, recipient_id, prompt_id, body, created_at";

    /// <summary>The same of a table called <c>m</c>.</summary>
    public const string ColumnsOfM = "m.sender_id, m.id, m.recipient_id, m.prompt_id, m.body, m.created_at";

    /// <param name="row">A row that begins with <see cref="Columns"/>.</param>
    public static Message Read(Row row) =>
        new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.LongOrNull(3), row.GetString(4), row.GetInt64(5));

    /// <summary>Stores messages, and rings for both of their users once they are durable.</summary>
    public static void Write(Session session, Store store, IReadOnlyList<Message> messages)
    {
        session.Then(
            $$"""
            insert into message ({{Columns}})
            select {{Columns}} from {rows}
            """,
            Rows.Of(messages).Long("sender_id", m => m.SenderId).Long("id", m => m.Id).Long("recipient_id", m => m.RecipientId)
                .LongOrNull("prompt_id", m => m.PromptId).Text("body", m => m.Text).Long("created_at", m => m.CreatedAt));
        session.OnCommit(() =>
        {
            foreach (var message in messages)
            {
                store.InboxNotifier.Notify(message.RecipientId, message.SenderId);
                if (message.PromptId is not null) store.MetricsNotifier.Notify(message.SenderId, message.RecipientId);
            }
        });
    }

    public MessageEventJson ToWire() => new(
        "message_create", Decimal(Id), Decimal(CreatedAt),
        new(new(Decimal(RecipientId)), Decimal(SenderId), new(Text, MessageEntitiesJson.None)));

    private static string Decimal(long number) => number.ToString(CultureInfo.InvariantCulture);
}
