using System.Globalization;
using System.Text.Json;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels.Relay;

/// <summary>Hands a request over to the sender's own means: signed, guarded and bounded as a webhook, over connections of its own.</summary>
internal sealed class RelayTransport(Store store, Settings settings, RelayAddresses relayAddresses, WebhookSender sender)
{
    private const string English = "en";

    /// <summary>Where the connections of a sender's own means lead. No webhook has this id.</summary>
    public static EndpointKey EndOf(long sender) => new(sender, 0);

    public async Task<ChannelAttempt> SendAsync(ChannelDelivery delivery, OutgoingPermit permit, CancellationToken abort)
    {
        if (await relayAddresses.TargetAsync(delivery.Prompt.SenderId, abort) is not { } target) return new(AttemptOutcome.Failed, 0, null, "The sender has no address for this channel any more.");

        return Judge(await sender.SendAsync(permit, target, Text(delivery.Prompt.Id), BodyOf(delivery, delivery.CardUrl(store.Secrets, settings)), abort));
    }

    /// <summary>Hands over a request that never was, marked as a test, to try out an address.</summary>
    public async Task<ChannelAttempt> SendTestAsync(WebhookTarget target, DeliveryParty from, long pair, long now, CancellationToken abort)
    {
        var prompt = new Prompt(
            from.Id, pair, from.Id, pair + 1, PromptType.Csat, Test: true, 0, "How satisfied are you with this test?", "https://example.com/privacy", "test_request", null, now, now,
            null, null, null, null, null);
        var test = new ChannelDelivery(prompt, ChannelDeliveryState.Sending, 1, 0, 0, "", null, "This is a test. There is no card behind the link.", from, from, OptedOut: false);
        return Judge(await sender.SendAsync(target, Text(pair), BodyOf(test, "https://example.com/f/test"), abort));
    }

    public static byte[] BodyOf(ChannelDelivery delivery, string cardUrl)
    {
        var prompt = delivery.Prompt;
        return JsonSerializer.SerializeToUtf8Bytes(
            new FeedbackRequestJson(
                FeedbackRequestJson.Requested, Prompt.Date(prompt.CreatedAt), new(Text(prompt.Id), prompt.Type.Wire, prompt.Test, prompt.ExternalId), Of(delivery.Sender), Of(delivery.Recipient),
                delivery.Message, prompt.Question, cardUrl, prompt.PrivacyUrl, delivery.Recipient.Language ?? English),
            HandoverJson.Default.FeedbackRequestJson);
    }

    /// <summary>What a request that was made means for what it brought.</summary>
    public static ChannelAttempt Judge(Webhooks.DeliveryAttempt attempt)
    {
        // Connected and without a status, nobody knows how far it got; receivers fold repeats by the webhook-id.
        var outcome = attempt switch
        {
            { Succeeded: true } => AttemptOutcome.Sent,
            { IsGone: true } => AttemptOutcome.Refused,
            { Status: null, Unreached: false } => AttemptOutcome.Uncertain,
            _ => AttemptOutcome.Failed,
        };
        var error = attempt.Succeeded ? null : attempt.Error ?? string.Create(CultureInfo.InvariantCulture, $"It answered {attempt.Status} instead of 200 to 299.");
        return new(outcome, attempt.Took, attempt.Status, error, attempt.RetryAfter);
    }

    private static RequestPartyJson Of(DeliveryParty party) => new(Text(party.Id), party.ScreenName, party.Name);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
