using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>Takes an account away, with all that its owner signed in by and what it is to others.</summary>
internal static class EraseUser
{
    /// <param name="session">The transaction.</param>
    /// <param name="person">What was found in it.</param>
    /// <param name="pseudonym">Whose the senders' limits are from now on; null when nothing was asked.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task RunAsync(Session session, FoundPerson person, long? pseudonym, CancellationToken stop)
    {
        await ChangeContactsAsync(session, person, pseudonym, stop);
        await ForgetReadingAsync(session, person, stop);

        // After the contacts, as whoever follows someone locks; then what belongs to the account, as AccountLock says.
        await AccountLock.HoldAsync(session, AccountKind.User, person.UserId, stop);
        foreach (var statement in OfUser)
        {
            await session.Sql(statement).Bind("user", person.UserId).RunAsync(stop);
        }
    }

    /// <summary>Deletes what was written of an account just behind its erasure. Nothing else of the person is there any more.</summary>
    public static async Task<int> SweepAsync(Session session, long user, CancellationToken stop)
    {
        var swept = await session.Sql("delete from reading where user_id = @user").Bind("user", user).RunAsync(stop);
        foreach (var statement in OfUser) swept += await session.Sql(statement).Bind("user", user).RunAsync(stop);
        return swept;
    }

    // Request tokens live for a quarter of an hour: there are few, and no index by user.
    private static string[] OfUser { get; } =
    [
        .. PruneSignIns.OfUser,
        "delete from request_token where user_id = @user",
        "delete from exempt where user_id = @user",
        "delete from customer_ref where user_id = @user",
        "delete from message_window where sender_id = @user",
        "delete from sender_state where sender_id = @user",
        "delete from account where id = @user and erased = 0",
    ];

    /// <summary>Takes the person out of everybody's contacts. When a sender asked last stays, under the pseudonym.</summary>
    private static async Task ChangeContactsAsync(Session session, FoundPerson person, long? pseudonym, CancellationToken stop)
    {
        var contacts = person.Contacts.OrderBy(contact => (contact.SenderId, contact.UserId)).ToArray();
        var asked = contacts.Where(contact => contact.UserId == person.UserId && contact.PromptedAt is not null && pseudonym is not null).ToArray();
        await session.EachAsync(
            [
                new(
                    """
                    insert into contact (sender_id, user_id, prompted_at, asked_at, tested_at, dismissed_at)
                    select c.sender_id, item.pseudonym, c.prompted_at, c.asked_at, c.tested_at, c.dismissed_at from {rows}
                    join contact c on c.sender_id = item.sender_id and c.user_id = item.user_id
                    """,
                    Rows.Of(asked).Long("sender_id", c => c.SenderId).Long("user_id", c => c.UserId).Long("pseudonym", _ => pseudonym ?? 0), null),
                new(
                    "delete from contact where (sender_id, user_id) in (select item.sender_id, item.user_id from {rows})",
                    Rows.Of(contacts).Long("sender_id", c => c.SenderId).Long("user_id", c => c.UserId), null),
                new(
                    "update account set followers_count = account.followers_count - item.followers, friends_count = account.friends_count - item.friends from {rows} where account.id = item.id",
                    Counters(person, contacts), null),
            ],
            stop);
    }

    private static Rows Counters(FoundPerson person, IReadOnlyList<FoundContact> contacts)
    {
        var follows = contacts.Where(contact => contact.Follows).ToArray();
        return Rows.Of(follows.Select(contact => contact.SenderId == person.UserId ? contact.UserId : contact.SenderId).Distinct().Order().ToArray())
            .Long("id", id => id)
            .Long("followers", id => follows.LongCount(contact => contact.SenderId == id))
            .Long("friends", id => follows.LongCount(contact => contact.UserId == id));
    }

    // It has no index by peer: who can have read something of someone has a message of theirs, or sent them one.
    private static async Task ForgetReadingAsync(Session session, FoundPerson person, CancellationToken stop)
    {
        await session.Sql("delete from reading where user_id = @user").Bind("user", person.UserId).RunAsync(stop);
        await session.EachAsync(
            [
                new(
                    "delete from reading where (user_id, peer_id) in (select item.user_id, item.peer_id from {rows})",
                    Rows.Of(person.Others.ToArray()).Long("user_id", id => id).Long("peer_id", _ => person.UserId), null),
            ],
            stop);
    }
}
