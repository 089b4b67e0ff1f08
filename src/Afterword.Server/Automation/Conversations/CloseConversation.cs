using Afterword.Server.Automation.Rules;
using Afterword.Server.Changes;
using Afterword.Server.Configuration;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>A close on its way into a batch.</summary>
/// <param name="CardBase">The public address that a card's link is to begin with.</param>
internal sealed record CloseRequest(long SenderId, SenderGrant? Grant, CloseDraft Draft, string CardBase);

/// <summary>A conversation has ended: decides by the sender's rules whether its customer is asked, and when, and keeps the decision.</summary>
internal sealed class CloseConversation
{
    private readonly Store _store;
    private readonly KeptRules _rules;
    private readonly Settings _settings;
    private readonly TimeProvider _clock;
    private readonly WriteGroup<CloseRequest, Conversation> _group;
    private readonly DecisionCounter _decisions;

    public CloseConversation(Store store, KeptRules rules, Settings settings, DecisionCounter decisions, TimeProvider clock)
    {
        (_store, _rules, _settings, _decisions, _clock) = (store, rules, settings, decisions, clock);
        _group = store.Main.Group<CloseRequest, Conversation>(request => request.SenderId, RunAsync);
    }

    public Task<Conversation> RunAsync(CloseRequest request) => _group.RunAsync(request);

    /// <summary>The same within a transaction of whoever heard of the closes. It must not have told of one of these conversations already.</summary>
    public async Task<Conversation[]> RunAsync(Session session, IReadOnlyList<CloseRequest> requests)
    {
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var batch = new CloseBatch(now);
        var senders = requests.Select(request => request.SenderId).Distinct().ToArray();

        // First the lock, then the reads: what they find holds until the commit.
        await session.EachAsync([.. ChangeLog.Stamp(senders, now, batch.States), .. batch.Facts.Lookups(requests, request => request.SenderId, request => request.Draft, request => request.Draft.InPlace), batch.Heads(requests)], CancellationToken.None);
        batch.Facts.Rules = await _rules.ReadAsync(session, batch.Facts.Versions);

        var closed = new Conversation[requests.Count];
        for (var i = 0; i < closed.Length; i++) closed[i] = Close(batch, requests[i], i);
        batch.Write(session, _store);
        _decisions.Note(session, batch.Decided);
        return closed;
    }

    private Conversation Close(CloseBatch batch, CloseRequest request, int place)
    {
        var head = batch.HeadOf(request);
        if (head is { Decision: Decision.Scheduled }) return batch.CountAgain(head, head.NextEligibleAt);

        var draft = request.Draft;
        var input = batch.Facts.Of(place, request.SenderId, draft, batch.Now, _settings.Limits.IntervalFor(request.Grant));
        var verdict = Decide.OnClose(input);

        // Nothing has changed since it was closed before: a repeated call, or another close with the same end.
        if (head is { Decision: Decision.Skipped } && head.Reason == verdict.Reason) return batch.CountAgain(head, verdict.NextEligibleAt);

        // Its customer was asked before the call was repeated, because its answer was lost: by its time it is the same close.
        if (head is { Decision: Decision.Asked } && verdict.Reason != Reason.None && draft.ClosedAt == head.ClosedAt) return batch.CountAgain(head, head.NextEligibleAt);

        var stamp = batch.States[request.SenderId].Stamp;
        var ruleRequest = verdict.Rule?.Request;
        var due = verdict.Reason == Reason.None ? verdict.DueAt : null;
        return batch.Add(new(
            request.SenderId, _store.Ids.Next(), draft.ExternalId, draft.RecipientId, draft.Test, draft.Agent, draft.Team, draft.Tags, draft.Language, draft.DisplayName, draft.PrivacyUrl,
            draft.Messages, draft.AgentMessages, draft.Connector, input.Facts.Channel, request.CardBase, draft.ClosedAt ?? stamp, stamp, stamp, 1, verdict.Reason.Outcome, verdict.Reason,
            batch.Facts.RulesOf(request.SenderId).Version, verdict.Rule?.Name, ruleRequest?.Rate, input.Draw, due, due, verdict.NextEligibleAt, null));
    }
}
