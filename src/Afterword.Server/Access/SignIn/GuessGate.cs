using System.Net;
using System.Threading.RateLimiting;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;

namespace Afterword.Server.Access.SignIn;

/// <summary>Slows an address down after too many wrong passwords or codes, for whatever accounts, and lets few be checked at once.</summary>
internal sealed class GuessGate(Settings settings) : IDisposable
{
    // Checking a password takes a tenth of a second of a core by design, so that only a few may run at once.
    private readonly ConcurrencyLimiter _checks = new(new()
    {
        PermitLimit = Math.Max(1, Environment.ProcessorCount / 2),
        QueueLimit = 64,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    private readonly PartitionedRateLimiter<IPAddress> _failures = PartitionedRateLimiter.Create<IPAddress, IPAddress>(address =>
        RateLimitPartition.GetSlidingWindowLimiter(address, _ => new()
        {
            PermitLimit = settings.SignIn.FailuresPerMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 6,
            QueueLimit = 0,
        }));

    /// <param name="from">Who tries.</param>
    /// <param name="check">Looks whether it is right.</param>
    /// <param name="isWrong">Whether its outcome counts against the address.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>What <paramref name="check"/> gave, or the default when it was not asked: too many attempts.</returns>
    public async Task<T?> RunAsync<T>(IPAddress? from, Func<Task<T>> check, Func<T, bool> isWrong, CancellationToken stop)
        where T : class
    {
        using var turn = await _checks.AcquireAsync(1, stop);
        if (!turn.IsAcquired) return null;

        // Asked when it is this attempt's turn: of a thousand that came together, most find the allowance used up.
        var network = Networks.Of(from);
        using (var allowance = _failures.AttemptAcquire(network, permitCount: 0))
        {
            if (!allowance.IsAcquired) return null;
        }

        var outcome = await check();
        if (isWrong(outcome)) _failures.AttemptAcquire(network).Dispose();
        return outcome;
    }

    public void Dispose()
    {
        _checks.Dispose();
        _failures.Dispose();
    }
}
