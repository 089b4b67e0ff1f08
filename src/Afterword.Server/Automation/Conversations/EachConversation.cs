using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>Goes through the conversations of a sender in the order in which they were heard of, in constant memory.</summary>
internal static class EachConversation
{
    // A connection is held for so many rows, and no longer.
    private const int Piece = 5_000;

    /// <param name="store">The store.</param>
    /// <param name="sender">Whose conversations.</param>
    /// <param name="after">Those heard of at this time or later, Unix milliseconds.</param>
    /// <param name="withLanguages">Whether the customers' languages are looked up, for conversations that have none.</param>
    /// <param name="goOn">Takes one with its customer's language, and says whether it wants more. It may read the store.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task ReadAsync(Store store, long sender, long after, bool withLanguages, Func<Conversation, string?, ValueTask<bool>> goOn, CancellationToken stop)
    {
        var (at, id) = (after, 0L);
        while (true)
        {
            var piece = await store.Main.ReadAsync(
                session => session.Sql(withLanguages ? $"{Conversations}, {CustomersLanguage} {Next}" : $"{Conversations}, cast(null as text) {Next}")
                    .Bind("sender", sender).Bind("at", at).Bind("id", id).Bind("most", (long)Piece).ListAsync(row => (One: Conversation.Read(row), Language: row.TextOrNull(30)), stop),
                stop);
            foreach (var (one, language) in piece)
            {
                if (!await goOn(one, language)) return;
            }

            if (piece.Count < Piece) return;
            (at, id) = (piece[^1].One.CreatedAt, piece[^1].One.Id);
        }
    }

    private const string Conversations = $"select {Conversation.Columns}";
    private const string CustomersLanguage = "case when c.language is null then (select a.language from account a where a.id = c.recipient_id) end";
    private const string Next = "from conversation c where c.sender_id = @sender and (c.created_at, c.id) > (@at, @id) order by c.created_at, c.id limit @most";
}
