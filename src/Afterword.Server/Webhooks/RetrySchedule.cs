namespace Afterword.Server.Webhooks;

/// <summary>Decides how long to wait before the next attempt, or that there will be none.</summary>
/// <param name="waits">How long after the first failure, the second, and so on.</param>
/// <param name="random">Gives numbers from 0 up to 1: endpoints that failed together must not come back together.</param>
internal sealed class RetrySchedule(IReadOnlyList<TimeSpan> waits, Func<double> random)
{
    private const double Jitter = 0.2;
    private static readonly TimeSpan s_mostAsked = TimeSpan.FromDays(1);

    /// <summary>How long an endpoint is left alone that asked for a wait.</summary>
    public static TimeSpan WaitAsked(TimeSpan retryAfter) => retryAfter > s_mostAsked ? s_mostAsked : retryAfter;

    /// <param name="failures">How often the delivery has failed, the last time included; 1 or more.</param>
    /// <param name="retryAfter">What the endpoint asked for; a shorter wait than the schedule's changes nothing, one of more than a day is cut.</param>
    public TimeSpan? DelayAfter(long failures, TimeSpan? retryAfter)
    {
        if (failures > waits.Count) return null;

        var wait = waits[(int)failures - 1] * (1 + (Jitter * ((2 * random()) - 1)));
        var asked = WaitAsked(retryAfter ?? TimeSpan.Zero);
        return wait > asked ? wait : asked;
    }
}
