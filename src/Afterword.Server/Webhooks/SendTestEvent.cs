using System.Globalization;
using System.Text;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>Sends an event that never happened, marked as a test, at once and once. It leaves no delivery behind. If it is taken, what waits is sent too.</summary>
internal sealed class SendTestEvent(Store store, Settings settings, Endpoints endpoints, WebhookSender sender, TimeProvider clock)
{
    /// <returns>What the endpoint answered; null when there is no such endpoint, or it waits for approval.</returns>
    public async Task<(bool Taken, ShownDeliveryAttempt Attempt)?> RunAsync(EndpointKey endpoint, CancellationToken stop)
    {
        if (await endpoints.TargetAsync(endpoint, onlyActive: false, stop) is not { } target) return null;

        var sent = TestEvent.Of(endpoint.SenderId, store.Ids.NextPair(), store.Ids.Next(), clock.GetUtcNow().ToUnixTimeMilliseconds());
        var attempt = await sender.SendAsync(target, sent.Id.ToString(CultureInfo.InvariantCulture), BodyOf(sent, target), stop);
        if (attempt.Succeeded) await endpoints.RetryNowAsync(endpoint, stop);
        var answer = attempt.Answer.Length == 0 ? null : Encoding.UTF8.GetString(attempt.Answer);
        return (attempt.Succeeded, new(1, attempt.StartedAt, attempt.Took, attempt.Status, attempt.Error, answer));
    }

    private byte[] BodyOf(TestEvent sent, WebhookTarget target) => target.Room is { } room ? ChatMessage.Test(room, settings.PublicBase).Body(room.Format) : sent.Body;
}
