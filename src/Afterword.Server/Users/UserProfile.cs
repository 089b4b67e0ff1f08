using System.Globalization;
using Afterword.Client.Wire;
using Afterword.Server.Storage;

namespace Afterword.Server.Users;

/// <summary>A user as another one sees it.</summary>
/// <param name="Language">A tag such as <c>en</c>, or null.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
/// <param name="Followers">How many follow the user.</param>
/// <param name="Friends">How many the user follows.</param>
/// <param name="Relationship">What the viewer and the user are to each other, from the viewer's side.</param>
/// <param name="CanDm">The viewer can write to the user.</param>
internal sealed record UserProfile(
    long Id, string ScreenName, string Name, string? Language, bool Suspended, long CreatedAt, long Followers, long Friends, Relationship Relationship, bool CanDm)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order.</summary>
    public const string Columns =
        """
        a.id, a.screen_name, a.name, a.language, a.suspended_at, a.created_at, a.followers_count, a.friends_count,
        item.viewer, a.accepts, mine.follows, mine.blocks, theirs.follows, theirs.blocks, theirs.wrote_at, mine.prompted_at
        """;

    /// <summary>How many columns there are in <see cref="Columns"/>.</summary>
    public const int ColumnCount = 16;

    /// <summary>What goes behind the join that finds the account <c>a</c>: what the viewer is to the user, and the other way round.</summary>
    public const string Contacts =
        """
        left join contact mine on mine.sender_id = a.id and mine.user_id = item.viewer
        left join contact theirs on theirs.sender_id = item.viewer and theirs.user_id = a.id
        """;

    private const string Picture = "/default_profile.png";

    /// <param name="row">A row that begins with <see cref="Columns"/>.</param>
    public static UserProfile Read(Row row)
    {
        var relationship = new Relationship(Following: row.Flag(10), FollowedBy: row.Flag(12), Blocking: row.Flag(11), BlockedBy: row.Flag(13));
        var suspended = !row.IsDBNull(4);

        // Who asked the viewer for feedback has written to the viewer, too.
        var wrote = !row.IsDBNull(14) || !row.IsDBNull(15);
        var canDm = !suspended && row.GetInt64(0) != row.GetInt64(8) && MessagingPermission.IsOpen(row.GetString(9), relationship.FollowedBy, relationship.BlockedBy, wrote);
        return new(
            row.GetInt64(0), row.GetString(1), row.GetString(2), row.TextOrNull(3), suspended, row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), relationship, canDm);
    }

    /// <param name="publicBase">What addresses of this server begin with.</param>
    public UserJson ToWire(string publicBase) => new()
    {
        Id = Id,
        IdStr = Id.ToString(CultureInfo.InvariantCulture),
        Name = Name,
        ScreenName = ScreenName,
        FollowersCount = Followers,
        FriendsCount = Friends,
        CreatedAt = TwitterDate.Format(DateTimeOffset.FromUnixTimeMilliseconds(CreatedAt)),
        Lang = Language,
        ProfileImageUrl = publicBase + Picture,
        Following = Relationship.Following,
        Blocking = Relationship.Blocking,
        BlockedBy = Relationship.BlockedBy,
        CanDm = CanDm,
    };
}
