using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>Goes through the conversations of a sender in the order in which they were heard of, in constant memory.</summary>
internal static class EachConversation
{
    /// <summary>A connection is held for so many rows, and no longer.</summary>
    public const int Piece = 5_000;

    /// <summary>The next piece of them, behind what <c>at</c> and <c>id</c> name.</summary>
    public const string Next = "from conversation c where c.sender_id = @sender and (c.created_at, c.id) > (@at, @id) order by c.created_at, c.id limit @most";

    /// <param name="store">The store.</param>
    /// <param name="sender">Whose conversations.</param>
    /// <param name="after">Those heard of at this time or later, Unix milliseconds.</param>
    /// <param name="goOn">Takes one, and says whether it wants more.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task ReadAsync(Store store, long sender, long after, Func<Conversation, bool> goOn, CancellationToken stop)
    {
        var (at, id) = (after, 0L);
        while (true)
        {
            var piece = await store.Main.ReadAsync(
                session => session.Sql($"select {Conversation.Columns} {Next}").Bind("sender", sender).Bind("at", at).Bind("id", id).Bind("most", (long)Piece).ListAsync(Conversation.Read, stop),
                stop);
            foreach (var one in piece)
            {
                if (!goOn(one)) return;
            }

            if (piece.Count < Piece) return;
            (at, id) = (piece[^1].CreatedAt, piece[^1].Id);
        }
    }
}
