namespace Afterword.Server.Webhooks;

/// <summary>How an endpoint does, as the worker sees it that delivers to it.</summary>
/// <param name="failingSince">The first failed attempt since the last success, Unix milliseconds; null when the last attempt succeeded.</param>
/// <param name="most">How many requests it may have at once.</param>
internal sealed class EndpointThrottle(long? failingSince, int most)
{
    // Shorter troubles leave nothing that waits for long. To try early what failed in them would only speed up an endpoint that
    // takes some events and refuses others.
    internal static readonly TimeSpan Outage = TimeSpan.FromMinutes(1);

    private long? _failingSince = failingSince;
    private bool _isMended;

    /// <summary>How many requests it gets at once: one until it takes something, for one that hangs must not hold many for 15 s each.</summary>
    public int Limit { get; private set; } = 1;

    public bool IsFailing => _failingSince is not null;

    /// <summary>
    /// It took something over after it had refused everything for a while, and has refused nothing since: as many as
    /// <see cref="Limit"/> of those that wait may be tried early.
    /// </summary>
    public bool GetsMore { get; private set; }

    public void Note(DeliveryAttempt attempt)
    {
        Limit = attempt.Succeeded ? Math.Min(Limit * 2, most) : Math.Max(Limit / 2, 1);
        if (!attempt.Succeeded)
        {
            _failingSince ??= attempt.StartedAt;
            GetsMore = _isMended = false;
        }
        else
        {
            _isMended |= attempt.StartedAt - _failingSince >= Outage.TotalMilliseconds;
            GetsMore = _isMended;
            _failingSince = null;
        }
    }

    /// <summary>So many were made due early. It gets more when it has taken one; if there were fewer than it might have, there are no more.</summary>
    public void Gave(long some) => (GetsMore, _isMended) = (false, some >= Limit);
}
