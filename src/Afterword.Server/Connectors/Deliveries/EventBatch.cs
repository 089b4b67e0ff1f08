using Afterword.Server.Automation.Conversations;
using Afterword.Server.Changes;
using Afterword.Server.OAuth;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;

namespace Afterword.Server.Connectors.Deliveries;

/// <summary>What a batch of events knows while it is decided, and what it will write.</summary>
/// <param name="deliveries">The events; none is of the same conversation as another, unless they are one event that came twice.</param>
/// <param name="now">Unix milliseconds.</param>
internal sealed class EventBatch(IReadOnlyList<IncomingDelivery> deliveries, long now)
{
    private readonly Dictionary<long, SenderState> _states = [];
    private readonly Dictionary<long, SenderGrant> _senders = [];
    private readonly Dictionary<int, KnownEvent> _known = [];
    private readonly Dictionary<int, EarlierEvents> _before = [];
    private readonly CustomerMatches _customers = new(deliveries);
    private readonly DecidedEvent?[] _decided = new DecidedEvent?[deliveries.Count];

    // Of those that came twice in this batch, the place of the first.
    private readonly Dictionary<int, int> _sameAs = [];
    private readonly List<int> _toDecide = [];

    /// <summary>First the lock of the senders, then the reads: what they find holds until the commit.</summary>
    public IReadOnlyList<Lookup> Lookups() =>
    [
        .. ChangeLog.Stamp(deliveries.Select(one => one.SenderId).Distinct(), now, _states),
        new(
            """
            select s.user_id, s.creates_per_day, s.recipient_interval, s.shows, s.events
            from {rows} join sender s on s.user_id = item.sender_id join account a on a.id = s.user_id where a.suspended_at is null
            """,
            Rows.Of(deliveries.Select(one => one.SenderId).Distinct().ToArray()).Long("sender_id", sender => sender),
            row => _senders[row.GetInt64(0)] = new(row.LongOrNull(1), row.LongOrNull(2), row.LongOrNull(3), row.LongOrNull(4))),
        new(
            """
            select item.place, e.id, e.action, e.decision, e.reason, e.external_id, e.conversation_id from {rows}
            join connector_event e on e.sender_id = item.sender_id and e.connector_id = item.connector_id and e.event_key = item.event_key
            """,
            Rows.Of(deliveries).Place().Long("sender_id", one => one.SenderId).Long("connector_id", one => one.Connector.Key.Id).Bytes("event_key", one => one.Key.Hash),
            row => _known[(int)row.GetInt64(0)] = new(row.GetInt64(1), (EventAction)row.GetInt32(2), new(row.GetString(3), row.TextOrNull(4), row.TextOrNull(5), row.LongOrNull(6), Repeated: true))),
        new(
            """
            select item.place, max(case when e.action = 1 then e.id end), max(case when e.action = 2 then e.id end), max(case when e.action = 2 then e.happened_at end) from {rows}
            join connector_event e on e.sender_id = item.sender_id and e.connector_id = item.connector_id and e.external_id = item.external_id
            group by item.place
            """,
            Rows.Of(deliveries).Place().Long("sender_id", one => one.SenderId).Long("connector_id", one => one.Connector.Key.Id).Text("external_id", one => one.ExternalId),
            row => _before[(int)row.GetInt64(0)] = new(row.LongOrNull(1), row.LongOrNull(2), row.LongOrNull(3))),
        .. _customers.Lookups(),
    ];

    /// <summary>Tells what is yet to be decided from what was, or need not be.</summary>
    public void Sort()
    {
        var first = new Dictionary<(ConnectorKey, string), int>();
        for (var place = 0; place < deliveries.Count; place++)
        {
            var one = deliveries[place];
            if (!first.TryAdd((one.Connector.Key, one.Key.Text), place)) _sameAs[place] = first[(one.Connector.Key, one.Key.Text)];
            else if (!one.Again && _known.TryGetValue(place, out var known) && !IsAnother(place, known)) _decided[place] = known.Decided;
            else if (one.Mapped is MappedEvent.Ignored(var reason, var detail)) _decided[place] = new(DecidedEvent.Ignored, reason, Detail: detail);
            else if (!_senders.ContainsKey(one.SenderId)) _decided[place] = new("failed", "sender_not_allowed", one.ExternalId);
            else if (one.Mapped is MappedEvent.Deleted) _decided[place] = new(DecidedEvent.Ignored, "customer_deleted", DeletedUser: (_customers.IdOf(place) is not 0 and var user) ? user : null);
            else if (IsOvertaken(place, one.Event!)) _decided[place] = new(DecidedEvent.Ignored, "out_of_order", one.ExternalId);
            else _toDecide.Add(place);
        }
    }

    /// <summary>Makes users of the customers whom nobody knows, where their connectors may.</summary>
    public Task AddCustomersAsync(Session session, KeptOptOuts optOuts, Snowflakes ids) => _customers.AddAsync(session, optOuts, ids, [.. Places(EventAction.Close)], now);

    public IReadOnlyList<int> Places(EventAction action) => [.. _toDecide.Where(place => deliveries[place].Event!.Action == action)];

    public CloseRequest CloseOf(int place)
    {
        var one = deliveries[place];
        return new(one.SenderId, _senders[one.SenderId], one.Event!.Draft with { RecipientId = _customers.IdOf(place), IsContact = _customers.IsContact(place) }, one.CardBase);
    }

    public ReopenRequest ReopeningOf(int place) => new(deliveries[place].SenderId, deliveries[place].ExternalId!, deliveries[place].Event!.HappenedAt);

