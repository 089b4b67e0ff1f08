using System.Diagnostics;
using System.Threading.Channels;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>Delivers to one endpoint for as long as there is something due and this node holds its lease.</summary>
/// <remarks>
/// One loop owns the state; requests and settlements run beside it and tell it by signals. In memory lie the deliveries that
/// were read and are not settled yet, those of one prompt in a row of which only the first is at work.
/// </remarks>
internal sealed partial class EndpointWorker(EndpointKey key, EndpointWorkerContext tools)
{
    // Read ahead of what can be sent at once, and what may wait for its settlement besides.
    private const int Ahead = 4;
    private const int MostKnown = 12;

    private static readonly TimeSpan s_wholeReadEvery = TimeSpan.FromSeconds(1);

    // Of a stream of attempts, so many are gathered for so long before the next are settled: a commit costs the same for one as
    // for a hundred, and nothing but the next event of the same prompt waits for it.
    private const int Stream = 8;
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(3);

    private readonly Lock _lock = new();
    private readonly Channel<WorkerSignal> _signals = Channel.CreateUnbounded<WorkerSignal>(new UnboundedChannelOptions { SingleReader = true });
    private readonly HashSet<long> _known = [];
    private readonly Dictionary<long, LinkedList<Delivery>> _prompts = [];
    private readonly Queue<Delivery> _ready = new();
    private readonly List<Settlement> _attempted = [];
    private bool _settling;
    private bool _rung;
    private bool _closed;
    private Lease _lease = null!;
    private long _until;
    private bool _more;
    private bool _ended;
    private EndpointThrottle _endpointThrottle = null!;
    private int _sending;
    private int _unsettled;
    private Delivery? _last;
    private long _wholeReadAt;

    /// <summary>Ends when the worker has closed.</summary>
    public Task Done { get; private set; } = Task.CompletedTask;

    /// <summary>Says that there is something new. False when the worker has closed and cannot hear.</summary>
    public bool TryNotify()
    {
        lock (_lock)
        {
            if (_closed) return false;
            if (_rung) return true;

            _rung = true;
        }

        _signals.Writer.TryWrite(default);
        return true;
    }

    /// <param name="linger">How long the worker waits for more before it gives the lease back.</param>
    /// <param name="held">Called when another node holds the lease, with the time until which it does at most.</param>
    /// <param name="stopping">Ends it when what is under way has ended.</param>
    /// <param name="abort">Breaks off what is under way.</param>
    public void Start(TimeSpan linger, Action<long> held, CancellationToken stopping, CancellationToken abort)
    {
        // Whoever rings, often a commit, has a span, and the worker outlives it.
        using var alone = ExecutionContext.SuppressFlow();
        Done = Task.Run(() => RunAsync(linger, held, stopping, abort), CancellationToken.None);
    }

    private async Task RunAsync(TimeSpan linger, Action<long> held, CancellationToken stopping, CancellationToken abort)
    {
        try
        {
            do
            {
                var answer = await tools.Leases.TakeAsync(key);
                if (answer.HeldUntil is { } until) held(until);
                if (answer.Lease is not { } lease) break;

                await DeliverAsync(lease, linger, stopping, abort);
                await tools.Leases.ReleaseAsync(_lease);
            }
            while (!stopping.IsCancellationRequested && !TryClose());
        }
#pragma warning disable CA1031 // whatever it was, the next look at the store starts a new lane
        catch (Exception error) when (!abort.IsCancellationRequested)
#pragma warning restore CA1031
        {
            if (!tools.Store.Faults.Tell(error)) WebhookWorkerLog.LaneFailed(tools.Log, error, key.Id);
        }
        catch (Exception error) when (error is OperationCanceledException or ChannelClosedException or ObjectDisposedException or StoreUnavailableException)
        {
            // Broken off: the lease runs out by itself.
        }
        finally
        {
            lock (_lock) _closed = true;
        }
    }

    /// <summary>Closes unless there was a ring since it was last heard.</summary>
    private bool TryClose()
    {
        lock (_lock) return _closed = !_rung;
    }

