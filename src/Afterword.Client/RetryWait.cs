namespace Afterword.Client;

/// <summary>How long to wait before a call is repeated that was refused for the time being.</summary>
internal static class RetryWait
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);

    // The length of the server's windows, for a refusal that names no time.
    private static readonly TimeSpan s_usual = TimeSpan.FromMinutes(15);

    public static TimeSpan For(FeedbackApiException refusal, DateTimeOffset now)
    {
        var wait = refusal.RetryAt is { } at ? at - now : s_usual;

        // A clock ahead of the server's makes the wait negative; a hasty loop would only feed the limit.
        return TimeSpan.FromTicks(Math.Clamp(wait.Ticks, s_shortest.Ticks, s_longest.Ticks));
    }
}
