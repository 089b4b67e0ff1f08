using Afterword.Server.Configuration;
using Afterword.Server.Hosting;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;

namespace Afterword.Server.Limits;

/// <summary>A caller sees how far its limits are used up.</summary>
internal static class StatusEndpoints
{
    /// <summary>The routes with calls per 15 minutes, as Twitter names them.</summary>
    private static readonly (string Family, string Route, LimitedEndpoint Endpoint)[] s_routes =
    [
        ("account", "/account/verify_credentials", LimitedEndpoint.VerifyCredentials),
        ("account", "/account/settings", LimitedEndpoint.AccountSettings),
        ("application", "/application/rate_limit_status", LimitedEndpoint.RateLimitStatus),
        ("blocks", "/blocks/ids", LimitedEndpoint.BlocksIds),
        (Messages, "/direct_messages/events/list", LimitedEndpoint.MessagesList),
        (Messages, "/direct_messages/events/show", LimitedEndpoint.MessagesShow),
        ("feedback", "/feedback/show/:id", LimitedEndpoint.Show),
        ("feedback", "/feedback/events", LimitedEndpoint.Events),
        ("feedback", "/feedback/export", LimitedEndpoint.Export),
        ("feedback", "/feedback/metrics", LimitedEndpoint.Metrics),
        ("feedback", "/feedback/submit/:id", LimitedEndpoint.Submit),
        ("feedback", "/feedback/dismiss/:id", LimitedEndpoint.Dismiss),
        ("feedback", "/feedback/conversations/close", LimitedEndpoint.Close),
        ("feedback", "/feedback/conversations/reopen", LimitedEndpoint.Reopen),
        ("feedback", "/feedback/conversations/show/:id", LimitedEndpoint.ConversationsShow),
        ("feedback", "/feedback/conversations/list", LimitedEndpoint.ConversationsList),
        ("feedback", "/feedback/can_prompt", LimitedEndpoint.CanPrompt),
        ("followers", "/followers/ids", LimitedEndpoint.FollowersIds),
        ("friends", "/friends/ids", LimitedEndpoint.FriendsIds),
        ("friendships", "/friendships/show", LimitedEndpoint.FriendshipsShow),
        ("friendships", "/friendships/lookup", LimitedEndpoint.FriendshipsLookup),
        ("users", "/users/show/:id", LimitedEndpoint.UsersShow),
        ("users", "/users/lookup", LimitedEndpoint.UsersLookup),
    ];

    private const string Messages = "direct_messages";

    public static void MapStatus(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/1.1/application/rate_limit_status.json", Status).WithMetadata(new SignatureRequirement(Limit: LimitedEndpoint.RateLimitStatus)).Describe(StatusReference.Status);

    private static async Task Status(HttpContext http, SignedCall call, NonceStore admissions, MessageWindow messages, Settings settings, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var wanted = read.Optional("resources")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (await http.RefusedAsync(read, call, clock)) return;

        var (caller, now) = (call.Caller, clock.GetUtcNow().ToUnixTimeMilliseconds());
        var windows = await admissions.WindowsAsync(caller.UserId, caller.App.Id, http.RequestAborted);
        var limits = s_routes.Select(one => (one.Family, one.Route, State: StateOf(one.Endpoint)))
            .Append((Messages, "/direct_messages/events/new", await messages.ReadAsync(caller, http.RequestAborted)));

        // A family that Twitter has and this server has not is no mistake: clients ask for several at once.
        var resources = limits.Where(limit => wanted is null || wanted.Contains(limit.Item1)).GroupBy(limit => limit.Item1).ToDictionary(
            family => family.Key,
            family => (IReadOnlyDictionary<string, RateLimitJson>)family.ToDictionary(limit => limit.Item2, limit => Json(limit.Item3)));
        await http.AnswerAsync(200, new RateLimitStatusJson(new(SignatureCheck.TokenOf(call)), resources), StatusJson.Default.RateLimitStatusJson);

        LimitState StateOf(LimitedEndpoint endpoint)
        {
            var (startedAt, used) = windows.GetValueOrDefault(endpoint, (now, 0));
            return new(settings.Limits.MostFor(endpoint, caller.Sender), used, startedAt + RateWindows.Length);
        }
    }

    private static RateLimitJson Json(LimitState state) => new(state.Limit, state.Remaining, state.ResetsAtSecond);
}
