using System.Diagnostics;
using System.Globalization;
using Afterword.Server.Access;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.Reference;

namespace Afterword.Server.People;

/// <summary>Users follow and block each other.</summary>
internal static class FriendshipEndpoints
{
    public static void MapFriendships(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/1.1/friendships/show.json", Show).WithMetadata(new Signed(Limit: LimitedEndpoint.FriendshipsShow)).Describe(PeopleReference.Friendship);

        var write = new Signed(Permission.Write);
        routes.MapPost("/1.1/friendships/create.json", Follow).WithMetadata(write).Describe(PeopleReference.Follow);
        routes.MapPost("/1.1/friendships/destroy.json", Unfollow).WithMetadata(write).Describe(PeopleReference.Unfollow);
        routes.MapPost("/1.1/blocks/create.json", Block).WithMetadata(write).Describe(PeopleReference.Block);
        routes.MapPost("/1.1/blocks/destroy.json", Unblock).WithMetadata(write).Describe(PeopleReference.Unblock);
    }

    private static async Task Show(HttpContext http, SignedCall call, Profiles profiles, TimeProvider clock)
    {
        var read = new Reader(call.Parameters);
        var sourceKey = UserKey.Optional(read, "source_id", "source_screen_name") ?? UserKey.Of(call.Caller.UserId);
        var targetKey = UserKey.Required(read, "target_id", "target_screen_name");
        if (await http.RefusedAsync(read, call, clock)) return;

        var source = await profiles.FindAsync(call.Caller.UserId, sourceKey, http.RequestAborted);
        var target = source is null ? null : await profiles.FindAsync(source.Id, targetKey!.Value, http.RequestAborted);
        if (source is null || target is null) await http.RefuseAsync(ApiError.RecipientUnknown);
        else if (source.Suspended || target.Suspended) await http.RefuseAsync(ApiError.RecipientSuspended);
        else await http.AnswerAsync(200, Friendship(source, target, own: source.Id == call.Caller.UserId), PeopleJson.Default.FriendshipJson);
    }

    /// <param name="source">One user.</param>
    /// <param name="target">The other, as the source sees it.</param>
    /// <param name="own">Whether the caller is the source.</param>
    private static FriendshipJson Friendship(Profile source, Profile target, bool own)
    {
        bool? Own(bool value) => own ? value : null;
        var bond = target.Bond;
        return new(new(
            new(
                source.Id, source.Id.ToString(CultureInfo.InvariantCulture), source.ScreenName, bond.Following, bond.FollowedBy,
                FollowingReceived: false, FollowingRequested: false, LiveFollowing: false, NotificationsEnabled: Own(false),
                Own(target.CanDm), Own(bond.Blocking), Own(bond.BlockedBy), Muting: Own(false), WantRetweets: Own(false), AllReplies: Own(false), MarkedSpam: Own(false)),
            new(
                target.Id, target.Id.ToString(CultureInfo.InvariantCulture), target.ScreenName, bond.FollowedBy, bond.Following,
                FollowingReceived: false, FollowingRequested: false)));
    }

    private static Task Follow(HttpContext http, SignedCall call, Profiles profiles, Settings settings, FollowUser follow) => ChangeAsync(
        http, call, profiles, settings, ApiError.CannotFollowSelf,
        async (user, other, stop) => other.Suspended ? ApiError.RecipientSuspended : await follow.RunAsync(user, other.Id, stop) switch
        {
            FollowOutcome.Follows => null,
            FollowOutcome.IsBlocked => ApiError.BlockedFromFollowing,
            FollowOutcome.Blocks => ApiError.Invalid("user_id", "somebody whom you do not block"),
            var outcome => throw new UnreachableException(outcome.ToString()),
        });

    private static Task Unfollow(HttpContext http, SignedCall call, Profiles profiles, Settings settings, FollowUser follow) =>
        ChangeAsync(http, call, profiles, settings, follow.EndAsync);

    private static Task Block(HttpContext http, SignedCall call, Profiles profiles, Settings settings, BlockUser block) =>
        ChangeAsync(http, call, profiles, settings, block.RunAsync);

    private static Task Unblock(HttpContext http, SignedCall call, Profiles profiles, Settings settings, BlockUser block) =>
        ChangeAsync(http, call, profiles, settings, block.EndAsync);

    // Whom one no longer wants to see, one may leave and shut out even while the account is suspended.
    private static Task ChangeAsync(HttpContext http, SignedCall call, Profiles profiles, Settings settings, Func<long, long, CancellationToken, Task> change) => ChangeAsync(
        http, call, profiles, settings, ApiError.Invalid("user_id", "another user than yourself"),
        async (user, other, stop) =>
        {
            await change(user, other.Id, stop);
            return null;
        });

    /// <summary>Finds the other user, changes what the caller is to it, and answers with the other user as it is then.</summary>
    private static async Task ChangeAsync(
        HttpContext http, SignedCall call, Profiles profiles, Settings settings, ApiError ofOneself, Func<long, Profile, CancellationToken, Task<ApiError?>> change)
    {
        var read = new Reader(call.Parameters);
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
        else await http.AnswerAsync(200, (await profiles.FindAsync(user, UserKey.Of(other.Id), stop))!.ToWire(http.PublicBase(settings)), PeopleJson.Default.UserJson);
    }
}
