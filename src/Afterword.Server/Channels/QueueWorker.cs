using Afterword.Server.Configuration;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels;

/// <summary>Sends what is due in queues: a bounded number at once in each, and none waits for another.</summary>
/// <remarks>
/// One loop looks for what is due when a commit of this process rings, when an attempt has ended, and every so often besides:
/// the first two are hints, the look is what nothing escapes. No transaction spans an attempt.
/// </remarks>
internal abstract class QueueWorker<TQueue, TItem>(Store store, Settings settings, ChangeNotifier changeNotifier, OutgoingConnections connections, Func<double> chance, TimeProvider clock)
    : BackgroundService, IAsyncDisposable
    where TQueue : notnull
{
    // While the store does not answer, the word on an attempt is tried again this often.
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(250);

    private readonly RetrySchedule _schedule = new(settings.Channels.RetrySchedule, chance);
    private readonly AsyncAutoResetEvent _rung = new();
    private readonly SemaphoreSlim _looking = new(1);
    private readonly Lock _lock = new();
    private readonly Dictionary<TQueue, HashSet<Task>> _underWay = [];
    private readonly Dictionary<TQueue, PermitRequest> _permits = [];
    private Task[] _comes = [];
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _abort = new();
    private bool _disposed;

    /// <summary>Sends all that is due now and returns when nothing is under way any more.</summary>
    public async Task DrainAsync(CancellationToken stop)
    {
        await _begun.Task.WaitAsync(stop);
        while (await LookAsync(stop) || UnderWay.Length > 0) await Task.WhenAll([.. UnderWay, .. _comes]).WaitAsync(stop);
    }

    public override void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        base.Dispose();
    }

    /// <summary>Ends at once; what is under way is made again by whoever comes next.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;

        _disposed = true;
        await _abort.CancelAsync();
        await Task.WhenAll(UnderWay);
        base.Dispose();

        // Stopped before it began, it counts as cancelled.
        await (ExecuteTask ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var permits in _permits.Values) permits.Dispose();
        _abort.Dispose();
        _looking.Dispose();
    }

    /// <summary>Ends the leases of a server that is no more.</summary>
    protected abstract Task EndAllAsync(CancellationToken stop);

    /// <summary>Finds the queues with something due.</summary>
    protected abstract Task<List<TQueue>> DueQueuesAsync(CancellationToken stop);

    /// <summary>Takes what is due longest in a queue, under a lease.</summary>
    protected abstract Task<List<TItem>> ClaimAsync(TQueue queue, int most, CancellationToken stop);

    /// <summary>Where the connections of a queue lead.</summary>
    protected abstract EndpointKey EndOf(TQueue queue);

    /// <summary>Makes one attempt, over one connection.</summary>
    protected abstract Task<ChannelAttempt> AttemptAsync(TQueue queue, TItem item, OutgoingPermit permit, CancellationToken abort);

    /// <summary>Failed attempts before the one that was just made.</summary>
    protected abstract long FailuresOf(TItem item);

    /// <summary>Notes what became of an attempt; false when another node has taken over since.</summary>
    protected abstract Task<bool> SettleAsync(TItem item, ChannelAttempt attempt, TimeSpan? retryIn);

    /// <summary>How often <see cref="WorkAsync"/> is done.</summary>
    protected abstract TimeSpan WorkEvery { get; }

    /// <summary>Regular work beside the sending, which does not wait for it.</summary>
    protected abstract Task WorkAsync(CancellationToken stop);

    /// <summary>Says that a look or regular work failed.</summary>
    protected abstract void RoundFailed(Exception error);

    /// <summary>Says that an attempt broke off by our fault.</summary>
    protected abstract void AttemptBroke(Exception error, TQueue queue, TItem item);

    /// <summary>Says what became of an attempt.</summary>
    protected abstract void Tell(TQueue queue, TItem item, ChannelAttempt attempt, TimeSpan? retryIn, bool noted);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Only one server runs on a SQLite store: whoever was at something is no more.
        if (settings.Database is null) await TryAsync(EndAllAsync, stoppingToken);
        _begun.TrySetResult();
        changeNotifier.Committed += OnNotifier;
        await Task.WhenAll(LookAroundAsync(stoppingToken), KeepWorkingAsync(stoppingToken));
        changeNotifier.Committed -= OnNotifier;

        // What is under way gets its time.
        await Task.WhenAll(UnderWay);
    }

    private Task[] UnderWay
    {
        get
        {
            lock (_lock) return [.. _underWay.Values.SelectMany(tasks => tasks)];
        }
    }

    private void OnNotifier(long sender, long subject) => _rung.Set();

    private async Task LookAroundAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await TryAsync(LookAsync, stop);
            await _rung.WaitAsync(settings.Channels.PollEvery, stop);
        }
    }

    private Task KeepWorkingAsync(CancellationToken stop) => PeriodicWork.RepeatAsync(WorkEvery, clock, WorkAsync, Told, stop, atOnce: true);

    private Task TryAsync(Func<CancellationToken, Task> run, CancellationToken stop) => PeriodicWork.TryAsync(run, Told, stop);

    private void Told(Exception error)
    {
        if (!store.Faults.Tell(error)) RoundFailed(error);
    }

    /// <summary>Begins what is due, as far as there is room in its queue.</summary>
    /// <returns>False when there was nothing; what is due in a queue without room counts, too.</returns>
    private async Task<bool> LookAsync(CancellationToken stop)
    {
        await _looking.WaitAsync(stop);
        try
        {
            var found = false;
            foreach (var queue in await DueQueuesAsync(stop)) found |= await BeginDueAsync(queue, stop);
            foreach (var permits in _permits.Values) permits.GiveBack();
            _comes = [.. _permits.Values.Select(permits => permits.Come)];
            return found;
        }
        finally
        {
            _looking.Release();
        }
    }

    /// <summary>Begins what is due in a queue. What is claimed has its permit already: a lease runs out while one waits.</summary>
    private async Task<bool> BeginDueAsync(TQueue queue, CancellationToken stop)
    {
        var room = settings.Channels.Concurrency - CountIn(queue);
        if (room <= 0 || PermitsOf(queue).TryTake() is not { } first) return true;

        var permits = new Stack<OutgoingPermit>([first]);
        try
        {
            while (permits.Count < room && connections.TryTake(EndOf(queue)) is { } another) permits.Push(another);
            var claimed = await ClaimAsync(queue, permits.Count, stop);
            foreach (var item in claimed) Begin(queue, item, permits.Pop());
            return claimed.Count > 0;
        }
        finally
        {
            foreach (var unused in permits) unused.Dispose();
        }
    }

    private PermitRequest PermitsOf(TQueue queue)
    {
        if (_permits.TryGetValue(queue, out var permits)) return permits;

        return _permits[queue] = new PermitRequest(connections, EndOf(queue), () => OnNotifier(0, 0));
    }

    private int CountIn(TQueue queue)
    {
        lock (_lock) return _underWay.TryGetValue(queue, out var tasks) ? tasks.Count : 0;
    }

    private void Begin(TQueue queue, TItem item, OutgoingPermit permit)
    {
        var sending = Task.Run(() => SendAsync(queue, item, permit, _abort.Token));
        lock (_lock)
        {
            if (!_underWay.TryGetValue(queue, out var tasks)) tasks = _underWay[queue] = [];
            tasks.Add(sending);
        }

        _ = sending.ContinueWith(ended => End(queue, ended), TaskScheduler.Default);
    }

    private void End(TQueue queue, Task sending)
    {
        lock (_lock)
        {
            _underWay[queue].Remove(sending);
            if (_underWay[queue].Count == 0) _underWay.Remove(queue);
        }

        // There is room for the next one.
        OnNotifier(0, 0);
    }

    /// <summary>One attempt and the word on it.</summary>
    private async Task SendAsync(TQueue queue, TItem item, OutgoingPermit permit, CancellationToken abort)
    {
        try
        {
            ChannelAttempt attempt;
            using (permit) attempt = await AttemptAsync(queue, item, permit, abort);
            var failures = attempt.IsEarly ? Math.Max(1, FailuresOf(item)) : FailuresOf(item) + 1;
            var retryIn = attempt is { Outcome: AttemptOutcome.Failed or AttemptOutcome.Uncertain, IsLast: false } ? _schedule.DelayAfter(failures, attempt.RetryAfter) : null;
            Tell(queue, item, attempt, retryIn, await SettleAsync(item, attempt, retryIn, abort));
        }
#pragma warning disable CA1031 // its lease runs out, and it is tried again
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (!abort.IsCancellationRequested && !store.Faults.Tell(error)) AttemptBroke(error, queue, item);
        }
    }

    private async Task<bool> SettleAsync(TItem item, ChannelAttempt attempt, TimeSpan? retryIn, CancellationToken abort)
    {
        while (true)
        {
            try
            {
                return await SettleAsync(item, attempt, retryIn);
            }
            catch (Exception error) when (store.Faults.Tell(error))
            {
                // If it takes so long that the lease runs out, the fence will refuse it, and someone else sends once more.
                await Task.Delay(s_again, abort);
            }
        }
    }
}
