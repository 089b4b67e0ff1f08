using Afterword.Server.Storage;

namespace Afterword.Server.Reports;

/// <summary>Sees to it that every sender's rollups are there and of the right time zone: when the server starts, and every minute.</summary>
internal sealed partial class RollupKeeper(Store store, RebuildRollups rebuild, TimeProvider clock, ILogger<RollupKeeper> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_every, clock);
        try
        {
            do await RunAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server stops; the next start goes on.
        }
    }

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await rebuild.RunAsync(stop);
        }
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
        catch (Exception error) when (!stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            if (!store.Faults.Tell(error)) RoundFailed(log, error);
        }
    }

    [LoggerMessage(EventId = 5103, Level = LogLevel.Error, Message = "Counting figures failed; it goes on in a minute.")]
    private static partial void RoundFailed(ILogger log, Exception error);
}
