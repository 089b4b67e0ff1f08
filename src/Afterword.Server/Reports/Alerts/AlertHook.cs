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
internal sealed class AlertHook(Endpoints endpoints, WebhookSender sender)
{
    public async Task<Attempt> SendAsync(AlertDispatch dispatch, OutgoingPermit permit, CancellationToken stop)
    {
        // What is switched off gets nothing; it may be on again by the next attempt.
        var endpoint = new EndpointKey(dispatch.SenderId, dispatch.ReaderId);
        return await endpoints.TargetAsync(endpoint, onlyActive: true, stop) is { } target
            ? HandoverCarrier.Judge(await sender.SendAsync(permit, target, dispatch.Id.ToString(CultureInfo.InvariantCulture), BodyOf(dispatch), stop))
            : new(AttemptOutcome.Failed, 0, null, "The webhook is switched off.");
    }

    public static byte[] BodyOf(AlertDispatch dispatch)
    {
        var low = dispatch.Kind == AlertKind.LowScore;
        var (at, sender) = (Prompt.Date(dispatch.At), dispatch.SenderId.ToString(CultureInfo.InvariantCulture));
        var json = low
            ? new AlertEventJson(AlertEventJson.Low, at, sender, LowScore: new(dispatch.Subject.ToString(CultureInfo.InvariantCulture), dispatch.Type!.Value.Wire, dispatch.Score!.Value))
            : new AlertEventJson(AlertEventJson.Fell, at, sender, FiguresFell: JsonSerializer.Deserialize(dispatch.Facts!, AlertWire.Default.AlertFactsJson)!.Fell);
        return JsonSerializer.SerializeToUtf8Bytes(json, AlertWire.Default.AlertEventJson);
    }
}
