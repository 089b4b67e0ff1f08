using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Answers;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages.Inbox;

/// <summary>A range of a conversation.</summary>
/// <param name="Messages">Oldest first, without those that the user took out of the list.</param>
/// <param name="Earlier">Messages below this id come before; null when there are none.</param>
/// <param name="Cards">The other one's requests that wait for an answer, newest first.</param>
/// <param name="Asked">The other one's request is in this range, even if its message was taken out of the list.</param>
/// <param name="OptedOut">The other one may not ask the user any more.</param>
internal sealed record ThreadMessages(IReadOnlyList<Message> Messages, long? Earlier, IReadOnlyList<Card> Cards, bool Asked, bool OptedOut);

/// <summary>Reads what a user and another wrote to each other, and notes how far it was read.</summary>
internal sealed class ReadThread(Store store, Settings settings, TimeProvider clock)
{
    private const int PageSize = 50;

    /// <summary>The user's own messages first, by key alone, whatever the planner knows of the other one: a shop has a million of them.</summary>
    [StringSyntax("sql")]
    private const string Between =
        $"""
        with mine as materialized (
            select sender_id, id, recipient_id from message where sender_id = @user and id < @before and id >= @oldest
            union all
            select sender_id, id, recipient_id from message where recipient_id = @user and id < @before and id >= @oldest)
        select {Message.ColumnsOfM}, m.hidden
        from (select sender_id, id from mine where sender_id = @peer or recipient_id = @peer order by id desc limit @limit) as newest
        join message m on m.sender_id = newest.sender_id and m.id = newest.id
        order by m.id desc
        """;

    /// <param name="user">Whose inbox.</param>
    /// <param name="peer">The other one.</param>
    /// <param name="before">Only messages with lower ids; <see cref="long.MaxValue"/> for the newest.</param>
    /// <param name="stop">Gives up.</param>
    public Task<ThreadMessages> RunAsync(long user, long peer, long before, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var now = clock.GetUtcNow();
            var messages = await session.Sql(Between)
                .Bind("user", user).Bind("peer", peer).Bind("before", before).Bind("oldest", Snowflakes.FirstOf(now - Mailbox.Kept)).Bind("limit", PageSize + 1L)
                .ListAsync(row => (Message: Message.Read(row), IsHidden: HideMessage.IsHidden(row.GetInt64(6), row.GetInt64(0), user)), stop);
            var more = messages.Count > PageSize;
            if (more) messages.RemoveAt(PageSize);

            messages.Reverse();
            var cards = await OpenCards.OfAsync(session, user, peer, now - settings.CardLifetime, stop);
            var optedOut = await session.Sql("select 1 from contact where sender_id = @peer and user_id = @user and opted_out_at is not null")
                .Bind("peer", peer).Bind("user", user).FirstAsync(_ => true, stop);
            return new ThreadMessages([.. messages.Where(one => !one.IsHidden).Select(one => one.Message)], more ? messages[0].Message.Id : null, cards,
                messages.Exists(one => one.Message.PromptId is not null && one.Message.SenderId == peer), optedOut);
        },
        stop);

    /// <summary>Notes that the user has seen everything up to a message; the user's other windows hear of it.</summary>
    public async Task NoteAsync(long user, long peer, long upTo, CancellationToken stop)
    {
        var known = await store.Main.ReadAsync(
            session => session.Sql("select read_up_to from reading where user_id = @user and peer_id = @peer")
                .Bind("user", user).Bind("peer", peer).FirstAsync(row => row.GetInt64(0), stop),
            stop);

        // A page is looked at more often than something new is on it.
        if (known >= upTo) return;

        await store.Main.WriteAsync(
            session =>
            {
                session.OnCommit(() => store.InboxNotifier.Notify(user, user));
                return session.Sql(
                    """
                    insert into reading (user_id, peer_id, read_up_to) values (@user, @peer, @up_to)
                    on conflict (user_id, peer_id) do update set read_up_to = excluded.read_up_to where reading.read_up_to < excluded.read_up_to
                    """)
                    .Bind("user", user).Bind("peer", peer).Bind("up_to", upTo).RunAsync(stop);
            },
            stop);
    }
}
