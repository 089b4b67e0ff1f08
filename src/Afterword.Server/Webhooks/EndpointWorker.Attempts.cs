using System.Diagnostics;
using System.Globalization;
using Afterword.Server.Hosting.Transport;

namespace Afterword.Server.Webhooks;

/// <content>What runs beside the loop: attempts, and their settlement.</content>
internal sealed partial class EndpointWorker
{
    /// <summary>One attempt, beside the loop.</summary>
    private async Task DeliverAsync(Lease lease, Delivery delivery, OutgoingPermit permit, CancellationToken abort)
    {
        try
        {
            using var span = tools.Trace(delivery);
            DeliveryAttempt attempt;
            using (permit) attempt = await tools.Sender.SendAsync(permit, lease.Target, delivery.Id.ToString(CultureInfo.InvariantCulture), tools.BodyOf(lease.Target, delivery.Event), abort);
            span?.SetTag("http.response.status_code", attempt.Status).SetStatus(attempt.Succeeded ? ActivityStatusCode.Unset : ActivityStatusCode.Error);
            _signals.Writer.TryWrite(new() { Settlement = After(delivery, attempt, lease.Version) });
        }
#pragma warning disable CA1031 // it ends the lane, which starts anew
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (!abort.IsCancellationRequested && !tools.Store.Faults.Tell(error)) WebhookWorkerLog.LaneFailed(tools.Log, error, key.Id);
            _signals.Writer.TryWrite(new() { Broken = true });
        }
    }

    private Settlement After(Delivery delivery, DeliveryAttempt attempt, long version)
    {
        if (attempt.Succeeded) return new(delivery, attempt, DeliveryState.Delivered, delivery.DueAt, version);

        // An endpoint that is gone gets nothing more by itself, but this one is not to blame for it.
        var delay = tools.Schedule.DelayAfter(delivery.Failures + 1, attempt.RetryAfter);
        var now = tools.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        return delay is { } wait
            ? new(delivery, attempt, DeliveryState.Waiting, now + (long)wait.TotalMilliseconds, version)
            : new(delivery, attempt, DeliveryState.Dead, delivery.DueAt, version);
    }

    /// <summary>Makes a few due of those that wait, before the success is noted that allows it: if this process dies after the first, the next finds it failing still.</summary>
    private async Task RetryNowAsync(CancellationToken abort)
    {
        var some = await tools.UntilStoredAsync(() => tools.RetryNow.RunAsync(_lease, tools.Leases.Length, _endpointThrottle.Limit, abort), abort);
        _endpointThrottle.Gave(some);
        if (some > 0) ReadFromTheBeginning();
    }

    /// <summary>Begins to settle what was attempted, unless the last settlement is still under way.</summary>
    private void SettleAttempted(CancellationToken abort)
    {
        if (_settling || _attempted.Count == 0) return;

        _settling = true;
        _ = SettleAsync(_lease, [.. _attempted], abort);
        _attempted.Clear();
    }

    /// <summary>One settlement of many attempts, beside the loop.</summary>
    private async Task SettleAsync(Lease lease, Settlement[] batch, CancellationToken abort)
    {
        Settled? settled = null;
        try
        {
            settled = await tools.UntilStoredAsync(() => tools.Settlements.RunAsync(lease, batch), abort);
        }
#pragma warning disable CA1031 // it ends the lane, which starts anew
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (!abort.IsCancellationRequested && !tools.Store.Faults.Tell(error)) WebhookWorkerLog.LaneFailed(tools.Log, error, key.Id);
        }

        _signals.Writer.TryWrite(new() { Batch = batch, Settled = settled });
        if (batch.Length >= Stream && settled is not null) await Task.Delay(s_gather, CancellationToken.None);
        _signals.Writer.TryWrite(new() { Gathered = true });
    }
}
