using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Storage;

namespace Afterword.Server.Users;

/// <summary>A page of a list of users.</summary>
/// <param name="Ids">Those of the page, the highest first.</param>
/// <param name="Next">Where the next page begins; 0 at the end.</param>
internal sealed record ConnectionPage(IReadOnlyList<long> Ids, long Next);

/// <summary>Lists whom a user follows, is followed by and blocks.</summary>
internal sealed class Connections(Store store)
{
    /// <summary>The most users on a page, as Twitter had it, and the most contacts that are looked at for one: a sender may have a million, few of which follow it.</summary>
    public const int MostPerPage = 5_000;

    // Both rows of a relationship are made together, so the user's own part of the table leads to all of them.
    [StringSyntax("sql")]
    private const string Contacts =
        """
        select theirs.user_id, mine.follows, theirs.follows, mine.blocks, theirs.blocks
        from (select user_id, follows, blocks from contact where sender_id = @user and user_id < @before order by user_id desc limit @limit) as theirs
        left join contact as mine on mine.sender_id = theirs.user_id and mine.user_id = @user
        order by theirs.user_id desc
        """;

    /// <param name="user">Whose list.</param>
    /// <param name="isListed">Which relationships, from the user's side, belong to it.</param>
    /// <param name="before">Only users with a lower id.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>A page, which may be short or empty and still have a next one.</returns>
    public async Task<ConnectionPage> ListAsync(long user, Func<Relationship, bool> isListed, long before, int count, CancellationToken stop)
    {
        // One more than is looked at tells whether there is more.
        var contacts = await store.Main.ReadAsync(
            session => session.Sql(Contacts).Bind("user", user).Bind("before", before).Bind("limit", MostPerPage + 1L)
                .ListAsync(row => (Id: row.GetInt64(0), Bond: new Relationship(Following: row.Flag(1), FollowedBy: row.Flag(2), Blocking: row.Flag(3), BlockedBy: row.Flag(4))), stop),
            stop);

        var (ids, seen) = (new List<long>(), 0);
        while (seen < Math.Min(contacts.Count, MostPerPage) && ids.Count < count)
        {
            if (isListed(contacts[seen].Bond)) ids.Add(contacts[seen].Id);
            seen++;
        }

        return new(ids, seen == contacts.Count ? 0 : CursorAt(contacts, seen, isListed));
    }

    // The id of someone in the list, or a number between those of two contacts: it names no contact who is not in the list. Where ids
    // follow each other without a gap, the next page begins further up, with contacts who are looked at once more.
    private static long CursorAt(List<(long Id, Relationship Bond)> contacts, int seen, Func<Relationship, bool> isListed)
    {
        for (var at = seen; at > 0; at--)
        {
            var (last, gap) = (contacts[at - 1], contacts[at - 1].Id - contacts[at].Id);
            if (isListed(last.Bond)) return last.Id;
            if (gap > 1) return contacts[at].Id + (gap / 2);
        }

        // A node makes at most 4,096 ids in a row. Were there ever more, a list that can be walked is worth more than an id.
        return contacts[seen - 1].Id;
    }
}
