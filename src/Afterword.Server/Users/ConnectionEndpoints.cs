using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;

namespace Afterword.Server.Users;

/// <summary>Users list whom they follow, are followed by and block, and read their own settings: what Twitter's clients ask for by themselves before they act.</summary>
internal static class ConnectionEndpoints
{
    /// <summary>How clients ask for the first page.</summary>
    public const string FirstPage = "-1";

    private const string English = "en";

    public static void MapConnections(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/1.1/friends/ids.json", Friends).WithMetadata(new SignatureRequirement(Limit: LimitedEndpoint.FriendsIds)).Describe(ConnectionReference.Friends);
        routes.MapGet("/1.1/followers/ids.json", Followers).WithMetadata(new SignatureRequirement(Limit: LimitedEndpoint.FollowersIds)).Describe(ConnectionReference.Followers);
        routes.MapGet("/1.1/blocks/ids.json", Blocks).WithMetadata(new SignatureRequirement(Limit: LimitedEndpoint.BlocksIds)).Describe(ConnectionReference.Blocks);
        routes.MapGet("/1.1/friendships/lookup.json", LookUp).WithMetadata(new SignatureRequirement(Limit: LimitedEndpoint.FriendshipsLookup)).Describe(ConnectionReference.LookUp);
        routes.MapGet("/1.1/account/settings.json", Settings).WithMetadata(new SignatureRequirement(Limit: LimitedEndpoint.AccountSettings)).Describe(ConnectionReference.Settings);
    }

    private static Task Friends(HttpContext http, SignedCall call, Connections connections, TimeProvider clock) => ListAsync(
        http, call, connections, clock, bond => bond.Following);

    private static Task Followers(HttpContext http, SignedCall call, Connections connections, TimeProvider clock) => ListAsync(
        http, call, connections, clock, bond => bond.FollowedBy);

    private static Task Blocks(HttpContext http, SignedCall call, Connections connections, TimeProvider clock) => ListAsync(
        http, call, connections, clock, bond => bond.Blocking);

    private static async Task ListAsync(HttpContext http, SignedCall call, Connections connections, TimeProvider clock, Func<Relationship, bool> isListed)
    {
        var read = new ParameterReader(call.Parameters);
        RequireCaller(read, call.Caller);
        var before = Before(read);
        var count = read.Whole("count", 1, Connections.MostPerPage, Connections.MostPerPage);
        var asText = read.Truth("stringify_ids");
        if (await http.RefusedAsync(read, call, clock)) return;

        var page = await connections.ListAsync(call.Caller.UserId, isListed, before, count, http.RequestAborted);
        var next = Text(page.Next);
        if (asText) await http.AnswerAsync(200, new IdTextPageJson([.. page.Ids.Select(Text)], page.Next, next), UserContext.Default.IdTextPageJson);
        else await http.AnswerAsync(200, new IdPageJson(page.Ids, page.Next, next), UserContext.Default.IdPageJson);
    }

    // A pair can be asked for by anybody. A whole list would be a list of a sender's customers.
    private static void RequireCaller(ParameterReader read, Caller caller)
    {
        var named = UserKey.Optional(read);
        if (named is null || named.Value.Id == caller.UserId) return;

        var isCaller = named is { Id: null, ScreenName: { } handle } && UserAccounts.Key(handle) == UserAccounts.Key(caller.ScreenName);
        if (!isCaller) read.Errors.Add(ApiError.Invalid(named.Value.Id is null ? "screen_name" : "user_id", "the calling user; other users' lists are private"));
    }

    private static long Before(ParameterReader read)
    {
        if (read.Optional("cursor") is not { } cursor || cursor == FirstPage) return long.MaxValue;
        if (WholeNumber.TryRead(cursor, out var before)) return before;

        read.Errors.Add(ApiError.Invalid("cursor", "-1, or next_cursor of the page before"));
        return 0;
    }

    private static async Task LookUp(HttpContext http, SignedCall call, UserProfiles profiles, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var keys = UserKey.List(read);
        if (await http.RefusedAsync(read, call, clock)) return;

        var found = await profiles.FindAsync(call.Caller.UserId, keys, http.RequestAborted);
        await http.AnswerAsync(
            200,
            [
                .. found.Where(profile => !profile.Suspended).DistinctBy(profile => profile.Id)
                    .Select(profile => new ConnectionJson(profile.Name, profile.ScreenName, profile.Id, Text(profile.Id), WordsFor(profile.Relationship))),
            ],
            UserContext.Default.IReadOnlyListConnectionJson);
    }

    private static IReadOnlyList<string> WordsFor(Relationship bond)
    {
        List<string> words = [];
        if (bond.Following) words.Add("following");
        if (bond.FollowedBy) words.Add("followed_by");
        if (bond.Blocking) words.Add("blocking");
        return words is [] ? ["none"] : words;
    }

    private static async Task Settings(HttpContext http, SignedCall call, UserPreferences preferences, TimeProvider clock)
    {
        if (await http.RefusedByLimitAsync(call, clock)) return;

        var chosen = await preferences.ReadAsync(call.Caller.UserId, http.RequestAborted);
        await http.AnswerAsync(
            200, new AccountSettingsJson(call.Caller.ScreenName, chosen.Language ?? English, chosen.Accepts == MessagingPermission.Anyone ? "all" : MessagingPermission.Following), UserContext.Default.AccountSettingsJson);
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
