namespace Afterword.Server.Webhooks;

/// <summary>How an endpoint does, as the lane sees it that delivers to it.</summary>
/// <param name="failingSince">The first failed attempt since the last success, Unix milliseconds; null when the last attempt succeeded.</param>
/// <param name="most">How many requests it may have at once.</param>
internal sealed class Pace(long? failingSince, int most)
{
    // Shorter troubles leave nothing that waits for long. To try early what failed in them would only speed up an endpoint that
    // takes some events and refuses others.
    private static readonly TimeSpan s_outage = TimeSpan.FromMinutes(1);

    private long? _failingSince = failingSince;

    /// <summary>How many requests it gets at once: one until it takes something, for one that hangs must not hold many for 15 s each.</summary>
    public int Limit { get; private set; } = 1;

    public bool IsFailing => _failingSince is not null;

    /// <summary>It took something over after it had refused everything for a while. Whoever acts on it sets it back.</summary>
    public bool IsMended { get; set; }

    public void Note(Attempt attempt)
    {
        Limit = attempt.Succeeded ? Math.Min(Limit * 2, most) : Math.Max(Limit / 2, 1);
        if (!attempt.Succeeded) _failingSince ??= attempt.StartedAt;
        else
        {
            IsMended |= attempt.StartedAt - _failingSince >= s_outage.TotalMilliseconds;
            _failingSince = null;
        }
    }
}