    private async Task DeliverAsync(Lease lease, TimeSpan linger, CancellationToken stopping, CancellationToken abort)
    {
        Begin(lease);
        await using var wake = stopping.Register(() => _signals.Writer.TryWrite(default));
        using var permits = new PermitRequest(tools.Connections, key, () => _signals.Writer.TryWrite(new() { HasPermit = true }));
        while (true)
        {
            Hear();
            if (_ended || stopping.IsCancellationRequested)
            {
                if (_unsettled == 0) return;
            }
            else
            {
                if (_more && _ready.Count < _endpointThrottle.Limit && _known.Count < MostKnown * tools.Settings.Webhooks.Concurrency) await ReadAsync(abort);
                await SendReadyAsync(permits, abort);
                if (_known.Count == 0 && !_more && !_ended && !await WaitAsync(linger, stopping)) return;
            }

            if (_endpointThrottle.GetsMore && _ready.Count < _endpointThrottle.Limit) await RetryNowAsync(abort);
            SettleAttempted(abort);
            if (_unsettled > 0 || permits.IsWaiting) await _signals.Reader.WaitToReadAsync(abort);
        }
    }

    private void Begin(Lease lease)
    {
        _known.Clear();
        _attempted.Clear();
        _settling = false;
        _prompts.Clear();
        _ready.Clear();
        (_lease, _until, _endpointThrottle) = (lease, lease.Until, new(lease.FailingSince, tools.Settings.Webhooks.Concurrency));
        (_more, _ended, _sending, _last) = (true, false, 0, null);
    }

