using System.Collections.Concurrent;
using System.Threading.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>Brings what is due to its endpoints: one worker for each endpoint that has something, and none waits for another.</summary>
/// <remarks>
/// A worker starts at the notification of a commit in this process, at the word of another node, or when a look at the store finds
/// something due. The first two are hints; the look is what nothing escapes.
/// </remarks>
internal sealed class WebhookWorker : BackgroundService, IAsyncDisposable
{
    private const string Channel = "afterword_webhooks";

    // Stands before the name of an endpoint that nobody may hold yet: whoever hears it tries to deliver.
    private const char Begin = '+';

    // Names travel together; PostgreSQL takes 7,999 bytes, and one has at most 41.
    private const int NamesAtOnce = 150;

    private static readonly TimeSpan s_sweepEvery = TimeSpan.FromMinutes(1);

    private readonly Store _store;
    private readonly Settings _settings;
    private readonly OutgoingConnections _connections;
    private readonly TimeProvider _clock;
    private readonly ILogger<WebhookWorker> _log;
    private readonly EndpointWorkerContext _tools;
    private readonly Lock _lock = new();
    private readonly Dictionary<EndpointKey, EndpointWorker> _workers = [];
    private readonly ConcurrentDictionary<EndpointKey, long> _elsewhere = new();
    private readonly Channel<EndpointKey> _toTell = System.Threading.Channels.Channel.CreateUnbounded<EndpointKey>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _abort = new();
    private bool _disposed;

    public WebhookWorker(
        Store store, Settings settings, Leases leases, Settlements settlements, RetryNow retryNow, WebhookSender sender, RetrySchedule schedule,
        OutgoingConnections connections, TimeProvider clock, ILogger<WebhookWorker> log)
    {
        (_store, _settings, _connections, _clock, _log) = (store, settings, connections, clock, log);
        _tools = new(store, leases, settlements, retryNow, sender, connections, schedule, settings, clock, log);
    }

    /// <summary>How long a worker waits for more before it gives its lease back.</summary>
    public TimeSpan Linger { get; set; } = TimeSpan.FromSeconds(5);

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Tells all nodes, from a process that delivers nothing itself, that there is something due for these endpoints.</summary>
    public static async Task TellAsync(Database db, IEnumerable<EndpointKey> endpoints, CancellationToken stop)
    {
        foreach (var some in endpoints.Chunk(NamesAtOnce)) await db.NotifyAsync(Channel, string.Join(' ', some.Select(endpoint => $"{Begin}{endpoint}")), stop);
    }

    /// <summary>Delivers all that is due now and returns when nothing is under way any more.</summary>
    public async Task DrainAsync(CancellationToken stop)
    {
        // A lease that was taken before those of the last server were ended would be ended with them.
        await _begun.Task.WaitAsync(stop);
        while (await LookAsync(stop) > 0) await QueuesAsync().WaitAsync(stop);
    }

    public override void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        base.Dispose();
    }

    /// <summary>Ends at once; what is under way is delivered again by whoever comes next.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;

        _disposed = true;
        _store.WebhookNotifier.Committed -= OnNotifier;
        await _stopping.CancelAsync();
        await _abort.CancelAsync();
        await QueuesAsync();
        base.Dispose();

        // Stopped before it began, it counts as cancelled.
        await (ExecuteTask ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        _abort.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stop = stoppingToken.Register(_stopping.Cancel);

        // Only one server runs on a SQLite store: whoever held a lease is no more.
        if (_settings.Database is null) await UntilDoneAsync(_tools.Leases.EndAllAsync, stoppingToken);
        _begun.TrySetResult();
        _store.WebhookNotifier.Committed += OnNotifier;
        await Task.WhenAll(
            RepeatAsync(LookAroundAsync, stoppingToken), RepeatAsync(TellAsync, stoppingToken),
            RepeatAsync(ListenAsync, stoppingToken));
        _store.WebhookNotifier.Committed -= OnNotifier;

        // What is under way gets its time, then the leases are given back.
        await QueuesAsync();
    }

    // What was told before that, the next look finds.
    private Task ListenAsync(CancellationToken stop) => _store.Main.ListenAsync(Channel, static () => { }, Hear, stop);

    /// <summary>Runs something that should never end, again and again if it does.</summary>
    private async Task RepeatAsync(Func<CancellationToken, Task> run, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested) await UntilDoneAsync(run, stop);
    }

    private async Task UntilDoneAsync(Func<CancellationToken, Task> run, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await run(stop);
                return;
            }
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
            catch (Exception error)
