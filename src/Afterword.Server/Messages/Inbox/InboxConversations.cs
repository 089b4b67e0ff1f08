using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages.Inbox;

/// <summary>With whom a user has exchanged messages in the days they are kept, newest first.</summary>
/// <remarks>
/// No table is kept of it, so that asking costs no write more. The user's messages are walked back by their two indexes, and
/// the first one met of each conversation is its newest. On later pages the contacts tell whether that is so: they hold when
/// either side wrote last (docs/decisions/0012-inbox.md).
/// </remarks>
internal sealed class InboxConversations(Store store, Settings settings, TimeProvider clock)
{
    private const int PageSize = 30;

    // A range of the walk, and where it ends for one page, however long a single conversation is.
    private const int Stride = 200;
    private const int MostWalked = 5_000;

    [StringSyntax("sql")]
    private const string Walk =
        """
        select sender_id, id, recipient_id, created_at from (
            select * from (
                select sender_id, id, recipient_id, created_at from message
                where sender_id = @user and id < @before and id >= @oldest
                order by id desc limit @limit) as sent
            union all
            select * from (
                select sender_id, id, recipient_id, created_at from message
                where recipient_id = @user and id < @before and id >= @oldest
                order by id desc limit @limit) as received) as both_ways
        order by id desc limit @limit
        """;

    [StringSyntax("sql")]
    private const string NewestShown =
        """
        select sender_id, id from (
            select * from (
                select sender_id, id from message
                where sender_id = @user and id < @before and id > @after and recipient_id = @peer and (hidden & 1) = 0
                order by id desc limit 1) as sent
            union all
            select * from (
                select sender_id, id from message
                where recipient_id = @user and id < @before and id > @after and sender_id = @peer and (hidden & 2) = 0
                order by id desc limit 1) as received) as both_ways
        order by id desc limit 1
        """;

    /// <param name="user">Whose list.</param>
    /// <param name="before">Where it begins: messages with lower ids; <see cref="long.MaxValue"/> for the newest.</param>
    /// <param name="stop">Gives up.</param>
    public Task<InboxConversationPage> ListAsync(long user, long before, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var (steps, next) = await WalkAsync(session, user, before, stop);
            var cards = await OpenCards.SendersAsync(session, user, clock.GetUtcNow() - settings.CardLifetime, stop);
            var texts = await MessagesAsync(session, user, steps, stop);
            var unread = new HashSet<long>();
            foreach (var step in steps) if (await IsUnreadAsync(session, user, step, texts[step.Id].Text.Length == 0, stop)) unread.Add(step.Id);

            return new InboxConversationPage([.. steps.Select(step => new InboxConversation(
                step.Peer!.ScreenName, step.Peer.Name, texts[step.Id], unread.Contains(step.Id), cards.Contains(step.PeerOf(user))))], next);
        },
        stop);

    /// <summary>Gives the newest message of each conversation that is not on an earlier page.</summary>
    private async Task<(List<Step> Steps, long? Next)> WalkAsync(Session session, long user, long before, CancellationToken stop)
    {
        var oldest = Snowflakes.FirstOf(clock.GetUtcNow() - Mailbox.Kept);
        var (met, found) = (new HashSet<long>(), new List<Step>());
        var edge = before;
        for (var walked = 0; walked < MostWalked; walked += Stride)
        {
            var steps = await session.Sql(Walk).Bind("user", user).Bind("before", edge).Bind("oldest", oldest).Bind("limit", (long)Stride)
                .ListAsync(row => new Step(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), stop);
            var fresh = steps.Where(step => met.Add(step.PeerOf(user))).ToArray();
            await MeetAsync(session, user, fresh, stop);
            found.AddRange(fresh.Where(step => step.Peer is not null && (before == long.MaxValue || step.CreatedAt >= step.Peer.ActiveAt)));
            if (found.Count > PageSize) return (found[..PageSize], found[PageSize - 1].Id);
            if (steps.Count < Stride) return (found, null);

            edge = steps[^1].Id;
        }

        return (found, edge);
    }

    private static Task MeetAsync(Session session, long user, Step[] steps, CancellationToken stop) => session.EachAsync(
        """
        select item.place, a.screen_name, a.name, r.read_up_to, mine.prompted_at, mine.wrote_at, theirs.prompted_at, theirs.wrote_at
        from {rows} join account a on a.id = item.peer
        left join contact mine on mine.sender_id = a.id and mine.user_id = item.viewer
        left join contact theirs on theirs.sender_id = item.viewer and theirs.user_id = a.id
        left join reading r on r.user_id = item.viewer and r.peer_id = a.id
        """,
        Rows.Of(steps).Place().Long("viewer", _ => user).Long("peer", step => step.PeerOf(user)),
        row => steps[row.GetInt64(0)].Peer = new(
            row.GetString(1), row.GetString(2), row.LongOrNull(3) ?? 0,
            Enumerable.Range(4, 4).Max(column => row.LongOrNull(column) ?? 0)),
        stop);

    /// <summary>Whether the newest message that the user has not taken out of the list is the other one's, and was not seen.</summary>
    private async Task<bool> IsUnreadAsync(Session session, long user, Step step, bool isHidden, CancellationToken stop)
    {
        if (step.Id <= step.Peer!.ReadUpTo) return false;
        if (!isHidden) return step.SenderId != user;

        return await session.Sql(NewestShown).Bind("user", user).Bind("peer", step.PeerOf(user)).Bind("before", step.Id)
            .Bind("after", Math.Max(step.Peer.ReadUpTo, Snowflakes.FirstOf(clock.GetUtcNow() - Mailbox.Kept) - 1)).FirstAsync(row => row.GetInt64(0) != user, stop);
    }

    private static async Task<Dictionary<long, Message>> MessagesAsync(Session session, long user, List<Step> steps, CancellationToken stop)
    {
        var messages = new Dictionary<long, Message>();
        await session.EachAsync(
            $$"""
            select {{Message.ColumnsOfM}}, m.hidden from {rows} join message m on m.sender_id = item.sender and m.id = item.message
            """,
            Rows.Of(steps).Long("sender", step => step.SenderId).Long("message", step => step.Id),
            row =>
            {
                // A conversation keeps its place when its newest message is taken out of the list: a card may wait in it.
                var message = Message.Read(row);
                messages[message.Id] = HideMessage.IsHidden(row.GetInt64(6), message.SenderId, user) ? message with { Text = "" } : message;
            },
            stop);
        return messages;
    }

    /// <summary>A message met on the walk, and whom it was exchanged with.</summary>
    private sealed record Step(long SenderId, long Id, long RecipientId, long CreatedAt)
    {
        public Peer? Peer { get; set; }

        public long PeerOf(long user) => SenderId == user ? RecipientId : SenderId;
    }

    /// <param name="ActiveAt">When either side wrote or asked last, Unix milliseconds.</param>
    private sealed record Peer(string ScreenName, string Name, long ReadUpTo, long ActiveAt);
}
