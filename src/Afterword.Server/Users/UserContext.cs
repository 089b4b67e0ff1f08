using System.Text.Json.Serialization;

namespace Afterword.Server.Users;

/// <summary>The user object of Twitter's API 1.1, all of its members always there: strictly typed clients miss none. What has no data here is constant.</summary>
internal sealed record UserJson
{
    /// <summary>As a number; beyond 53 bits in some languages.</summary>
    public required long Id { get; init; }

    /// <summary>The same as a decimal string.</summary>
    public required string IdStr { get; init; }

    /// <summary>The profile name.</summary>
    public required string Name { get; init; }

    /// <summary>The handle, without @.</summary>
    public required string ScreenName { get; init; }

    /// <summary>Always empty.</summary>
    public string Location { get; init; } = "";

    /// <summary>Always empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>Always null.</summary>
    public string? Url { get; init; }

    /// <summary>What was found in texts: nothing.</summary>
    public UserEntitiesJson Entities { get; init; } = UserEntitiesJson.None;

    /// <summary>Always false.</summary>
    public bool Protected { get; init; }

    /// <summary>Always false.</summary>
    public bool Verified { get; init; }

    /// <summary>How many follow the user.</summary>
    public required long FollowersCount { get; init; }

    /// <summary>How many the user follows.</summary>
    public required long FriendsCount { get; init; }

    /// <summary>Always 0.</summary>
    public long ListedCount { get; init; }

    /// <summary>Always 0.</summary>
    public long FavouritesCount { get; init; }

    /// <summary>Always 0.</summary>
    public long StatusesCount { get; init; }

    /// <summary>When the account was made: a date.</summary>
    public required string CreatedAt { get; init; }

    /// <summary>A tag such as <c>en</c>.</summary>
    public required string? Lang { get; init; }

    /// <summary>Always null.</summary>
    public int? UtcOffset { get; init; }

    /// <summary>Always null.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Always false.</summary>
    public bool GeoEnabled { get; init; }

    /// <summary>Always false.</summary>
    public bool ContributorsEnabled { get; init; }

    /// <summary>Always false.</summary>
    public bool IsTranslator { get; init; }

    /// <summary>Always true.</summary>
    public bool DefaultProfile { get; init; } = true;

    /// <summary>Always true.</summary>
    public bool DefaultProfileImage { get; init; } = true;

    /// <summary>A picture, the same for everybody.</summary>
    public required string ProfileImageUrl { get; init; }

    /// <summary>The same.</summary>
    public string ProfileImageUrlHttps => ProfileImageUrl;

    // The look of a page that nobody has here, in the colours that Twitter gave those who chose none: typed clients refuse a user without them.
    /// <summary>A colour that nobody chose.</summary>
    public string ProfileBackgroundColor { get; init; } = "F5F8FA";

    /// <summary>Always null.</summary>
    public string? ProfileBackgroundImageUrl { get; init; }

    /// <summary>Always null.</summary>
    public string? ProfileBackgroundImageUrlHttps { get; init; }

    /// <summary>Always false.</summary>
    public bool ProfileBackgroundTile { get; init; }

    /// <summary>A colour that nobody chose.</summary>
    public string ProfileLinkColor { get; init; } = "1DA1F2";

    /// <summary>A colour that nobody chose.</summary>
    public string ProfileSidebarBorderColor { get; init; } = "C0DEED";

    /// <summary>A colour that nobody chose.</summary>
    public string ProfileSidebarFillColor { get; init; } = "DDEEF6";

    /// <summary>A colour that nobody chose.</summary>
    public string ProfileTextColor { get; init; } = "333333";

    /// <summary>Always true.</summary>
    public bool ProfileUseBackgroundImage { get; init; } = true;

    /// <summary>The caller follows the user.</summary>
    public required bool Following { get; init; }

    /// <summary>Always false.</summary>
    public bool FollowRequestSent { get; init; }

    /// <summary>Always false.</summary>
    public bool Notifications { get; init; }

    /// <summary>The caller blocks the user.</summary>
    public required bool Blocking { get; init; }

    /// <summary>The user blocks the caller.</summary>
    public required bool BlockedBy { get; init; }

    /// <summary>The caller can write to the user.</summary>
    public required bool CanDm { get; init; }
}

/// <summary>What Twitter found in a profile. Nothing is looked for here.</summary>
/// <param name="Description">Of the description.</param>
internal sealed record UserEntitiesJson(UserUrlsJson Description)
{
    public static readonly UserEntitiesJson None = new(new UserUrlsJson([]));
}

/// <summary>Addresses that were found in a text.</summary>
/// <param name="Urls">Always empty.</param>
internal sealed record UserUrlsJson(IReadOnlyList<string> Urls);

/// <summary>What two users are to each other.</summary>
/// <param name="Relationship">Both sides of it.</param>
internal sealed record FriendshipJson(RelationshipJson Relationship);

/// <summary>Both sides of a relationship.</summary>
/// <param name="Source">One user.</param>
/// <param name="Target">The other.</param>
internal sealed record RelationshipJson(FriendshipSourceJson Source, FriendshipTargetJson Target);

/// <summary>The relationship from the source's side. What is nobody else's business is null unless the caller is the source.</summary>
/// <param name="Id">As a number; beyond 53 bits in some languages.</param>
/// <param name="IdStr">The same as a decimal string.</param>
/// <param name="ScreenName">The handle, without @.</param>
/// <param name="Following">The source follows the target.</param>
/// <param name="FollowedBy">The target follows the source.</param>
/// <param name="FollowingReceived">Always false.</param>
/// <param name="FollowingRequested">Always false.</param>
/// <param name="LiveFollowing">Always false.</param>
/// <param name="NotificationsEnabled">False, to the source.</param>
/// <param name="CanDm">The source can write to the target.</param>
/// <param name="Blocking">The source blocks the target.</param>
/// <param name="BlockedBy">The target blocks the source.</param>
/// <param name="Muting">False, to the source.</param>
/// <param name="WantRetweets">False, to the source.</param>
/// <param name="AllReplies">False, to the source.</param>
/// <param name="MarkedSpam">False, to the source.</param>
internal sealed record FriendshipSourceJson(
    long Id, string IdStr, string ScreenName, bool Following, bool FollowedBy, bool FollowingReceived, bool FollowingRequested, bool LiveFollowing,
    bool? NotificationsEnabled, bool? CanDm, bool? Blocking, bool? BlockedBy, bool? Muting, bool? WantRetweets, bool? AllReplies, bool? MarkedSpam);

/// <summary>The relationship from the target's side.</summary>
/// <param name="Id">As a number; beyond 53 bits in some languages.</param>
/// <param name="IdStr">The same as a decimal string.</param>
/// <param name="ScreenName">The handle, without @.</param>
/// <param name="Following">The target follows the source.</param>
/// <param name="FollowedBy">The source follows the target.</param>
/// <param name="FollowingReceived">Always false.</param>
/// <param name="FollowingRequested">Always false.</param>
internal sealed record FriendshipTargetJson(
    long Id, string IdStr, string ScreenName, bool Following, bool FollowedBy, bool FollowingReceived, bool FollowingRequested);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(UserJson))]
[JsonSerializable(typeof(IReadOnlyList<UserJson>))]
[JsonSerializable(typeof(FriendshipJson))]
[JsonSerializable(typeof(IReadOnlyList<ConnectionJson>))]
[JsonSerializable(typeof(IdPageJson))]
[JsonSerializable(typeof(IdTextPageJson))]
[JsonSerializable(typeof(AccountSettingsJson))]
internal sealed partial class UserContext : JsonSerializerContext;
