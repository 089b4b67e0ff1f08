using System.Globalization;
using System.Text.Json;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Handover;
using Afterword.Server.Hosting;
using Afterword.Server.Prompts;
using Afterword.Server.Webhooks;
using Attempt = Afterword.Server.Channels.Attempt;

namespace Afterword.Server.Reports.Alerts;

/// <summary>Tells alerts to webhooks: signed, guarded and bounded as events are.</summary>
internal sealed class AlertHook(Settings settings, Endpoints endpoints, WebhookSender sender)
{
    public async Task<Attempt> SendAsync(AlertDispatch dispatch, OutgoingPermit permit, CancellationToken stop)
    {
        // What is switched off gets nothing; it may be on again by the next attempt.
        var endpoint = new EndpointKey(dispatch.SenderId, dispatch.ReaderId);
        return await endpoints.TargetAsync(endpoint, onlyActive: true, stop) is { } target
            ? HandoverCarrier.Judge(await sender.SendAsync(permit, target, dispatch.Id.ToString(CultureInfo.InvariantCulture), BodyOf(dispatch, target), stop))
            : new(AttemptOutcome.Failed, 0, null, "The webhook is switched off.");
    }

    private byte[] BodyOf(AlertDispatch dispatch, Target target) => target.Room is { } room ? NoteOf(dispatch, room).Body(room.Format) : BodyOf(dispatch);

    private ChatNote NoteOf(AlertDispatch dispatch, ChatRoom room) => dispatch.Kind == AlertKind.LowScore
        ? new(
            $"@{room.Handle}: low score, {ChatNote.ScoreOf(dispatch.Type!.Value, dispatch.Score!.Value)}.",
            ChatNote.LinkTo(room, settings.PublicBase, string.Create(CultureInfo.InvariantCulture, $"answers/{dispatch.Subject}")))
        : new($"@{room.Handle}: {string.Join(' ', AlertMail.FactsOf(dispatch).Fell!.Select(AlertMail.Told))}", ChatNote.LinkTo(room, settings.PublicBase, "overview?range=7"));

    private static byte[] BodyOf(AlertDispatch dispatch)
    {
        var low = dispatch.Kind == AlertKind.LowScore;
        var (at, sender) = (Prompt.Date(dispatch.At), dispatch.SenderId.ToString(CultureInfo.InvariantCulture));
        var json = low
            ? new AlertEventJson(AlertEventJson.Low, at, sender, LowScore: new(dispatch.Subject.ToString(CultureInfo.InvariantCulture), dispatch.Type!.Value.Wire, dispatch.Score!.Value))
            : new AlertEventJson(AlertEventJson.Fell, at, sender, FiguresFell: AlertMail.FactsOf(dispatch).Fell);
        return JsonSerializer.SerializeToUtf8Bytes(json, AlertWire.Default.AlertEventJson);
    }
}
