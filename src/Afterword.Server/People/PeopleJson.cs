using System.Text.Json.Serialization;

namespace Afterword.Server.People;

/// <summary>The user object of Twitter's API 1.1, all of its members always there: strictly typed clients miss none. What is not required has no data here and is constant.</summary>
internal sealed record UserJson
{
    public required long Id { get; init; }

    public required string IdStr { get; init; }

    public required string Name { get; init; }

    public required string ScreenName { get; init; }

    public string Location { get; init; } = "";

    public string Description { get; init; } = "";

    public string? Url { get; init; }

    public UserEntitiesJson Entities { get; init; } = UserEntitiesJson.None;

    public bool Protected { get; init; }

    public bool Verified { get; init; }

    public required long FollowersCount { get; init; }

    public required long FriendsCount { get; init; }

    public long ListedCount { get; init; }

    public long FavouritesCount { get; init; }

    public long StatusesCount { get; init; }

    public required string CreatedAt { get; init; }

    public required string? Lang { get; init; }

    public int? UtcOffset { get; init; }

    public string? TimeZone { get; init; }

    public bool GeoEnabled { get; init; }

    public bool ContributorsEnabled { get; init; }

    public bool IsTranslator { get; init; }

    public bool DefaultProfile { get; init; } = true;

    public bool DefaultProfileImage { get; init; } = true;

    public required string ProfileImageUrl { get; init; }

    public string ProfileImageUrlHttps => ProfileImageUrl;

    // The look of a page that nobody has here, in the colours that Twitter gave those who chose none: typed clients refuse a user without them.
    public string ProfileBackgroundColor { get; init; } = "F5F8FA";

    public string? ProfileBackgroundImageUrl { get; init; }

    public string? ProfileBackgroundImageUrlHttps { get; init; }

    public bool ProfileBackgroundTile { get; init; }

    public string ProfileLinkColor { get; init; } = "1DA1F2";

    public string ProfileSidebarBorderColor { get; init; } = "C0DEED";

    public string ProfileSidebarFillColor { get; init; } = "DDEEF6";

    public string ProfileTextColor { get; init; } = "333333";

    public bool ProfileUseBackgroundImage { get; init; } = true;

    /// <summary>The caller follows the user.</summary>
    public required bool Following { get; init; }

    public bool FollowRequestSent { get; init; }

    public bool Notifications { get; init; }

    /// <summary>The caller blocks the user.</summary>
    public required bool Blocking { get; init; }

    /// <summary>The user blocks the caller.</summary>
    public required bool BlockedBy { get; init; }

    /// <summary>The caller can write to the user.</summary>
    public required bool CanDm { get; init; }
}

internal sealed record UserEntitiesJson(UserUrlsJson Description)
{
    public static readonly UserEntitiesJson None = new(new UserUrlsJson([]));
}

internal sealed record UserUrlsJson(IReadOnlyList<string> Urls);

/// <summary>What two users are to each other.</summary>
internal sealed record FriendshipJson(RelationshipJson Relationship);

internal sealed record RelationshipJson(FriendshipSourceJson Source, FriendshipTargetJson Target);

/// <summary>The relationship from the source's side. What is nobody else's business is null unless the caller is the source.</summary>
internal sealed record FriendshipSourceJson(
    long Id, string IdStr, string ScreenName, bool Following, bool FollowedBy, bool FollowingReceived, bool FollowingRequested, bool LiveFollowing,
    bool? NotificationsEnabled, bool? CanDm, bool? Blocking, bool? BlockedBy, bool? Muting, bool? WantRetweets, bool? AllReplies, bool? MarkedSpam);

internal sealed record FriendshipTargetJson(
    long Id, string IdStr, string ScreenName, bool Following, bool FollowedBy, bool FollowingReceived, bool FollowingRequested);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(UserJson))]
[JsonSerializable(typeof(IReadOnlyList<UserJson>))]
[JsonSerializable(typeof(FriendshipJson))]
internal sealed partial class PeopleJson : JsonSerializerContext;
