using System.Diagnostics;
using System.Diagnostics.Metrics;
using Afterword.Server.Channels.Email;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Channels.X;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels;

/// <summary>Brings requests through their channels: a queue for the mail server, and one for each sender's own means, helpdesks and user of X.</summary>
internal sealed class ChannelWorker(
    Store store, Settings settings, ChannelDeliveries deliveries, EmailTransport email, RelayTransport relay, HelpdeskTransport conversation, XTransport x, OutgoingConnections connections,
    Func<double> chance, TimeProvider clock, ILogger<ChannelWorker> log)
    : QueueWorker<ChannelQueue, ChannelDelivery>(store, settings, store.ChannelNotifier, connections, chance, clock)
{
    private readonly TelemetrySettings _telemetry = settings.Telemetry;
    private readonly Counter<long> _attempts = store.Problems.Meter.CreateCounter<long>("afterword.dispatches", "{attempts}", "Attempts to send requests through channels, by what came of them.");

    protected override TimeSpan WorkEvery => TimeSpan.FromHours(1);

    protected override Task WorkAsync(CancellationToken stop) => deliveries.CallOffExpiredAsync(stop);

    protected override Task EndAllAsync(CancellationToken stop) => deliveries.EndAllAsync(stop);

    protected override Task<List<ChannelQueue>> DueQueuesAsync(CancellationToken stop) => deliveries.DueQueuesAsync(stop);

    protected override Task<List<ChannelDelivery>> ClaimAsync(ChannelQueue queue, int most, CancellationToken stop) => deliveries.ClaimAsync(queue, most, stop);

    protected override EndpointKey EndOf(ChannelQueue queue) => queue.Channel switch
    {
        Channel.Email => EmailTransport.End,
        Channel.Webhook => RelayTransport.EndOf(queue.SenderId),
        Channel.Conversation => HelpdeskTransport.EndOf(queue.SenderId),
        Channel.X => XTransport.EndOf(queue.SenderId),
        _ => throw new UnreachableException(queue.Channel.ToString()),
    };

    protected override async Task<ChannelAttempt> AttemptAsync(ChannelQueue queue, ChannelDelivery item, OutgoingPermit permit, CancellationToken abort)
    {
        using var span = Tracing.Source.StartActivity("channel.send", ActivityKind.Producer);
        var attempt = await (queue.Channel switch
        {
            Channel.Email => email.SendAsync(item, abort),
            Channel.Webhook => relay.SendAsync(item, permit, abort),
            Channel.Conversation => conversation.SendAsync(item, permit, abort),
            Channel.X => x.SendAsync(item, permit, abort),
            _ => throw new UnreachableException(queue.Channel.ToString()),
        });
        span?.SetTag("afterword.channel", queue.Channel.Name).SetStatus(attempt.Outcome == AttemptOutcome.Sent ? ActivityStatusCode.Unset : ActivityStatusCode.Error);
        return attempt;
    }

    protected override long FailuresOf(ChannelDelivery item) => item.Failures;

    protected override Task<bool> SettleAsync(ChannelDelivery item, ChannelAttempt attempt, TimeSpan? retryIn) => deliveries.SettleAsync(item, attempt, retryIn);

    protected override void RoundFailed(Exception error) => ChannelWorkerLog.RoundFailed(log, error);

    protected override void AttemptBroke(Exception error, ChannelQueue queue, ChannelDelivery item) => ChannelWorkerLog.AttemptBroke(log, error, item.Prompt.Id, queue.Channel.Name);

    protected override void Tell(ChannelQueue queue, ChannelDelivery item, ChannelAttempt attempt, TimeSpan? retryIn, bool noted)
    {
        var (id, channel) = (item.Prompt.Id, queue.Channel.Name);
        if (noted && _attempts.Enabled) _attempts.Add(1, _telemetry.Labels(item.Prompt.SenderId, new("channel", channel), new("outcome", attempt.Outcome == AttemptOutcome.Sent ? "sent" : retryIn is null ? "dead" : "retry")));
        if (!noted) ChannelWorkerLog.WordRefused(log, id, channel);
        else if (attempt.Outcome == AttemptOutcome.Sent) return;
        else if (retryIn is { } wait) ChannelWorkerLog.AttemptFailed(log, id, channel, item.Attempts, attempt.Outcome, attempt.Status, wait);
        else ChannelWorkerLog.Died(log, id, channel, item.Attempts, attempt.Status);
    }
}
