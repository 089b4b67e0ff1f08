using Afterword.Server.Changes;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>A conversation that goes on.</summary>
/// <param name="At">Since when, Unix milliseconds; null where nobody has said. It does not take back a close that came after it.</param>
internal readonly record struct ReopenRequest(long SenderId, string ExternalId, long? At = null);

/// <summary>A conversation goes on: what was scheduled for it is withdrawn.</summary>
internal sealed class ReopenConversation
{
    private readonly TimeProvider _clock;
    private readonly DecisionCounter _decisions;
    private readonly WriteGroup<ReopenRequest, Conversation?> _group;

    public ReopenConversation(Store store, DecisionCounter decisions, TimeProvider clock)
    {
        (_decisions, _clock) = (decisions, clock);
        _group = store.Main.Group<ReopenRequest, Conversation?>(request => request.SenderId, RunAsync);
    }

    /// <returns>The conversation as it is now; null when it was never closed.</returns>
    public Task<Conversation?> RunAsync(long sender, string externalId) => _group.RunAsync(new(sender, externalId));

    /// <summary>The same within a transaction of whoever heard of it. It must not have told of one of these conversations already.</summary>
    public async Task<Conversation?[]> RunAsync(Session session, IReadOnlyList<ReopenRequest> requests)
    {
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var states = new Dictionary<long, SenderState>();
        var heads = new List<Conversation>();
        await session.EachAsync(
            [
                .. ChangeLog.Stamp(requests.Select(request => request.SenderId).Distinct(), now, states),

                // A test and a conversation that is none may have the same name; both are reopened, and the newer one is told of.
                CloseBatch.Heads([.. requests.DistinctBy(request => (request.SenderId, request.ExternalId)).SelectMany(request => new[] { (request.SenderId, true, request.ExternalId), (request.SenderId, false, request.ExternalId) })], heads.Add),
            ],
            CancellationToken.None);

        var found = heads.Select(head => head.Decision == Decision.Scheduled && GoesOn(head, requests) ? Withdrawn(head, states[head.SenderId].Stamp) : head).ToArray();
        Conversation[] withdrawn = [.. found.Except(heads)];
        Conversation.Update(session, withdrawn);
        _decisions.Note(session, withdrawn);
        return [.. requests.Select(request => found.Where(one => one.SenderId == request.SenderId && one.ExternalId == request.ExternalId).MaxBy(one => one.CreatedAt))];
    }

    private static bool GoesOn(Conversation head, IReadOnlyList<ReopenRequest> requests) =>
        requests.Any(request => request.SenderId == head.SenderId && request.ExternalId == head.ExternalId && !(request.At < head.ClosedAt));

    private static Conversation Withdrawn(Conversation conversation, long at) =>
        conversation with { Decision = Decision.Withdrawn, Reason = Reason.Reopened, UpdatedAt = at, DueAt = null, NextEligibleAt = null };
}
