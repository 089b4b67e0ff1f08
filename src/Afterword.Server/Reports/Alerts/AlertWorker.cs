using System.Diagnostics;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Email;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;
using Attempt = Afterword.Server.Channels.ChannelAttempt;

namespace Afterword.Server.Reports.Alerts;

/// <summary>Finds alerts out every minute and tells them: a queue for the mail server, and one for each webhook.</summary>
internal sealed class AlertWorker(
    Store store, Settings settings, FindAlerts find, FindRuleAlerts findRules, AlertDeliveries deliveries, AlertEmail emails, AlertWebhook hooks, EmailTransport transport, OutgoingConnections connections,
    Func<double> chance, TimeProvider clock, ILogger<AlertWorker> log)
    : QueueWorker<AlertQueue, AlertDelivery>(store, settings, store.AlertNotifier, connections, chance, clock)
{
    protected override TimeSpan WorkEvery => TimeSpan.FromMinutes(1);

    protected override async Task WorkAsync(CancellationToken stop)
    {
        await find.RunAsync(stop);
        await findRules.RunAsync(stop);
        await deliveries.PurgeAsync(stop);
    }

    protected override Task EndAllAsync(CancellationToken stop) => deliveries.EndAllAsync(stop);

    protected override async Task<List<AlertQueue>> DueQueuesAsync(CancellationToken stop)
    {
        await deliveries.SpreadAsync(stop);
        return await deliveries.DueQueuesAsync(stop);
    }

    protected override Task<List<AlertDelivery>> ClaimAsync(AlertQueue queue, int most, CancellationToken stop) => deliveries.ClaimAsync(queue, most, stop);

    protected override EndpointKey EndOf(AlertQueue queue) => queue.Endpoint;

    protected override Task<Attempt> AttemptAsync(AlertQueue queue, AlertDelivery item, OutgoingPermit permit, CancellationToken abort) => queue.Channel switch
    {
        AlertChannel.Mail => EmailAsync(item, abort),
        AlertChannel.Webhook => hooks.SendAsync(item, permit, abort),
        _ => throw new UnreachableException(queue.Channel.ToString()),
    };

    protected override long FailuresOf(AlertDelivery item) => item.Failures;

    protected override Task<bool> SettleAsync(AlertDelivery item, Attempt attempt, TimeSpan? retryIn) => deliveries.SettleAsync(item, attempt, retryIn);

    protected override void RoundFailed(Exception error) => AlertLog.RoundFailed(log, error);

    protected override void AttemptBroke(Exception error, AlertQueue queue, AlertDelivery item) => AlertLog.AttemptBroke(log, error, item.Id, queue.Channel);

    protected override void Tell(AlertQueue queue, AlertDelivery item, Attempt attempt, TimeSpan? retryIn, bool noted)
    {
        if (!noted) AlertLog.WordRefused(log, item.Id, queue.Channel);
        else if (attempt.Outcome == AttemptOutcome.Sent) return;
        else if (retryIn is { } wait) AlertLog.AttemptFailed(log, item.Id, queue.Channel, item.Attempts, attempt.Outcome, attempt.Status, wait);
        else AlertLog.GivenUp(log, item.Id, queue.Channel, item.Attempts, attempt.Outcome, attempt.Status);
    }

    private async Task<Attempt> EmailAsync(AlertDelivery delivery, CancellationToken stop) =>
        EmailAddress.TryParse(delivery.Email, out var to)
            ? await transport.SendAsync(await emails.ComposeAsync(delivery, to), stop)
            : new(AttemptOutcome.Refused, 0, null, "The person has no email address that emails can be sent to.");
}

/// <summary>What telling alerts says. Ids and codes: what the other side answered may hold an address, and is kept in the store.</summary>
internal static partial class AlertLog
{
    [LoggerMessage(EventId = 5201, Level = LogLevel.Error, Message = "A look for alerts failed; the next one comes soon.")]
    public static partial void RoundFailed(ILogger log, Exception error);

    [LoggerMessage(EventId = 5202, Level = LogLevel.Error, Message = "Telling alert {Alert} by {Channel} broke off by our fault; it is tried again when its lease is over.")]
    public static partial void AttemptBroke(ILogger log, Exception error, long alert, AlertChannel channel);

    [LoggerMessage(EventId = 5203, Level = LogLevel.Warning, Message = "Attempt {Attempt} to tell alert {Alert} by {Channel} came to {Outcome}, status {Status}; the next one is in {Wait}.")]
    public static partial void AttemptFailed(ILogger log, long alert, AlertChannel channel, long attempt, AttemptOutcome outcome, int? status, TimeSpan wait);

    [LoggerMessage(EventId = 5204, Level = LogLevel.Warning, Message = "Alert {Alert} by {Channel} is given up after {Attempt} attempts: {Outcome}, status {Status}.")]
    public static partial void GivenUp(ILogger log, long alert, AlertChannel channel, long attempt, AttemptOutcome outcome, int? status);

    [LoggerMessage(EventId = 5205, Level = LogLevel.Warning, Message = "What became of an attempt to tell alert {Alert} by {Channel} was not noted: another node had taken over, which tells it once more.")]
    public static partial void WordRefused(ILogger log, long alert, AlertChannel channel);
}
