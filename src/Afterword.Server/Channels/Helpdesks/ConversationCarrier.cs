using System.Text;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels.Helpdesks;

/// <summary>Posts a request into the conversation it came from, by the API of the sender's helpdesk.</summary>
internal sealed class ConversationCarrier(Store store, Settings settings, SenderHelpdesks helpdesks, GuardedHttp http)
{
    // A conversation that is longer is looked through as far as that.
    private const int MostOfConversation = 4 * 1024 * 1024;

    private const int Gone = 410;
    private const int Unprocessable = 422;

    /// <summary>Said of an attempt that did nothing, for the one before had arrived.</summary>
    public const string HadArrived = "An earlier attempt had arrived: the message stands in the conversation, and nothing was posted again.";

    /// <summary>Where the connections to a sender's helpdesks lead. No webhook has this id.</summary>
    public static EndpointKey EndOf(long sender) => new(sender, 1);

    public async Task<Attempt> SendAsync(Dispatch dispatch, OutgoingPermit permit, CancellationToken abort)
    {
        var prompt = dispatch.Prompt;
        if (ConversationId.Find(prompt.ExternalId) is not { } conversation)
        {
            return new(AttemptOutcome.Refused, 0, null, "The external_id of the request names no conversation, such as chatwoot:482.");
        }

        if ((await helpdesks.OfAsync(prompt.SenderId, abort)).Find(desk => desk.Kind == conversation.Kind) is not { } helpdesk)
        {
            return new(AttemptOutcome.Failed, 0, null, $"The sender has no access to {conversation.Kind.Name}: see afterword allow channel --help.");
        }

        var card = dispatch.CardUrl(store.Secrets, settings);
        if (dispatch.Attempts > 1 && await LookAsync(helpdesk, conversation, card, dispatch.EarlyAttempts, permit, abort) is { } enough) return enough;

        var reply = new HelpdeskReply($"{dispatch.Message}\n\n{card}", prompt.Question, dispatch.Recipient.Mail);
        return Judge(await http.SendAsync(permit, helpdesk.Url, _ => HelpdeskApi.Post(helpdesk, conversation.Id, reply), ApiAnswers.Read, abort), dispatch.EarlyAttempts);
    }

    /// <summary>Asks a helpdesk whether it takes the token, and posts nothing.</summary>
    public async Task<Attempt> TestAsync(Helpdesk helpdesk, OutgoingPermit permit, CancellationToken abort) =>
        Judge(await http.SendAsync(permit, helpdesk.Url, _ => HelpdeskApi.Me(helpdesk), ApiAnswers.Read, abort));

    /// <summary>Looks whether an earlier attempt has arrived: none of the helpdesks would know a repeat as one.</summary>
    /// <returns>Null when it has not, and it is to be posted.</returns>
    private async Task<Attempt?> LookAsync(Helpdesk helpdesk, ConversationId conversation, string card, long early, OutgoingPermit permit, CancellationToken abort)
    {
        var look = await http.SendAsync(permit, helpdesk.Url, _ => HelpdeskApi.Messages(helpdesk, conversation.Id), MostOfConversation, abort);
        if (look.Succeeded)
        {
            // The link's token has letters, digits, - and _ alone, which every encoding leaves as they are.
            var token = Encoding.ASCII.GetBytes(card[(card.LastIndexOf('/') + 1)..]);
            return look.Answer.AsSpan().IndexOf(token) < 0 ? null : new(AttemptOutcome.Sent, look.Took, look.Status, HadArrived);
        }

        // Nothing was posted, so nothing of it can have arrived.
        var judged = Judge(look, early);
        return judged with { Outcome = judged.Outcome == AttemptOutcome.Uncertain ? AttemptOutcome.Failed : judged.Outcome, Error = $"Not posted again, for the conversation could not be read. {judged.Error}" };
    }

    // 422 is what Zendesk answers for a ticket that is closed for good. What is not found may be a wrong account, which the operator will mend.
    private static Attempt Judge(Webhooks.Attempt attempt, long early = 0) => ApiAnswers.Judge(attempt, (status, _) => status is Gone or Unprocessable, _ => false, early);
}
