using System.Diagnostics;
using System.Threading.Channels;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Mail;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;
using Attempt = Afterword.Server.Channels.Attempt;

namespace Afterword.Server.Reports.Alerts;

/// <summary>Finds alerts out every minute and tells them, by mail and by webhook; neither waits for the other.</summary>
/// <remarks>Bells are hints; the look every so often is what nothing escapes. No transaction spans an attempt.</remarks>
internal sealed class AlertSender(
    Store store, Settings settings, FindAlerts find, AlertDispatches dispatches, AlertMail mails, AlertHook hooks, MailCarrier carrier, Func<double> chance,
    TimeProvider clock, ILogger<AlertSender> log) : BackgroundService
{
    private static readonly TimeSpan s_findEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(250);

    private readonly RetrySchedule _schedule = new(settings.Channels.RetrySchedule, chance);
    private readonly Lane _mail = new(AlertChannel.Mail);
    private readonly Lane _hook = new(AlertChannel.Webhook);

    /// <summary>Tells all that is due now, and returns when it is told or tried.</summary>
    public async Task DrainAsync(CancellationToken stop)
    {
        await dispatches.SpreadAsync(stop);
        await Task.WhenAll(TellAsync(_mail, stop), TellAsync(_hook, stop));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Only one server runs on a SQLite store: whoever was at something is no more.
        if (settings.Database is null) await TryAsync(dispatches.EndAllAsync, stoppingToken);
        store.AlertBell.Rung += OnBell;
        try
        {
            await Task.WhenAll(FindAsync(stoppingToken), LoopAsync(_mail, stoppingToken), LoopAsync(_hook, stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops; what was under way is made again when its lease is over.
        }
        finally
        {
            store.AlertBell.Rung -= OnBell;
        }
    }

    private void OnBell(long sender, long subject)
    {
        _mail.Bell.Writer.TryWrite(true);
        _hook.Bell.Writer.TryWrite(true);
    }

    private async Task FindAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(s_findEvery, clock);
        do
        {
            await TryAsync(find.RunAsync, stop);
            await TryAsync(dispatches.PurgeAsync, stop);
        }
        while (await timer.WaitForNextTickAsync(stop));
    }

    private async Task LoopAsync(Lane lane, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await TryAsync(dispatches.SpreadAsync, stop);
            await TryAsync(end => TellAsync(lane, end), stop);
            await WaitAsync(lane, stop);
        }
    }

    /// <summary>Waits for a ring, or until it is time to look anyway.</summary>
    private async Task WaitAsync(Lane lane, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(settings.Channels.PollEvery);
        try
        {
            await lane.Bell.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Nobody rang.
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> run, CancellationToken stop)
    {
        try
        {
            await run(stop);
        }
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
        catch (Exception error) when (!stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            AlertLog.RoundFailed(log, error);
        }
    }

    private async Task TellAsync(Lane lane, CancellationToken stop)
    {
        if (lane.Channel == AlertChannel.Mail && settings.Mail is null) return;

        await lane.Gate.WaitAsync(stop);
        try
        {
            while (await dispatches.ClaimAsync(lane.Channel, settings.Channels.Concurrency, stop) is { Count: > 0 } claimed)
            {
                await Task.WhenAll(claimed.Select(dispatch => Task.Run(() => SendAsync(dispatch, stop), stop)));
            }
        }
        finally
        {
            lane.Gate.Release();
        }

        hooks.DropIdle();
    }

    /// <summary>One attempt and the word on it.</summary>
    private async Task SendAsync(AlertDispatch dispatch, CancellationToken stop)
    {
        try
        {
            var attempt = dispatch.Channel switch
            {
                AlertChannel.Mail => await MailAsync(dispatch, stop),
                AlertChannel.Webhook => await hooks.SendAsync(dispatch, stop),
                _ => throw new UnreachableException(dispatch.Channel.ToString()),
            };
            var retryIn = attempt.Outcome is AttemptOutcome.Failed or AttemptOutcome.Uncertain ? _schedule.DelayAfter(dispatch.Failures + 1, attempt.RetryAfter) : null;
            var noted = await SettleAsync(dispatch, attempt, retryIn, stop);
            if (!noted) AlertLog.WordRefused(log, dispatch.Id, dispatch.Channel);
            else if (attempt.Outcome != AttemptOutcome.Sent) AlertLog.NotSent(log, dispatch.Id, dispatch.Channel, dispatch.Attempts, attempt.Outcome, attempt.Status, retryIn);
        }
#pragma warning disable CA1031 // its lease runs out, and it is tried again
        catch (Exception error) when (!stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            AlertLog.AttemptBroke(log, error, dispatch.Id, dispatch.Channel);
        }
    }

    private async Task<Attempt> MailAsync(AlertDispatch dispatch, CancellationToken stop) =>
        EmailAddress.TryParse(dispatch.Mail, out var to)
            ? await carrier.SendAsync(await mails.ComposeAsync(dispatch, to), stop)
            : new(AttemptOutcome.Refused, 0, null, "The person has no mail address that mails can be sent to.");

    private async Task<bool> SettleAsync(AlertDispatch dispatch, Attempt attempt, TimeSpan? retryIn, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return await dispatches.SettleAsync(dispatch, attempt, retryIn);
            }
            catch (Exception error) when (error is OverloadedException || store.Main.IsUnavailable(error))
            {
                // If it takes so long that the lease runs out, the fence will refuse it, and somebody else sends once more.
                await Task.Delay(s_again, stop);
            }
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _mail.Gate.Dispose();
        _hook.Gate.Dispose();
    }

    /// <summary>What goes one way, some at a time.</summary>
    private sealed record Lane(AlertChannel Channel)
    {
        public Channel<bool> Bell { get; } = System.Threading.Channels.Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        public SemaphoreSlim Gate { get; } = new(1);
    }
}

