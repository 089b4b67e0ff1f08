using System.Diagnostics;
using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;

namespace Afterword.Server.Users;

/// <summary>Users follow and block each other.</summary>
internal static class FriendshipEndpoints
{
    public static void MapFriendships(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/1.1/friendships/show.json", Show).WithMetadata(new SignatureRequirement(Limit: LimitedEndpoint.FriendshipsShow)).Describe(UserLookupReference.Friendship);

        var write = new SignatureRequirement(Permission.Write);
        routes.MapPost("/1.1/friendships/create.json", Follow).WithMetadata(write).Describe(UserLookupReference.Follow);
        routes.MapPost("/1.1/friendships/destroy.json", Unfollow).WithMetadata(write).Describe(UserLookupReference.Unfollow);
        routes.MapPost("/1.1/blocks/create.json", Block).WithMetadata(write).Describe(UserLookupReference.Block);
        routes.MapPost("/1.1/blocks/destroy.json", Unblock).WithMetadata(write).Describe(UserLookupReference.Unblock);
    }

    private static async Task Show(HttpContext http, SignedCall call, UserProfiles profiles, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var sourceKey = UserKey.Optional(read, "source_id", "source_screen_name") ?? UserKey.Of(call.Caller.UserId);
        var targetKey = UserKey.Required(read, "target_id", "target_screen_name");
        if (await http.RefusedAsync(read, call, clock)) return;

        var source = await profiles.FindAsync(call.Caller.UserId, sourceKey, http.RequestAborted);
        var target = source is null ? null : await profiles.FindAsync(source.Id, targetKey!.Value, http.RequestAborted);
        if (source is null || target is null) await http.RefuseAsync(ApiError.RecipientUnknown);
        else if (source.Suspended || target.Suspended) await http.RefuseAsync(ApiError.RecipientSuspended);
        else await http.AnswerAsync(200, Friendship(source, target, own: source.Id == call.Caller.UserId), UserContext.Default.FriendshipJson);
    }

    /// <param name="source">One user.</param>
    /// <param name="target">The other, as the source sees it.</param>
    /// <param name="own">Whether the caller is the source.</param>
    private static FriendshipJson Friendship(UserProfile source, UserProfile target, bool own)
    {
        bool? Own(bool value) => own ? value : null;
        var relationship = target.Relationship;
        return new(new(
            new(
                source.Id, source.Id.ToString(CultureInfo.InvariantCulture), source.ScreenName, relationship.Following, relationship.FollowedBy,
                FollowingReceived: false, FollowingRequested: false, LiveFollowing: false, NotificationsEnabled: Own(false),
                Own(target.CanDm), Own(relationship.Blocking), Own(relationship.BlockedBy), Muting: Own(false), WantRetweets: Own(false), AllReplies: Own(false), MarkedSpam: Own(false)),
            new(
                target.Id, target.Id.ToString(CultureInfo.InvariantCulture), target.ScreenName, relationship.FollowedBy, relationship.Following,
                FollowingReceived: false, FollowingRequested: false)));
    }

    private static Task Follow(HttpContext http, SignedCall call, UserProfiles profiles, Settings settings, FollowUser follow) => ChangeAsync(
        http, call, profiles, settings, ApiError.CannotFollowSelf,
        async (user, other, stop) => other.Suspended ? ApiError.RecipientSuspended : await follow.RunAsync(user, other.Id, stop) switch
        {
            FollowOutcome.Follows => null,
            FollowOutcome.IsBlocked => ApiError.BlockedFromFollowing,
            FollowOutcome.Blocks => ApiError.Invalid("user_id", "someone whom you do not block"),
            var outcome => throw new UnreachableException(outcome.ToString()),
        });

    private static Task Unfollow(HttpContext http, SignedCall call, UserProfiles profiles, Settings settings, FollowUser follow) =>
        ChangeAsync(http, call, profiles, settings, follow.EndAsync);

    private static Task Block(HttpContext http, SignedCall call, UserProfiles profiles, Settings settings, BlockUser block) =>
        ChangeAsync(http, call, profiles, settings, block.RunAsync);

    private static Task Unblock(HttpContext http, SignedCall call, UserProfiles profiles, Settings settings, BlockUser block) =>
        ChangeAsync(http, call, profiles, settings, block.EndAsync);

    // Whom one no longer wants to see, one may leave and shut out even while the account is suspended.
    private static Task ChangeAsync(HttpContext http, SignedCall call, UserProfiles profiles, Settings settings, Func<long, long, CancellationToken, Task> change) => ChangeAsync(
        http, call, profiles, settings, ApiError.Invalid("user_id", "another user than yourself"),
        async (user, other, stop) =>
        {
            await change(user, other.Id, stop);
            return null;
        });

    /// <summary>Finds the other user, changes what the caller is to it, and answers with the other user as it is then.</summary>
    private static async Task ChangeAsync(
        HttpContext http, SignedCall call, UserProfiles profiles, Settings settings, ApiError ofOneself, Func<long, UserProfile, CancellationToken, Task<ApiError?>> change)
    {
        var read = new ParameterReader(call.Parameters);
        var key = UserKey.Required(read);
        if (read.Errors.Any)
        {
            await http.RefuseAsync(read.Errors);
            return;
        }

        var (user, stop) = (call.Caller.UserId, http.RequestAborted);
        if (await profiles.FindAsync(user, key!.Value, stop) is not { } other) await http.RefuseAsync(ApiError.RecipientUnknown);
        else if (other.Id == user) await http.RefuseAsync(ofOneself);
        else if (await change(user, other, stop) is { } refusal) await http.RefuseAsync(refusal);
        else await http.AnswerAsync(200, (await profiles.FindAsync(user, UserKey.Of(other.Id), stop))!.ToWire(http.PublicBase(settings)), UserContext.Default.UserJson);
    }
}
