using Afterword.Server.Automation.Conversations;
using Afterword.Server.Configuration;
using Afterword.Server.Limits;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages;

/// <summary>A user writes to another: stores the message, counts both limits and notes who wrote to whom, all in one transaction.</summary>
internal sealed class SendMessage
{
    private readonly Store _store;
    private readonly LimitSettings _limits;
    private readonly TimeProvider _clock;
    private readonly WriteGroup<SendRequest, SendAnswer> _group;
    private readonly DecisionCounter _decisions;

    public SendMessage(Store store, Settings settings, DecisionCounter decisions, TimeProvider clock)
    {
        (_store, _limits, _decisions, _clock) = (store, settings.Limits, decisions, clock);
        _group = store.Main.Group<SendRequest, SendAnswer>(request => request.SenderId, RunAsync);
    }

    public Task<SendAnswer> RunAsync(SendRequest request) => _group.RunAsync(request);

    /// <summary>Decides a batch of requests one after the other, then writes what was accepted.</summary>
    private async Task<SendAnswer[]> RunAsync(Session session, IReadOnlyList<SendRequest> requests)
    {
        var batch = new SendBatch(_clock.GetUtcNow().ToUnixTimeMilliseconds());
        await session.EachAsync(batch.Lookups(requests), CancellationToken.None);

        var answers = new SendAnswer[requests.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            var outcome = Decide(batch, requests[i], i);
            answers[i] = new(outcome, batch.WindowOfSender(requests[i]).StateFor(_limits.MessagesPerDay));
        }

        batch.Write(session, _store);
        _decisions.NoteWithdrawn(session, batch.Withdrawn);
        return answers;
    }

    private SendOutcome Decide(SendBatch batch, SendRequest request, int place)
    {
        var recipient = batch.RecipientOf(place);
        if (!recipient.IsKnown) return new SendOutcome.RecipientUnknown();
        if (recipient.Suspended) return new SendOutcome.RecipientSuspended();
        if (request.Draft.RecipientId == request.SenderId || !batch.CanWrite(request, recipient)) return new SendOutcome.CannotMessage();

        if (!batch.TryReplyFree(request, _limits.FreeReplies) && Count(batch, request) is { } reached) return new SendOutcome.LimitReached(reached);
        return new SendOutcome.Sent(batch.Accept(request, _store.Ids.Next()));
    }

    /// <summary>Counts a message in both windows; or in none, and gives the limit that is in the way.</summary>
    private LimitState? Count(SendBatch batch, SendRequest request)
    {
        var (mine, app) = (batch.WindowOfSender(request), batch.WindowOfApp(request));
        var (mineNow, appNow) = (mine.StateFor(_limits.MessagesPerDay), app?.StateFor(_limits.AppMessagesPerDay) ?? default);
        switch (mineNow.Remaining > 0, app is null || appNow.Remaining > 0)
        {
            case (true, true):
                mine.TryCount(_limits.MessagesPerDay);
                app?.TryCount(_limits.AppMessagesPerDay);
                return null;
            case (false, true):
                return mineNow;
            case (true, false):
                return appNow;
            default:
                return mineNow.ResetsAt > appNow.ResetsAt ? mineNow : appNow;
        }
    }
}
