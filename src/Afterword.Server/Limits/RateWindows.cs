using System.Globalization;

namespace Afterword.Server.Limits;

/// <summary>Endpoints whose calls are counted per user and app. The numbers are stored.</summary>
internal enum LimitedEndpoint
{
    None = 0,
    Show = 1,
    Events = 2,
    VerifyCredentials = 3,
    UsersShow = 4,
    UsersLookup = 5,
    FriendshipsShow = 6,
    MessagesList = 7,
    MessagesShow = 8,
    RateLimitStatus = 9,
    Export = 10,
    Submit = 11,
    Dismiss = 12,
    FriendsIds = 13,
    FollowersIds = 14,
    BlocksIds = 15,
    FriendshipsLookup = 16,
    AccountSettings = 17,
    Close = 18,
    Reopen = 19,
    CanPrompt = 20,
    ConversationsShow = 21,
    ConversationsList = 22,
    RulesRead = 23,
    RulesWrite = 24,
    Simulate = 25,
    Metrics = 26,
}

/// <summary>How far a limit is used up; what the three headers say.</summary>
/// <param name="Limit">The most that is allowed in the window.</param>
/// <param name="Used">How much of it is used.</param>
/// <param name="ResetsAt">When the window ends, Unix milliseconds.</param>
internal readonly record struct LimitState(long Limit, long Used, long ResetsAt)
{
    public bool IsExceeded => Used > Limit;

    public long Remaining => Math.Max(0, Limit - Used);

    /// <summary>When the window ends, in seconds. Rounded up: a client that waits for this second must find the window open.</summary>
    public long ResetsAtSecond => (ResetsAt + 999) / 1000;
}

internal static class RateWindows
{
    /// <summary>The length of a window, in milliseconds: 15 minutes from its first call.</summary>
    public const long Length = 900_000;

    /// <summary>How far the clocks of nodes may differ, in milliseconds. A window that begins later than that was begun by a wrong clock, and holds nobody up.</summary>
    public const long Ahead = 300_000;

    extension(HttpContext http)
    {
        /// <summary>Sends the three headers. A later state of the same answer replaces an earlier one.</summary>
        public void ShowLimit(LimitState state)
        {
            var headers = http.Response.Headers;
            headers["x-rate-limit-limit"] = state.Limit.ToString(CultureInfo.InvariantCulture);
            headers["x-rate-limit-remaining"] = state.Remaining.ToString(CultureInfo.InvariantCulture);
            headers["x-rate-limit-reset"] = state.ResetsAtSecond.ToString(CultureInfo.InvariantCulture);
        }

        /// <summary>Says in seconds, at least one, when to come again.</summary>
        public void ShowRetryAfter(long resetsAt, DateTimeOffset now) => http.Response.Headers.RetryAfter =
            Math.Max(1, (resetsAt - now.ToUnixTimeMilliseconds() + 999) / 1000).ToString(CultureInfo.InvariantCulture);
    }
}
