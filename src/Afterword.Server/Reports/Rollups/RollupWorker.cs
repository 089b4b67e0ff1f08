using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Rollups;

/// <summary>Sees to it that every sender's rollups are there and of the right time zone: when the server starts, and every minute.</summary>
internal sealed partial class RollupWorker(Store store, RebuildRollups rebuild, TimeProvider clock, ILogger<RollupWorker> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromMinutes(1);

    // What is stopped half-way goes on at the next start.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PeriodicWork.RepeatAsync(s_every, clock, rebuild.RunAsync, RoundFailed, stoppingToken, atOnce: true);

    private void RoundFailed(Exception error)
    {
        if (!store.Faults.Tell(error)) RoundFailed(log, error);
    }

    [LoggerMessage(EventId = 5103, Level = LogLevel.Error, Message = "Counting figures failed; it goes on in a minute.")]
    private static partial void RoundFailed(ILogger log, Exception error);
}
