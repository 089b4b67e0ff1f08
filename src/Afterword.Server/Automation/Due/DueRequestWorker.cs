using Afterword.Server.Configuration;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Due;

/// <summary>Looks for what is due, when a commit of this process rings, when the next is due, and every so often besides, and has it asked.</summary>
internal sealed partial class DueRequestWorker(Store store, DueConversations due, SendDueRequests ask, Settings settings, ILogger<DueRequestWorker> log) : BackgroundService
{
    // Two batches of a sender: while one is committed, the next waits.
    private const int AtOnce = 512;
    private const int SendersAtOnce = 8;

    // While a clock stands still, the next moment does not come.
    private static readonly TimeSpan s_leastWait = TimeSpan.FromMilliseconds(50);

    private readonly AsyncAutoResetEvent _rung = new();
    private readonly SemaphoreSlim _looking = new(1);
    private TimeSpan? _next;

    /// <summary>Asks all that is due now.</summary>
    public async Task DrainAsync(CancellationToken stop)
    {
        while (await LookAsync(stop) > 0)
        {
            // There may be more than is asked at once.
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _looking.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Only one server runs on a SQLite store: whoever held a lease is no more.
        if (settings.Database is null) await PeriodicWork.TryAsync(due.EndAllAsync, RoundFailed, stoppingToken);
        store.AutomationNotifier.Committed += OnNotifier;
        while (!stoppingToken.IsCancellationRequested)
        {
            var asked = 0;
            await PeriodicWork.TryAsync(async stop => asked = await LookAsync(stop), RoundFailed, stoppingToken);

            // Nobody waits for the next look whose moment is known.
            if (asked == 0) await _rung.WaitAsync(_next is { } next ? (next > s_leastWait ? next : s_leastWait) : settings.Automation.PollEvery, stoppingToken);
        }

        store.AutomationNotifier.Committed -= OnNotifier;
        await PeriodicWork.TryAsync(due.ReleaseAsync, RoundFailed, CancellationToken.None);
    }

    private void OnNotifier(long sender, long subject) => _rung.Set();

    /// <returns>How many conversations were settled.</returns>
    private async Task<int> LookAsync(CancellationToken stop)
    {
        await _looking.WaitAsync(stop);
        try
        {
            var settled = 0;
            _next = null;
            (var senders, _next) = await due.SendersAsync(settings.Automation.PollEvery, stop);
            await Parallel.ForEachAsync(
                senders, new ParallelOptions { MaxDegreeOfParallelism = SendersAtOnce, CancellationToken = stop },
                async (sender, cancelled) => Interlocked.Add(ref settled, await AskAsync(sender, cancelled)));
            return settled;
        }
        finally
        {
            _looking.Release();
        }
    }

    private async ValueTask<int> AskAsync(long sender, CancellationToken stop)
    {
        var keys = await due.OfAsync(sender, AtOnce, stop);
        var asking = keys.Select(ask.RunAsync).ToArray();

        // What fails by itself does not keep the others from being asked; it is due again at the next look.
        await ((Task)Task.WhenAll(asking)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        for (var i = 0; i < asking.Length; i++)
        {
            if (asking[i].Exception?.InnerException is { } error && !store.Faults.Tell(error)) AskingFailed(log, error, keys[i].Id);
        }

        return asking.Count(one => one is { IsCompletedSuccessfully: true, Result: true });
    }

    private void RoundFailed(Exception error)
    {
        if (!store.Faults.Tell(error)) RoundFailed(log, error);
    }

    [LoggerMessage(EventId = 6101, Level = LogLevel.Error, Message = "A look for conversations that are due failed; the next one comes soon.")]
    private static partial void RoundFailed(ILogger log, Exception error);

    [LoggerMessage(EventId = 6102, Level = LogLevel.Error, Message = "Conversation {Conversation} is due and could not be asked about; it is tried again.")]
    private static partial void AskingFailed(ILogger log, Exception error, long conversation);
}
