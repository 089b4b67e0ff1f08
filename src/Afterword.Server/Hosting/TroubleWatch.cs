using Afterword.Server.Access;
using Afterword.Server.Storage;

namespace Afterword.Server.Hosting;

/// <summary>Sees every few seconds which causes hold and which are over, whether or not anybody asks for something.</summary>
internal sealed partial class TroubleWatch(
    Store store, StoreWatch watch, WorkerLease lease, Admissions admissions, Readiness readiness, TimeProvider clock, ILogger<TroubleWatch> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(5);

    /// <summary>Looks once.</summary>
    /// <param name="tries">Whether to read and write even when nothing has failed.</param>
    /// <param name="stop">Gives up.</param>
    public async Task LookAsync(bool tries, CancellationToken stop)
    {
        watch.Tell();
        Cause?[] stalls = [store.Main.StalledBy, store.Admissions.StalledBy];
        Note(Cause.CommitsHang, stalls.Contains(Cause.CommitsHang));
        if (stalls.Contains(Cause.NoAnswer)) store.Troubles.Meet(Cause.NoAnswer);
        Note(Cause.WorkerNumberLost, !lease.Holds);
        Note(Cause.NoncesInMemory, admissions.Remembers);
        if (store.Main.IsFull || store.Admissions.IsFull) store.Troubles.Meet(Cause.OverCapacity);

        // Both tell what they find.
        if ((tries || Causes.All.Any(cause => cause.NeedsTrial && store.Troubles.Holds(cause))) && await readiness.WhyNoReadsAsync(stop) is null) await readiness.WhyNoWritesAsync(stop);
        store.Troubles.EndQuiet();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Rounds.RepeatAsync(s_every, clock, stop => LookAsync(tries: false, stop), error => Failed(log, error), stoppingToken);

    private void Note(Cause cause, bool holds)
    {
        if (holds) store.Troubles.Meet(cause);
        else store.Troubles.End(cause);
    }

    [LoggerMessage(EventId = 1116, Level = LogLevel.Error, Message = "A look at what is wrong failed; the next one comes in five seconds.")]
    private static partial void Failed(ILogger log, Exception error);
}
