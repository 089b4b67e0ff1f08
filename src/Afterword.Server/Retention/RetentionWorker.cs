using System.Diagnostics;
using System.Security.Cryptography;
using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>Once a day, and soon after someone chose anew, removes what senders keep no longer. Of several nodes, the one that has the lease does it.</summary>
internal sealed partial class RetentionWorker(Store store, StoreMonitor watch, RemoveOld remove, TimeProvider clock, ILogger<RetentionWorker> log) : BackgroundService
{
    private static readonly TimeSpan s_look = TimeSpan.FromMinutes(1);

    private readonly string _holder = Convert.ToHexString(RandomNumberGenerator.GetBytes(8));

    /// <summary>Makes a round if one is due and nobody else makes it.</summary>
    /// <remarks>Not by a clock that may be wrong: what is removed is gone. Not after a restore either, until someone resumes: they may have restored what a wrong choice removed.</remarks>
    /// <returns>What was removed; null when there was no round.</returns>
    public async Task<RemovedCounts?> RunAsync(CancellationToken stop)
    {
        if (watch.Because is not null || await OutboundPause.FindAsync(store.Main, stop) is not null) return null;
        if (await store.Main.ReadAsync(session => SenderRetention.NextAsync(session, after: 0, stop), stop) is null) return null;
        if (!await RetentionRun.TryBeginAsync(store.Main, _holder, clock.GetUtcNow(), RetentionRun.Every, stop)) return null;

        try
        {
            var began = Stopwatch.GetTimestamp();
            if (await remove.RunAsync(_holder, only: null, stop) is not { } removed)
            {
                TakenOver(log);
                return null;
            }

            await RetentionRun.EndAsync(store.Main, _holder, clock.GetUtcNow(), stop);
            var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (!removed.IsNothing) Ended(log, removed, took);
            return removed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await RetentionRun.GiveBackAsync(store.Main, _holder, CancellationToken.None);
            throw;
        }
#pragma warning disable CA1031 // whatever it is, the operator hears of it and the server goes on
        catch (Exception error)
#pragma warning restore CA1031
        {
            await RetentionRun.FailAsync(store.Main, _holder, clock.GetUtcNow(), string.Join(' ', ErrorReasons.Of(error)), CancellationToken.None);
            throw;
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PeriodicWork.RepeatAsync(s_look, clock, RunAsync, RoundFailed, stoppingToken, atOnce: true);

    private void RoundFailed(Exception error)
    {
        if (!store.Faults.Tell(error)) RoundFailed(log, error);
    }

    [LoggerMessage(EventId = 1501, Level = LogLevel.Information, Message = "What senders keep no longer is removed: {Removed}. It took {Seconds:N0} s.")]
    private static partial void Ended(ILogger log, RemovedCounts removed, double seconds);

    [LoggerMessage(EventId = 1502, Level = LogLevel.Warning, Message = "Another node has taken over the removal of what senders keep no longer.")]
    private static partial void TakenOver(ILogger log);

    [LoggerMessage(EventId = 1503, Level = LogLevel.Error, Message = "The removal of what senders keep no longer failed; it goes on within the hour.")]
    private static partial void RoundFailed(ILogger log, Exception error);
}