    public void Decide(int place, DecidedEvent decided) => _decided[place] = decided with { ExternalId = deliveries[place].ExternalId };

    public DecidedEvent[] Outcomes() => [.. deliveries.Select((_, place) => _sameAs.TryGetValue(place, out var first) ? _decided[first]! with { Repeated = true } : _decided[place]!)];

    public void Write(Session session, Snowflakes ids)
    {
        var decided = deliveries.Index().Where(one => !_sameAs.ContainsKey(one.Index) && !_decided[one.Index]!.Repeated).Select(one => (Delivery: one.Item, Decided: _decided[one.Index]!)).ToArray();
        var fresh = decided.Where(one => !one.Delivery.Again).ToArray();
        session.Then(
            """
            insert into connector_event (sender_id, connector_id, event_key, id, received_at, times, test, action, external_id, happened_at, decision, reason, detail, conversation_id, deleted_user, fields)
            select sender_id, connector_id, event_key, id, received_at, 1, test, action, external_id, happened_at, decision, reason, detail, conversation_id, deleted_user, fields from {rows} where true
            on conflict (sender_id, connector_id, event_key) do update set
                id = excluded.id, received_at = excluded.received_at, times = connector_event.times + 1, test = excluded.test, action = excluded.action, external_id = excluded.external_id,
                happened_at = excluded.happened_at, decision = excluded.decision, reason = excluded.reason, detail = excluded.detail, conversation_id = excluded.conversation_id,
                deleted_user = excluded.deleted_user, fields = excluded.fields
            """,
            ResultsOf(fresh).Long("id", _ => ids.Next()).Long("received_at", _ => now).Long("test", one => one.Delivery.Test || one.Delivery.Event?.Draft.Test == true ? 1 : 0)
                .LongOrNull("deleted_user", one => one.Decided.DeletedUser).Text("fields", one => one.Delivery.Mapped is MappedEvent.Deleted ? null : one.Delivery.Fields.ToJson()));

        // Running it again is nothing that came: neither its place in the list nor the days for which it is kept begin anew.
        session.Then(
            """
            update connector_event set
                action = item.action, external_id = item.external_id, happened_at = item.happened_at, decision = item.decision, reason = item.reason, detail = item.detail, conversation_id = item.conversation_id
            from {rows} where connector_event.sender_id = item.sender_id and connector_event.connector_id = item.connector_id and connector_event.event_key = item.event_key
            """,
            ResultsOf(decided.Where(one => one.Delivery.Again).ToArray()));

        var repeated = deliveries.Index().Where(one => _sameAs.ContainsKey(one.Index) || _decided[one.Index]!.Repeated).Select(one => one.Item).GroupBy(one => (one.Connector.Key, one.Key.Text))
            .Select(one => (Delivery: one.First(), Times: (long)one.Count())).ToArray();
        session.Then(
            """
            update connector_event set times = connector_event.times + item.times from {rows}
            where connector_event.sender_id = item.sender_id and connector_event.connector_id = item.connector_id and connector_event.event_key = item.event_key
            """,
            Rows.Of(repeated).Long("sender_id", one => one.Delivery.SenderId).Long("connector_id", one => one.Delivery.Connector.Key.Id).Bytes("event_key", one => one.Delivery.Key.Hash).Long("times", one => one.Times));
        _customers.WriteLearned(session, [.. _toDecide]);
        _customers.WriteForgotten(session, [.. Enumerable.Range(0, deliveries.Count).Where(place => _decided[place] is { Reason: "customer_deleted", Repeated: false })]);
    }

    private static Rows.Builder<(IncomingDelivery Delivery, DecidedEvent Decided)> ResultsOf(IReadOnlyList<(IncomingDelivery Delivery, DecidedEvent Decided)> decided) => Rows.Of(decided)
        .Long("sender_id", one => one.Delivery.SenderId).Long("connector_id", one => one.Delivery.Connector.Key.Id).Bytes("event_key", one => one.Delivery.Key.Hash)
        .Long("action", one => (long)(one.Delivery.Event?.Action ?? EventAction.None)).Text("external_id", one => one.Delivery.ExternalId).LongOrNull("happened_at", one => one.Delivery.Event?.HappenedAt)
        .Text("decision", one => one.Decided.Decision).Text("reason", one => one.Decided.Reason).Text("detail", one => one.Decided.Detail).LongOrNull("conversation_id", one => one.Decided.ConversationId);

    /// <summary>Whether it says the same as an earlier one and is another all the same: without an id, a conversation that is closed twice sends the same twice.</summary>
    private bool IsAnother(int place, KnownEvent known) => deliveries[place].Key.OfContents && _before.TryGetValue(place, out var before) && known.Action switch
    {
        EventAction.Close => before.LastReopening > known.Id,
        EventAction.Reopen => before.LastClose > known.Id,
        _ => false,
    };

    /// <summary>Whether the other side has told already that the conversation went on after this close. Events need not come in their order.</summary>
    private bool IsOvertaken(int place, MappedEvent.ConversationEvent conversationEvent) =>
        conversationEvent is { Action: EventAction.Close, HappenedAt: { } closed } && _before.TryGetValue(place, out var before) && before.ReopenedAt > closed;

    private sealed record KnownEvent(long Id, EventAction Action, DecidedEvent Decided);

    /// <summary>What the connector has told of the conversation before.</summary>
    private sealed record EarlierEvents(long? LastClose, long? LastReopening, long? ReopenedAt);
}
