using Afterword.Server.Automation;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;

namespace Afterword.Server.Connectors.Deliveries;

/// <summary>Stores events and decides them, each once, in one transaction: who hears of the decision knows that it is on the disk.</summary>
internal sealed class DecideEvents
{
    // Many more than there are writes under way.
    private const int Turns = 1 << 10;

    private readonly Store _store;
    private readonly KeptOptOuts _optOuts;
    private readonly CloseConversation _close;
    private readonly ReopenConversation _reopen;
    private readonly TimeProvider _clock;
    private readonly WriteGroup<IncomingDelivery, DecidedEvent> _group;
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, Turns).Select(_ => new SemaphoreSlim(1))];

    public DecideEvents(Store store, CloseConversation close, ReopenConversation reopen, TimeProvider clock)
    {
        (_store, _optOuts, _close, _reopen, _clock) = (store, new(store), close, reopen, clock);
        _group = store.Main.Group<IncomingDelivery, DecidedEvent>(delivery => delivery.SenderId, RunAsync);
    }

    /// <remarks>Events of one conversation take turns: within one transaction, the second would not see what the first has written.</remarks>
    public async Task<DecidedEvent> RunAsync(IncomingDelivery delivery, CancellationToken stop)
    {
        if (delivery.ExternalId is not { } conversation) return await _group.RunAsync(delivery);

        var turn = _turns[(uint)HashCode.Combine(delivery.SenderId, conversation) % Turns];
        await turn.WaitAsync(stop);
        try
        {
            return await _group.RunAsync(delivery);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<DecidedEvent[]> RunAsync(Session session, IReadOnlyList<IncomingDelivery> deliveries)
    {
        var batch = new EventBatch(deliveries, _clock.GetUtcNow().ToUnixTimeMilliseconds());
        await session.EachAsync(batch.Lookups(), CancellationToken.None);
        batch.Sort();
        await batch.AddCustomersAsync(session, _optOuts, _store.Ids);

        await CloseAsync(session, batch);
        await ReopenAsync(session, batch);
        batch.Write(session, _store.Ids);
        return batch.Outcomes();
    }

    // Of a customer whom nobody knows too: it stands in the ledger with its reason.
    private async Task CloseAsync(Session session, EventBatch batch)
    {
        var places = batch.Places(EventAction.Close);
        if (places.Count == 0) return;

        var closed = await _close.RunAsync(session, [.. places.Select(batch.CloseOf)]);
        for (var i = 0; i < places.Count; i++) batch.Decide(places[i], Describe(closed[i]));
    }

    private async Task ReopenAsync(Session session, EventBatch batch)
    {
        var places = batch.Places(EventAction.Reopen);
        if (places.Count == 0) return;

        var reopened = await _reopen.RunAsync(session, [.. places.Select(batch.ReopeningOf)]);
        for (var i = 0; i < places.Count; i++) batch.Decide(places[i], reopened[i] is { } conversation ? Describe(conversation) : new(DecidedEvent.Ignored, "never_closed"));
    }

    private static DecidedEvent Describe(Conversation conversation) =>
        new(conversation.Decision.Word, conversation.Reason == Reason.None ? null : conversation.Reason.Word, conversation.ExternalId, conversation.Id);
}
