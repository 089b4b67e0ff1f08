using Afterword.Server.OAuth;
using Afterword.Server.Storage;

namespace Afterword.Server.Hosting.Monitoring;

/// <summary>Sees every few seconds which causes hold and which are over, whether or not anybody asks for something.</summary>
internal sealed partial class ProblemMonitor(
    Store store, StoreMonitor watch, WorkerLease lease, NonceStore nonceStore, Readiness readiness, TimeProvider clock, ILogger<ProblemMonitor> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(5);

    /// <summary>Looks once.</summary>
    /// <param name="tries">Whether to read and write even when nothing has failed.</param>
    /// <param name="stop">Gives up.</param>
    public async Task LookAsync(bool tries, CancellationToken stop)
    {
        watch.Tell();
        ProblemCause?[] stalls = [store.Main.StalledBy, store.Nonces.StalledBy];
        Note(ProblemCause.CommitsHang, stalls.Contains(ProblemCause.CommitsHang));
        if (stalls.Contains(ProblemCause.NoAnswer)) store.Problems.Meet(ProblemCause.NoAnswer);
        Note(ProblemCause.WorkerNumberLost, !lease.Holds);
        Note(ProblemCause.NoncesInMemory, nonceStore.Remembers);
        if (store.Main.IsFull || store.Nonces.IsFull) store.Problems.Meet(ProblemCause.OverCapacity);

        // Both tell what they find.
        if ((tries || ProblemCauses.All.Any(cause => cause.NeedsTrial && store.Problems.Holds(cause))) && await readiness.WhyNoReadsAsync(stop) is null) await readiness.WhyNoWritesAsync(stop);
        store.Problems.EndQuiet();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        PeriodicWork.RepeatAsync(s_every, clock, stop => LookAsync(tries: false, stop), error => Failed(log, error), stoppingToken);

    private void Note(ProblemCause cause, bool holds)
    {
        if (holds) store.Problems.Meet(cause);
        else store.Problems.End(cause);
    }

    [LoggerMessage(EventId = 1116, Level = LogLevel.Error, Message = "A look at what is wrong failed; the next one comes in five seconds.")]
    private static partial void Failed(ILogger log, Exception error);
}
