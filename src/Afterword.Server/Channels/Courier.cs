using System.Diagnostics;
using System.Diagnostics.Metrics;
using Afterword.Server.Channels.Handover;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.Mail;
using Afterword.Server.Channels.X;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels;

/// <summary>Brings requests through their channels: a lane for the mail server, and one for each sender's own means, helpdesks and user of X.</summary>
internal sealed class Courier(
    Store store, Settings settings, Dispatches dispatches, MailCarrier mail, HandoverCarrier handover, ConversationCarrier conversation, XCarrier x, OutgoingConnections connections,
    Func<double> chance, TimeProvider clock, ILogger<Courier> log)
    : LaneSender<Lane, Dispatch>(store, settings, store.ChannelBell, connections, chance, clock)
{
    private readonly TelemetrySettings _telemetry = settings.Telemetry;
    private readonly Counter<long> _attempts = store.Troubles.Meter.CreateCounter<long>("afterword.dispatches", "{attempts}", "Attempts to send requests through channels, by what came of them.");

    protected override TimeSpan WorkEvery => TimeSpan.FromHours(1);

    protected override Task WorkAsync(CancellationToken stop) => dispatches.CallOffExpiredAsync(stop);

    protected override Task EndAllAsync(CancellationToken stop) => dispatches.EndAllAsync(stop);

    protected override Task<List<Lane>> DueLanesAsync(CancellationToken stop) => dispatches.DueLanesAsync(stop);

    protected override Task<List<Dispatch>> ClaimAsync(Lane lane, int most, CancellationToken stop) => dispatches.ClaimAsync(lane, most, stop);

    protected override EndpointKey EndOf(Lane lane) => lane.Channel switch
    {
        Channel.Email => MailCarrier.End,
        Channel.Webhook => HandoverCarrier.EndOf(lane.SenderId),
        Channel.Conversation => ConversationCarrier.EndOf(lane.SenderId),
        Channel.X => XCarrier.EndOf(lane.SenderId),
        _ => throw new UnreachableException(lane.Channel.ToString()),
    };

    protected override async Task<Attempt> AttemptAsync(Lane lane, Dispatch item, OutgoingPermit permit, CancellationToken abort)
    {
        using var span = Tracing.Source.StartActivity("channel.send", ActivityKind.Producer);
        var attempt = await (lane.Channel switch
        {
            Channel.Email => mail.SendAsync(item, abort),
            Channel.Webhook => handover.SendAsync(item, permit, abort),
            Channel.Conversation => conversation.SendAsync(item, permit, abort),
            Channel.X => x.SendAsync(item, permit, abort),
            _ => throw new UnreachableException(lane.Channel.ToString()),
        });
        span?.SetTag("afterword.channel", lane.Channel.Name).SetStatus(attempt.Outcome == AttemptOutcome.Sent ? ActivityStatusCode.Unset : ActivityStatusCode.Error);
        return attempt;
    }

    protected override long FailuresOf(Dispatch item) => item.Failures;

    protected override Task<bool> SettleAsync(Dispatch item, Attempt attempt, TimeSpan? retryIn) => dispatches.SettleAsync(item, attempt, retryIn);

    protected override void RoundFailed(Exception error) => CourierLog.RoundFailed(log, error);

    protected override void AttemptBroke(Exception error, Lane lane, Dispatch item) => CourierLog.AttemptBroke(log, error, item.Prompt.Id, lane.Channel.Name);

    protected override void Tell(Lane lane, Dispatch item, Attempt attempt, TimeSpan? retryIn, bool noted)
    {
        var (id, channel) = (item.Prompt.Id, lane.Channel.Name);
        if (noted && _attempts.Enabled) _attempts.Add(1, _telemetry.Labels(item.Prompt.SenderId, new("channel", channel), new("outcome", attempt.Outcome == AttemptOutcome.Sent ? "sent" : retryIn is null ? "dead" : "retry")));
        if (!noted) CourierLog.WordRefused(log, id, channel);
        else if (attempt.Outcome == AttemptOutcome.Sent) return;
        else if (retryIn is { } wait) CourierLog.AttemptFailed(log, id, channel, item.Attempts, attempt.Outcome, attempt.Status, wait);
        else CourierLog.Died(log, id, channel, item.Attempts, attempt.Status);
    }
}
