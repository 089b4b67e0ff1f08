using Afterword.Server.Storage;

namespace Afterword.Server.Hosting;

/// <summary>Renews the worker number in time, and as soon as the store answers again after it did not.</summary>
internal sealed partial class KeepWorkerNumber(Store store, WorkerLease lease, TimeProvider clock, ILogger<KeepWorkerNumber> log) : BackgroundService
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (isWell, renewed) = (true, clock.GetTimestamp());
        while (await WaitAsync(stoppingToken))
        {
            // A process that was stopped finds at once that its number has run out.
            if (isWell && lease.Holds && clock.GetElapsedTime(renewed) < WorkerLease.RenewEvery) continue;

            try
            {
                var (before, now) = await lease.RenewAsync(stoppingToken);
                if (before != now) PassedOn(log, before, now);

                // An answer that took long may have come too late for the number.
                (isWell, renewed) = (lease.Holds, clock.GetTimestamp());
            }
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                if (!store.Faults.Tell(error) && isWell) NotRenewed(log, error);
                isWell = false;
            }
        }
    }

    private async Task<bool> WaitAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(s_look, clock, stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(EventId = 1108, Level = LogLevel.Warning, Message = "Worker number {Before} passed to another process while this one was stopped or cut off from the store; it uses {Now} from now on.")]
    private static partial void PassedOn(ILogger log, int before, int now);

    [LoggerMessage(EventId = 1109, Level = LogLevel.Error, Message = "The worker number could not be renewed; it is tried again every second.")]
    private static partial void NotRenewed(ILogger log, Exception error);
}