#pragma warning restore CA1031
            {
                if (stop.IsCancellationRequested) return;

                if (!_store.Faults.Tell(error)) WebhookWorkerLog.RoundFailed(_log, error);
                await Task.Delay(_settings.Webhooks.PollEvery, stop).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }

    private async Task LookAroundAsync(CancellationToken stop)
    {
        var swept = _clock.GetTimestamp();
        while (true)
        {
            await LookAsync(stop);
            if (_clock.GetElapsedTime(swept) >= s_sweepEvery)
            {
                swept = _clock.GetTimestamp();
                _connections.DropIdle();
            }

            await Task.Delay(_settings.Webhooks.PollEvery, stop);
        }
    }

    /// <summary>Looks for endpoints with something due that nobody holds, and gives their number with those held here.</summary>
    private async Task<int> LookAsync(CancellationToken stop)
    {
        var now = Now;

        // A subquery of its own for each endpoint: one step into the index, however much waits.
        var due = await _store.Main.ReadAsync(
            session => session.Sql(
                """
                select w.sender_id, w.id, w.lease_until from webhook w
                where w.removed_at is null and w.disabled_at is null and w.polled = 0 and not exists (select 1 from outbound_hold) and (
                    select d.due_at from delivery d
                    where d.sender_id = w.sender_id and d.endpoint_id = w.id and d.state = 0
                    order by d.due_at limit 1) <= @now
                """).Bind("now", now).ListAsync(row => (Endpoint: new EndpointKey(row.GetInt64(0), row.GetInt64(1)), LeasedUntil: row.GetInt64(2)), stop),
            stop);
        return due.Count(found => Wake(found.Endpoint, start: found.LeasedUntil <= now, tell: false));
    }

    private void OnNotifier(long sender, long subject)
    {
        var endpoint = new EndpointKey(sender, subject);
        var elsewhere = _elsewhere.TryGetValue(endpoint, out var until) && until > Now;
        if (!Wake(endpoint, start: !elsewhere, tell: true)) _toTell.Writer.TryWrite(endpoint);
    }

    private void Hear(string names)
    {
        foreach (var name in names.Split(' '))
        {
            // A node that tells it knows that someone holds the lease: only that one has to do anything. A command knows nothing.
            var begins = name.StartsWith(Begin);
            if (EndpointKey.TryParse(begins ? name[1..] : name, out var endpoint)) Wake(endpoint, start: begins, tell: false);
        }
    }

    /// <summary>Wakes the endpoint's worker, or starts it.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="start">Whether to start one where there is none.</param>
    /// <param name="tell">Whether to tell the other nodes when one of them turns out to hold the lease.</param>
    /// <returns>Whether there is a worker.</returns>
    private bool Wake(EndpointKey endpoint, bool start, bool tell)
    {
        lock (_lock)
        {
            if (_workers.TryGetValue(endpoint, out var running) && running.TryNotify()) return true;
            if (!start || _stopping.IsCancellationRequested) return false;

            var worker = new EndpointWorker(endpoint, _tools);
            _workers[endpoint] = worker;
            _elsewhere.TryRemove(endpoint, out _);
            worker.Start(Linger, until => HeldElsewhere(endpoint, until, tell), _stopping.Token, _abort.Token);
            _ = worker.Done.ContinueWith(_ => Forget(endpoint, worker), TaskScheduler.Default);
            return true;
        }
    }

    private void HeldElsewhere(EndpointKey endpoint, long until, bool tell)
    {
        _elsewhere[endpoint] = until;
        if (tell) _toTell.Writer.TryWrite(endpoint);
    }

    private void Forget(EndpointKey endpoint, EndpointWorker worker)
    {
        lock (_lock)
        {
            if (_workers.TryGetValue(endpoint, out var running) && running == worker) _workers.Remove(endpoint);
        }
    }

    private Task QueuesAsync()
    {
        lock (_lock) return Task.WhenAll(_workers.Values.Select(worker => worker.Done));
    }

    /// <summary>Tells the other nodes of what is new for endpoints that one of them holds.</summary>
    private async Task TellAsync(CancellationToken stop)
    {
        var names = new HashSet<EndpointKey>();
        while (await _toTell.Reader.WaitToReadAsync(stop))
        {
            while (names.Count < NamesAtOnce && _toTell.Reader.TryRead(out var endpoint)) names.Add(endpoint);
            await _store.Main.NotifyAsync(Channel, string.Join(' ', names), stop);
            names.Clear();
        }
    }
}
