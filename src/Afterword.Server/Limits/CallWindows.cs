using System.Globalization;

namespace Afterword.Server.Limits;

/// <summary>Endpoints whose calls are counted per user and app. The numbers are stored.</summary>
internal enum LimitedEndpoint
{
    None = 0,
    Show = 1,
    Events = 2,
}

/// <summary>How far a limit is used up; what the three headers say.</summary>
/// <param name="Limit">The most that is allowed in the window.</param>
/// <param name="Used">How much of it is used.</param>
/// <param name="ResetsAt">When the window ends, Unix milliseconds.</param>
internal readonly record struct LimitState(long Limit, long Used, long ResetsAt)
{
    public bool IsExceeded => Used > Limit;
}

internal static class CallWindows
{
    /// <summary>The length of a window, in milliseconds: 15 minutes from its first call.</summary>
    public const long Length = 900_000;

    extension(HttpContext http)
    {
        /// <summary>Sends the three headers. A later state of the same answer replaces an earlier one.</summary>
        public void ShowLimit(LimitState state)
        {
            var headers = http.Response.Headers;
            headers["x-rate-limit-limit"] = state.Limit.ToString(CultureInfo.InvariantCulture);
            headers["x-rate-limit-remaining"] = Math.Max(0, state.Limit - state.Used).ToString(CultureInfo.InvariantCulture);

            // Rounded up: a client that waits for this second must find the window open.
            headers["x-rate-limit-reset"] = ((state.ResetsAt + 999) / 1000).ToString(CultureInfo.InvariantCulture);
        }

        /// <summary>Says in seconds, at least one, when to come again.</summary>
        public void ShowRetryAfter(long resetsAt, DateTimeOffset now) => http.Response.Headers.RetryAfter =
            Math.Max(1, (resetsAt - now.ToUnixTimeMilliseconds() + 999) / 1000).ToString(CultureInfo.InvariantCulture);
    }
}
