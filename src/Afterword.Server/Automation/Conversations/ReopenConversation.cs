using Afterword.Server.Changes;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>A conversation goes on: what was scheduled for it is withdrawn.</summary>
internal sealed class ReopenConversation
{
    private readonly TimeProvider _clock;
    private readonly DecisionCounter _decisions;
    private readonly WriteGroup<(long Sender, string ExternalId), Conversation?> _group;

    public ReopenConversation(Store store, DecisionCounter decisions, TimeProvider clock)
    {
        (_decisions, _clock) = (decisions, clock);
        _group = store.Main.Group<(long Sender, string ExternalId), Conversation?>(request => request.Sender, RunAsync);
    }

    /// <returns>The conversation as it is now; null when it was never closed.</returns>
    public Task<Conversation?> RunAsync(long sender, string externalId) => _group.RunAsync((sender, externalId));

    private async Task<Conversation?[]> RunAsync(Session session, IReadOnlyList<(long Sender, string ExternalId)> requests)
    {
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var states = new Dictionary<long, SenderState>();
        var heads = new List<Conversation>();
        await session.EachAsync(
            [
                .. ChangeLog.Stamp(requests.Select(request => request.Sender).Distinct(), now, states),

                // A test and a conversation that is none may have the same name; both are reopened, and the newer one is told of.
                CloseBatch.Heads([.. requests.Distinct().SelectMany(request => new[] { (request.Sender, true, request.ExternalId), (request.Sender, false, request.ExternalId) })], heads.Add),
            ],
            CancellationToken.None);

        var found = heads.Select(head => head.Decision == Decision.Scheduled ? Withdrawn(head, states[head.SenderId].Stamp) : head).ToArray();
        Conversation[] withdrawn = [.. found.Except(heads)];
        Conversation.Update(session, withdrawn);
        _decisions.Note(session, withdrawn);
        return [.. requests.Select(request => found.Where(one => one.SenderId == request.Sender && one.ExternalId == request.ExternalId).MaxBy(one => one.CreatedAt))];
    }

    private static Conversation Withdrawn(Conversation conversation, long at) =>
        conversation with { Decision = Decision.Withdrawn, Reason = Reason.Reopened, UpdatedAt = at, DueAt = null, NextEligibleAt = null };
}