/// <summary>What telling alerts says. Ids and codes: what the other side answered may hold an address, and is kept in the store.</summary>
internal static partial class AlertLog
{
    [LoggerMessage(EventId = 5201, Level = LogLevel.Error, Message = "A look for alerts failed; the next one comes soon.")]
    public static partial void RoundFailed(ILogger log, Exception error);

    [LoggerMessage(EventId = 5202, Level = LogLevel.Error, Message = "Telling alert {Alert} by {Channel} broke off by our fault; it is tried again when its lease is over.")]
    public static partial void AttemptBroke(ILogger log, Exception error, long alert, AlertChannel channel);

    [LoggerMessage(EventId = 5203, Level = LogLevel.Warning, Message = "Attempt {Attempt} to tell alert {Alert} by {Channel} came to {Outcome}, status {Status}; the next one is in {Wait}.")]
    private static partial void AttemptFailed(ILogger log, long alert, AlertChannel channel, long attempt, AttemptOutcome outcome, int? status, TimeSpan wait);

    [LoggerMessage(EventId = 5204, Level = LogLevel.Warning, Message = "Alert {Alert} by {Channel} is given up after {Attempt} attempts: {Outcome}, status {Status}.")]
    private static partial void GivenUp(ILogger log, long alert, AlertChannel channel, long attempt, AttemptOutcome outcome, int? status);

    [LoggerMessage(EventId = 5205, Level = LogLevel.Warning, Message = "What became of an attempt to tell alert {Alert} by {Channel} was not noted: another node had taken over, which tells it once more.")]
    public static partial void WordRefused(ILogger log, long alert, AlertChannel channel);

    public static void NotSent(ILogger log, long alert, AlertChannel channel, long attempt, AttemptOutcome outcome, int? status, TimeSpan? retryIn)
    {
        if (retryIn is { } wait) AttemptFailed(log, alert, channel, attempt, outcome, status, wait);
        else GivenUp(log, alert, channel, attempt, outcome, status);
    }
}