    /// <summary>Waits a while for a signal.</summary>
    private async Task<bool> WaitAsync(TimeSpan linger, CancellationToken stopping)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(linger);
        try
        {
            return await _signals.Reader.WaitToReadAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void Hear()
    {
        while (_signals.Reader.TryRead(out var signal))
        {
            switch (signal)
            {
                case { Settlement: { } settlement }:
                    Note(settlement);
                    break;
                case { Batch: { } batch }:
                    Settle(batch, signal.Settled);
                    break;
                case { Gathered: true }:
                    _settling = false;
                    break;
                case { Broken: true }:
                    (_sending, _unsettled, _ended) = (_sending - 1, _unsettled - 1, true);
                    break;
                case { HasPermit: true }:
                    break;
                default:
                    lock (_lock) _rung = false;
                    _more = true;
                    break;
            }
        }
    }

    private void Note(Settlement settlement)
    {
        var (attempt, wasFailing) = (settlement.Attempt!, _endpointThrottle.IsFailing);
        _sending--;
        _attempted.Add(settlement);
        _endpointThrottle.Note(attempt);
        if (_endpointThrottle.IsFailing == wasFailing) return;

        if (_endpointThrottle.IsFailing) WebhookWorkerLog.EndpointFails(tools.Log, key.Id, _lease.Target.Url.Host, attempt.Reason);
        else WebhookWorkerLog.EndpointRecovered(tools.Log, key.Id, _lease.Target.Url.Host);
    }

    private void Settle(Settlement[] batch, Settled? settled)
    {
        _unsettled -= batch.Length;
        if (settled is not { Noted: true })
        {
            if (settled is not null) WebhookWorkerLog.CompletionRefused(tools.Log, batch[0].Delivery.Id, key.Id, _lease.Fence);
            _ended = true;
            return;
        }

        // An operator has changed something: before the next request, the lease is read anew.
        _until = settled.Version == _lease.Version ? Math.Max(_until, settled.LeasedUntil) : 0;
        if (settled.DisabledReason is { } reason && !_ended)
        {
            WebhookWorkerLog.EndpointDisabled(tools.Log, key.Id, _lease.Target.Url.Host, reason);
            _ended = true;
        }

        foreach (var settlement in batch) Advance(settlement.Under(settled.Version));
    }

    /// <summary>Goes on to what stands behind a delivery that was settled.</summary>
    private void Advance(Settlement settlement)
    {
        var delivery = settlement.Delivery;
        var row = _prompts[delivery.PromptId];
        _known.Remove(delivery.Id);
        row.RemoveFirst();
        if (settlement.State == DeliveryState.Dead) WebhookWorkerLog.DeliveryDied(tools.Log, delivery.Id, key.Id, settlement.Delivery.Attempts + 1);
        if (settlement.State == DeliveryState.Waiting)
        {
            // Those behind it wait for it: they are put off when they are read again.
            _more |= row.Count > 0;
            if (settlement.DueAt is null) ReadFromTheBeginning();
            foreach (var behind in row) _known.Remove(behind.Id);
            row.Clear();
        }

        // What was put off behind it is due now.
        _more |= delivery.Attempts > 0;
        if (row.First is { } next) _ready.Enqueue(next.Value);
        else _prompts.Remove(delivery.PromptId);
    }

    private async Task ReadAsync(CancellationToken abort)
    {
        var concurrency = tools.Settings.Webhooks.Concurrency;
        var now = tools.Clock.GetUtcNow().ToUnixTimeMilliseconds();

        // On from where the last read ended: otherwise each would meet again all that is under way. Now and then from the
        // beginning, for what was committed late or came back.
        if (_known.Count == 0 || Stopwatch.GetElapsedTime(_wholeReadAt) >= s_wholeReadEvery) (_last, _wholeReadAt) = (null, Stopwatch.GetTimestamp());
        var most = (_last is null ? _known.Count : 0) + (Ahead * concurrency);
        var (version, due) = await tools.UntilStoredAsync(() => Delivery.DueAsync(tools.Store.Main, key, _last, now, most, abort), abort);
        (_more, _last) = (due.Count == most, due.Count == 0 ? _last : due[^1]);

        // What an operator has changed meanwhile holds for what is sent from now on; what is switched off gets nothing more. What
        // was made due again may lie before the place where this read began.
        if (version != _lease.Version)
        {
            if (!await RenewAsync(abort)) return;
            ReadFromTheBeginning();
        }

        var blocked = new List<Delivery>();
        foreach (var delivery in due.Where(delivery => !_known.Contains(delivery.Id)))
        {
            // Only directly behind the one that precedes it; with one between them that is not due yet, it has to wait.
            var row = _prompts.GetValueOrDefault(delivery.PromptId);
            if (delivery.Behind is null || row?.Last!.Value.Id == delivery.Behind) Add(delivery, row ?? (_prompts[delivery.PromptId] = []));
            else blocked.Add(delivery);
        }

        await PutOffAsync(blocked, version, abort);
    }

    private void ReadFromTheBeginning() => (_more, _last) = (true, null);

    private void Add(Delivery delivery, LinkedList<Delivery> row)
    {
        _known.Add(delivery.Id);
        row.AddLast(delivery);
        if (row.Count == 1) _ready.Enqueue(delivery);
    }

    /// <summary>Makes deliveries due together with those they wait for, behind which they are then read.</summary>
    private async Task PutOffAsync(List<Delivery> blocked, long version, CancellationToken abort)
    {
        Settlement[] later = [.. blocked.Where(delivery => delivery.BehindDueAt > delivery.DueAt)
            .Select(delivery => new Settlement(delivery, null, DeliveryState.Waiting, delivery.BehindDueAt, version))];
        if (later.Length == 0) return;

        var settled = await tools.UntilStoredAsync(() => tools.Settlements.RunAsync(_lease, later), abort);
        _ended |= !settled.Noted;
        if (settled.Version != version) ReadFromTheBeginning();
    }

    private async Task SendReadyAsync(PermitRequest permits, CancellationToken abort)
    {
        while (_ready.Count > 0 && _sending < _endpointThrottle.Limit && !_ended)
        {
            if (!tools.Leases.Covers(_until) && !await RenewAsync(abort)) return;
            if (_ready.Count == 0) break;
            if (permits.TryTake() is not { } permit) return;

            _sending++;
            _unsettled++;
            _ = DeliverAsync(_lease, _ready.Dequeue(), permit, abort);
        }

        permits.GiveBack();
    }

    /// <summary>Extends the lease and reads what is known of the endpoint; false, and the end, when there is nothing more to deliver under it.</summary>
    private async Task<bool> RenewAsync(CancellationToken abort)
    {
        if (await tools.UntilStoredAsync(() => tools.Leases.RenewAsync(_lease), abort) is { } renewed)
        {
            if (renewed.Version != _lease.Version) Forget();
            (_lease, _until) = (renewed, renewed.Until);
        }
        else
        {
            _ended = true;
        }

        return !_ended;
    }

    /// <summary>Drops what was read and is not under way, and reads it anew: a person of whom it tells may have been erased.</summary>
    private void Forget()
    {
        foreach (var delivery in _ready)
        {
            foreach (var one in _prompts[delivery.PromptId]) _known.Remove(one.Id);
            _prompts.Remove(delivery.PromptId);
        }

        _ready.Clear();
        foreach (var row in _prompts.Values)
        {
            for (; row.Count > 1; row.RemoveLast()) _known.Remove(row.Last!.Value.Id);
        }

        ReadFromTheBeginning();
    }

    /// <summary>What the loop hears: an attempt that has ended or was broken off, a batch that was settled or not, that the next may be, a permit, or else a ring.</summary>
    private readonly record struct WorkerSignal(Settlement? Settlement, Settlement[]? Batch, Settled? Settled, bool Gathered, bool Broken, bool HasPermit);
}
