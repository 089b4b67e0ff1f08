using System.Text;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels.Helpdesks;

/// <summary>Posts a request into the conversation it came from, by the API of the sender's helpdesk.</summary>
internal sealed class HelpdeskTransport(Store store, Settings settings, SenderHelpdesks helpdesks, GuardedHttp http, TimeProvider clock)
{
    // What has waited longer may have been sent before: by the store of which this one was restored.
    private static readonly TimeSpan s_justMade = TimeSpan.FromMinutes(1);

    private const int Gone = 410;
    private const int Unprocessable = 422;
    private const int Unavailable = 503;

    /// <summary>Said of an attempt that did nothing, for the one before had arrived.</summary>
    public const string HadArrived = "An earlier attempt had arrived: the message stands in the conversation, and nothing was posted again.";

    /// <summary>Begins what is said of one before which the conversation had been read, and no earlier one stood in it.</summary>
    public const string HadNotArrived = "No earlier attempt had arrived: the conversation was read before.";

    /// <summary>Where the connections to a sender's helpdesks lead. No webhook has this id.</summary>
    public static EndpointKey EndOf(long sender) => new(sender, 1);

    public async Task<ChannelAttempt> SendAsync(ChannelDelivery delivery, OutgoingPermit permit, CancellationToken abort)
    {
        var prompt = delivery.Prompt;
        if (ConversationId.Find(prompt.ExternalId) is not { } conversation)
        {
            return new(AttemptOutcome.Refused, 0, null, "The external_id of the request names no conversation, such as chatwoot:482.");
        }

        if ((await helpdesks.OfAsync(prompt.SenderId, abort)).Find(desk => desk.Kind == conversation.Kind) is not { } helpdesk)
        {
            return new(AttemptOutcome.Failed, 0, null, $"The sender has no access to {conversation.Kind.Name}: see afterword allow channel --help.");
        }

        var card = delivery.CardUrl(store.Secrets, settings);
        var looks = delivery.Attempts > 1 || clock.GetUtcNow().ToUnixTimeMilliseconds() - prompt.CreatedAt > s_justMade.TotalMilliseconds;
        if (looks && await LookAsync(helpdesk, conversation, card, delivery.EarlyAttempts, permit, abort) is { } enough) return enough;

        var reply = new HelpdeskReply($"{delivery.Message}\n\n{card}", prompt.Question, delivery.Recipient.Email);
        var posted = Judge(await http.SendAsync(permit, helpdesk.Url, _ => HelpdeskApi.Post(helpdesk, conversation.Id, reply), ApiResponses.Read, abort), delivery.EarlyAttempts);
        return posted.MayHaveArrived && delivery.IsRepeat && delivery.HasOneLink ? posted with { Error = $"{HadNotArrived} {posted.Error}".TrimEnd() } : posted;
    }

    /// <summary>Asks a helpdesk whether it takes the token, and posts nothing.</summary>
    public async Task<ChannelAttempt> TestAsync(Helpdesk helpdesk, OutgoingPermit permit, CancellationToken abort) =>
        Judge(await http.SendAsync(permit, helpdesk.Url, _ => HelpdeskApi.Me(helpdesk), ApiResponses.Read, abort));

    /// <summary>Looks whether an earlier attempt has arrived: none of the helpdesks would know a repeat as one.</summary>
    /// <returns>Null when it has not, and it is to be posted.</returns>
    private async Task<ChannelAttempt?> LookAsync(Helpdesk helpdesk, ConversationId conversation, string card, long early, OutgoingPermit permit, CancellationToken abort)
    {
        // The link's token has letters, digits, - and _ alone, which every encoding leaves as they are.
        var search = new AnswerSearch(Encoding.ASCII.GetBytes(card[(card.LastIndexOf('/') + 1)..]));
        var look = await http.SendAsync(permit, helpdesk.Url, _ => HelpdeskApi.Messages(helpdesk, conversation.Id), ApiResponses.Read, abort, search);
        if (search.IsFound) return new(AttemptOutcome.Sent, look.Took, look.Status, HadArrived);
        if (search.IsNotThere) return null;

        // Nothing was posted, so nothing of it can have arrived.
        var judged = look.Succeeded ? new(AttemptOutcome.Failed, look.Took, look.Status, "Its answer broke off, is longer than 4 MiB, or is no JSON.") : Judge(look, early);
        var hint = (helpdesk.Kind, look.Status) is (HelpdeskKind.Chatwoot, 401 or 403) ? " The token of an agent bot cannot read conversations: use that of an agent's profile." : "";
        return judged with { Outcome = judged.Outcome == AttemptOutcome.Uncertain ? AttemptOutcome.Failed : judged.Outcome, Error = $"Not posted again, for the conversation could not be read. {judged.Error}{hint}" };
    }

    // 422 is what Zendesk answers for a ticket that is closed for good. What is not found may be a wrong account, which the operator will mend. What stands
    // between here and a helpdesk says 502 or 504 of what the helpdesk may have taken.
    private static ChannelAttempt Judge(Webhooks.DeliveryAttempt attempt, long early = 0) => ApiResponses.Judge(attempt, (status, _) => status is Gone or Unprocessable, status => status >= 500 && status != Unavailable, early);
}
