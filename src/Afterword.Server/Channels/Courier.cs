using System.Diagnostics;
using System.Threading.Channels;
using Afterword.Server.Channels.Handover;
using Afterword.Server.Channels.Mail;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels;

/// <summary>Brings requests through their channels: a bounded number at once for the mail server and for each sender, and none waits for another.</summary>
/// <remarks>
/// One loop looks for what is due when a commit of this process rings, when an attempt has ended, and every so often besides:
/// the first two are hints, the look is what nothing escapes. No transaction spans an attempt.
/// </remarks>
internal sealed class Courier : BackgroundService, IAsyncDisposable
{
    // While the store does not answer, the word on an attempt is tried again this often.
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_callOffEvery = TimeSpan.FromHours(1);

    private readonly Store _store;
    private readonly Settings _settings;
    private readonly Dispatches _dispatches;
    private readonly MailCarrier _mail;
    private readonly HandoverCarrier _handover;
    private readonly TimeProvider _clock;
    private readonly ILogger<Courier> _log;
    private readonly RetrySchedule _schedule;
    private readonly System.Threading.Channels.Channel<bool> _bell = System.Threading.Channels.Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _looking = new(1);
    private readonly Lock _lock = new();
    private readonly Dictionary<Lane, HashSet<Task>> _underWay = [];
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _abort = new();
    private bool _disposed;

    public Courier(
        Store store, Settings settings, Dispatches dispatches, MailCarrier mail, HandoverCarrier handover, Func<double> chance, TimeProvider clock, ILogger<Courier> log)
    {
        (_store, _settings, _dispatches, _mail, _handover, _clock, _log) = (store, settings, dispatches, mail, handover, clock, log);
        _schedule = new(settings.Channels.RetrySchedule, chance);
    }

    /// <summary>Sends all that is due now and returns when nothing is under way any more.</summary>
    public async Task DrainAsync(CancellationToken stop)
    {
        await _begun.Task.WaitAsync(stop);
        while (await LookAsync(stop) > 0 || UnderWay.Length > 0) await Task.WhenAll(UnderWay).WaitAsync(stop);
    }

    private Task[] UnderWay
    {
        get
        {
            lock (_lock) return [.. _underWay.Values.SelectMany(tasks => tasks)];
        }
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
        _abort.Dispose();
        _looking.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Only one server runs on a SQLite store: whoever was at something is no more.
        if (_settings.Database is null) await TryAsync(_dispatches.EndAllAsync, stoppingToken);
        _begun.TrySetResult();
        _store.ChannelBell.Rung += OnBell;
        var calledOff = _clock.GetTimestamp();
        while (!stoppingToken.IsCancellationRequested)
        {
            await TryAsync(LookAsync, stoppingToken);
            if (_clock.GetElapsedTime(calledOff) >= s_callOffEvery)
            {
                calledOff = _clock.GetTimestamp();
                await TryAsync(_dispatches.CallOffExpiredAsync, stoppingToken);
            }

            await WaitAsync(stoppingToken);
        }

        _store.ChannelBell.Rung -= OnBell;

        // What is under way gets its time.
        await Task.WhenAll(UnderWay);
    }

    private void OnBell(long sender, long subject) => _bell.Writer.TryWrite(true);

    private async Task TryAsync(Func<CancellationToken, Task> run, CancellationToken stop)
    {
        try
        {
            await run(stop);
        }
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (!stop.IsCancellationRequested) CourierLog.RoundFailed(_log, error);
        }
    }

    /// <summary>Waits for a ring, or until it is time to look anyway.</summary>
    private async Task WaitAsync(CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(_settings.Channels.PollEvery);
        try
        {
            await _bell.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Nobody rang.
        }
    }

    /// <summary>Begins what is due, as far as there is room in its lane, and gives its number.</summary>
    private async Task<int> LookAsync(CancellationToken stop)
    {
        await _looking.WaitAsync(stop);
        try
        {
            var begun = 0;
            foreach (var lane in await _dispatches.DueLanesAsync(stop))
            {
                var room = _settings.Channels.Concurrency - CountIn(lane);
                if (room <= 0) continue;

                foreach (var dispatch in await _dispatches.ClaimAsync(lane, room, stop))
                {
                    Begin(lane, dispatch);
                    begun++;
                }
            }

            return begun;
        }
        finally
        {
            _looking.Release();
        }
    }

    private int CountIn(Lane lane)
    {
        lock (_lock) return _underWay.TryGetValue(lane, out var tasks) ? tasks.Count : 0;
    }

    private void Begin(Lane lane, Dispatch dispatch)
    {
        var sending = Task.Run(() => SendAsync(lane, dispatch, _abort.Token));
        lock (_lock)
        {
            if (!_underWay.TryGetValue(lane, out var tasks)) tasks = _underWay[lane] = [];
            tasks.Add(sending);
        }

        _ = sending.ContinueWith(ended => End(lane, ended), TaskScheduler.Default);
    }

    private void End(Lane lane, Task sending)
    {
        lock (_lock)
        {
            _underWay[lane].Remove(sending);
            if (_underWay[lane].Count == 0) _underWay.Remove(lane);
        }

        // There is room for the next one.
        OnBell(0, 0);
    }

    /// <summary>One attempt and the word on it.</summary>
    private async Task SendAsync(Lane lane, Dispatch dispatch, CancellationToken abort)
    {
        try
        {
            var attempt = lane.Channel switch
            {
                Channel.Email => await _mail.SendAsync(dispatch, abort),
                Channel.Webhook => await _handover.SendAsync(dispatch, abort),
                _ => throw new UnreachableException(lane.Channel.ToString()),
            };
            var retryIn = attempt.Outcome is AttemptOutcome.Failed or AttemptOutcome.Uncertain ? _schedule.DelayAfter(dispatch.Failures + 1, attempt.RetryAfter) : null;
            Tell(dispatch, lane, attempt, retryIn, await SettleAsync(dispatch, attempt, retryIn, abort));
        }
#pragma warning disable CA1031 // its lease runs out, and it is tried again
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (!abort.IsCancellationRequested) CourierLog.AttemptBroke(_log, error, dispatch.Prompt.Id, lane.Channel.Name);
        }
    }

    private async Task<bool> SettleAsync(Dispatch dispatch, Attempt attempt, TimeSpan? retryIn, CancellationToken abort)
    {
        while (true)
        {
            try
            {
                return await _dispatches.SettleAsync(dispatch, attempt, retryIn);
            }
            catch (Exception error) when (error is OverloadedException || _store.Main.IsUnavailable(error))
            {
                // If it takes so long that the lease runs out, the fence will refuse it, and somebody else sends once more.
                await Task.Delay(s_again, abort);
            }
        }
    }

    private void Tell(Dispatch dispatch, Lane lane, Attempt attempt, TimeSpan? retryIn, bool noted)
    {
        var id = dispatch.Prompt.Id;
        if (!noted) CourierLog.WordRefused(_log, id, lane.Channel.Name);
        else if (attempt.Outcome == AttemptOutcome.Sent) return;
        else if (retryIn is { } wait) CourierLog.AttemptFailed(_log, id, lane.Channel.Name, dispatch.Attempts, attempt.Outcome, attempt.Status, wait);
        else CourierLog.Died(_log, id, lane.Channel.Name, dispatch.Attempts, attempt.Status);
    }
}
