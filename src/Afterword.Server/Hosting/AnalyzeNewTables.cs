using Afterword.Server.Storage;

namespace Afterword.Server.Hosting;

/// <summary>Keeps the database's planner from working blind in a new store, or with a feature that is used for the first time.</summary>
internal sealed partial class AnalyzeNewTables(Store store, TimeProvider clock, ILogger<AnalyzeNewTables> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PeriodicWork.RepeatAsync(s_every, clock, stop => store.Main.AnalyzeNewTablesAsync(stop), RoundFailed, stoppingToken);

    private void RoundFailed(Exception error)
    {
        if (!store.Faults.Tell(error)) RoundFailed(log, error);
    }

    [LoggerMessage(EventId = 1110, Level = LogLevel.Error, Message = "New tables could not be analyzed; they are looked at again in a second.")]
    private static partial void RoundFailed(ILogger log, Exception error);
}
