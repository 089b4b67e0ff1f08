using Afterword.Server.Storage;

namespace Afterword.Server.Users;

/// <summary>Changes what two users are to each other, with the counters of their accounts.</summary>
internal sealed class Relationships(Store store)
{
    /// <summary>Locks the relationship, changes it and moves the counters, in one transaction.</summary>
    /// <param name="user">An existing user, from whose side <paramref name="change"/> sees it.</param>
    /// <param name="other">Another one.</param>
    /// <param name="change">Gives the relationship as it shall be; the same one changes nothing.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The relationship before.</returns>
    public Task<Relationship> ChangeAsync(long user, long other, Func<Relationship, Relationship> change, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var before = await LockAsync(session, user, other, stop);
            var after = change(before);
            if (after == before) return before;

            await WriteAsync(session, sender: other, user, after.Following, after.Blocking, stop);
            await WriteAsync(session, sender: user, other, after.FollowedBy, after.BlockedBy, stop);

            // By id, like every lock that two transactions may both want.
            var (follows, followed) = (Step(before.Following, after.Following), Step(before.FollowedBy, after.FollowedBy));
            (long Id, long Followers, long Friends)[] steps = [(user, followed, follows), (other, follows, followed)];
            foreach (var step in steps.Where(step => step is not (_, 0, 0)).OrderBy(step => step.Id)) await CountAsync(session, step.Id, step.Followers, step.Friends, stop);
            return before;
        },
        stop);

    /// <summary>Makes both rows of the relationship, if need be, and holds them until the commit: so nobody follows past a block that comes at the same time.</summary>
    private static async Task<Relationship> LockAsync(Session session, long user, long other, CancellationToken stop)
    {
        var relationship = default(Relationship);
        await session.EachAsync(
            """
            insert into contact (sender_id, user_id)
            select sender_id, user_id from {rows} where true order by sender_id, user_id
            on conflict (sender_id, user_id) do update set follows = contact.follows
            returning sender_id, follows, blocks
            """,
            Rows.Of(new[] { (Sender: user, User: other), (Sender: other, User: user) }.Order().ToArray()).Long("sender_id", pair => pair.Sender).Long("user_id", pair => pair.User),
            row => relationship = row.GetInt64(0) == user
                ? relationship with { FollowedBy = row.Flag(1), BlockedBy = row.Flag(2) }
                : relationship with { Following = row.Flag(1), Blocking = row.Flag(2) },
            stop);
        return relationship;
    }

    private static Task<int> WriteAsync(Session session, long sender, long user, bool follows, bool blocks, CancellationToken stop) => session.Sql(
        "update contact set follows = @follows, blocks = @blocks where sender_id = @sender and user_id = @user")
        .Bind("follows", follows ? 1L : 0L).Bind("blocks", blocks ? 1L : 0L).Bind("sender", sender).Bind("user", user).RunAsync(stop);

    private static Task<int> CountAsync(Session session, long id, long followers, long friends, CancellationToken stop) => session.Sql(
        "update account set followers_count = followers_count + @followers, friends_count = friends_count + @friends where id = @id")
        .Bind("followers", followers).Bind("friends", friends).Bind("id", id).RunAsync(stop);

    private static long Step(bool before, bool after) => (after ? 1 : 0) - (before ? 1 : 0);
}
