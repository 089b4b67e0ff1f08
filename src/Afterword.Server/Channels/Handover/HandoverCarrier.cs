using System.Globalization;
using System.Text.Json;
using Afterword.Server.Hosting;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels.Handover;

/// <summary>Hands a request over to the sender's own means: signed, guarded and bounded as a webhook, over connections of its own.</summary>
internal sealed class HandoverCarrier : IDisposable
{
    private const string English = "en";

    private readonly Store _store;
    private readonly Settings _settings;
    private readonly Handovers _handovers;
    private readonly Destinations _destinations;
    private readonly WebhookSender _sender;

    public HandoverCarrier(Store store, Settings settings, Handovers handovers, EgressGuard guard, TimeProvider clock)
    {
        (_store, _settings, _handovers) = (store, settings, handovers);
        _destinations = new Destinations(guard, settings.Webhooks, clock);
        _sender = new WebhookSender(_destinations, settings.Webhooks, clock);
    }

    public async Task<Attempt> SendAsync(Dispatch dispatch, CancellationToken abort)
    {
        _destinations.DropIdle();
        if (await _handovers.TargetAsync(dispatch.Prompt.SenderId, abort) is not { } target) return new(AttemptOutcome.Failed, 0, null, "The sender has no address for this channel any more.");

        return await SendAsync(target, dispatch.Prompt.Id, BodyOf(dispatch, dispatch.CardUrl(_store.Secrets, _settings)), abort);
    }

    /// <summary>Hands over a request that never was, marked as a test, to try out an address.</summary>
    public Task<Attempt> SendTestAsync(Target target, Party sender, long pair, long now, CancellationToken abort)
    {
        var prompt = new Prompt(
            sender.Id, pair, sender.Id, pair + 1, PromptType.Csat, Test: true, 0, "How satisfied are you with this test?", "https://example.com/privacy", "test_request", null, now, now,
            null, null, null, null, null);
        var test = new Dispatch(prompt, DispatchState.Sending, 1, 0, 0, "", null, "This is a test. There is no card behind the link.", sender, sender, OptedOut: false);
        return SendAsync(target, pair, BodyOf(test, "https://example.com/f/test"), abort);
    }

    public static byte[] BodyOf(Dispatch dispatch, string cardUrl)
    {
        var prompt = dispatch.Prompt;
        return JsonSerializer.SerializeToUtf8Bytes(
            new FeedbackRequestJson(
                FeedbackRequestJson.Requested, Prompt.Date(prompt.CreatedAt), new(Text(prompt.Id), prompt.Type.Wire, prompt.Test, prompt.ExternalId), Of(dispatch.Sender), Of(dispatch.Recipient),
                dispatch.Message, prompt.Question, cardUrl, prompt.PrivacyUrl, dispatch.Recipient.Language ?? English),
            HandoverJson.Default.FeedbackRequestJson);
    }

    public void Dispose() => _destinations.Dispose();

    private async Task<Attempt> SendAsync(Target target, long id, byte[] body, CancellationToken abort) => Judge(await _sender.SendAsync(target, Text(id), body, abort));

    /// <summary>What a request that was made means for what it brought.</summary>
    public static Attempt Judge(Webhooks.Attempt attempt)
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

    private static RequestPartyJson Of(Party party) => new(Text(party.Id), party.ScreenName, party.Name);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
