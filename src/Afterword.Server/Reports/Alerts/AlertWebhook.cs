using System.Globalization;
using System.Text.Json;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Prompts;
using Afterword.Server.Webhooks;
using Attempt = Afterword.Server.Channels.ChannelAttempt;

namespace Afterword.Server.Reports.Alerts;

/// <summary>Tells alerts to webhooks: signed, guarded and bounded as events are.</summary>
internal sealed class AlertWebhook(Settings settings, Endpoints endpoints, WebhookSender sender)
{
    public async Task<Attempt> SendAsync(AlertDelivery delivery, OutgoingPermit permit, CancellationToken stop)
    {
        // What is switched off gets nothing; it may be on again by the next attempt.
        var endpoint = new EndpointKey(delivery.SenderId, delivery.ReaderId);
        return await endpoints.TargetAsync(endpoint, onlyActive: true, stop) is { } target
            ? RelayTransport.Judge(await sender.SendAsync(permit, target, delivery.Id.ToString(CultureInfo.InvariantCulture), BodyOf(delivery, target), stop))
            : new(AttemptOutcome.Failed, 0, null, "The webhook is switched off.");
    }

    private byte[] BodyOf(AlertDelivery delivery, WebhookTarget target) => target.Room is { } room ? NoteOf(delivery, room).Body(room.Format) : BodyOf(delivery);

    private ChatMessage NoteOf(AlertDelivery delivery, ChatDestination room) => delivery.Kind == AlertKind.LowScore
        ? new(
            $"@{room.Handle}: low score, {ChatMessage.ScoreOf(delivery.Type!.Value, delivery.Score!.Value)}.",
            ChatMessage.LinkTo(room, settings.PublicBase, string.Create(CultureInfo.InvariantCulture, $"answers/{delivery.Subject}")))
        : new($"@{room.Handle}: {string.Join(' ', AlertEmail.FactsOf(delivery).Fell!.Select(AlertEmail.Describe))}", ChatMessage.LinkTo(room, settings.PublicBase, "overview?range=7"));

    private static byte[] BodyOf(AlertDelivery delivery)
    {
        var low = delivery.Kind == AlertKind.LowScore;
        var (at, sender) = (Prompt.Date(delivery.At), delivery.SenderId.ToString(CultureInfo.InvariantCulture));
        var json = low
            ? new AlertEventJson(AlertEventJson.Low, at, sender, LowScore: new(delivery.Subject.ToString(CultureInfo.InvariantCulture), delivery.Type!.Value.Wire, delivery.Score!.Value))
            : new AlertEventJson(AlertEventJson.Fell, at, sender, FiguresFell: AlertEmail.FactsOf(delivery).Fell);
        return JsonSerializer.SerializeToUtf8Bytes(json, AlertWire.Default.AlertEventJson);
    }
}
