using Afterword.Client.Wire;
using Afterword.Server.Changes;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>A change with the prompt as it stood when that happened.</summary>
internal readonly record struct OutboxEntry(Change Change, Prompt AsOf)
{
    /// <summary>What is sent of it: the event object, or where people read it, a message.</summary>
    public byte[] BodyFor(ChatDestination? room, string? publicBase) => room is null ? Body() : ChatMessage.Of(this, room, publicBase).Body(room.Format);

    /// <summary>The event object as UTF-8, as the documentation of events.json has it.</summary>
    public byte[] Body()
    {
        var buffer = Buffers.Rent();
        WireJson.Write(buffer, new FeedbackEventJson(Change.Kind.EventType, Prompt.Date(Change.At), AsOf.ToWire()), WireJson.Default.FeedbackEventJson);
        var body = buffer.WrittenSpan.ToArray();
        Buffers.Return(buffer);
        return body;
    }
}

/// <summary>Writes a delivery for each change and endpoint, in the transaction that writes the change.</summary>
/// <remarks>
/// The senders' endpoints are read behind <see cref="ChangeLog.Stamp"/>, and whoever approves an endpoint takes that stamp too: a
/// change is either earlier than that or has its delivery.
/// </remarks>
internal sealed class Outbox
{
    private readonly List<(EndpointKey Key, bool IsPolled)> _endpoints = [];

    /// <summary>Finds the endpoints of the senders; it stands behind their stamp in the list of lookups.</summary>
    public Lookup Lookup(IEnumerable<long> senders) => new(
        "select w.sender_id, w.id, w.polled from {rows} join webhook w on w.sender_id = item.sender_id where w.removed_at is null and w.approved_at is not null",
        Rows.Of(senders.ToArray()).Long("sender_id", sender => sender),
        row => _endpoints.Add((new(row.GetInt64(0), row.GetInt64(1)), row.Flag(2))));

    /// <summary>Writes the deliveries, and wakes the store's listeners once they are durable.</summary>
    public void Write(Session session, Store store, IEnumerable<OutboxEntry> outboxEntries, long now)
    {
        // Most senders have none, and pay for the lookup alone.
        if (_endpoints.Count == 0) return;

        var deliveries = outboxEntries
            .SelectMany(told => _endpoints.Where(endpoint => endpoint.Key.SenderId == told.Change.SenderId), (told, endpoint) => (Endpoint: endpoint.Key, endpoint.IsPolled, told.Change, told.AsOf))
            .ToArray();
        session.Then(
            """
            insert into delivery (sender_id, endpoint_id, prompt_id, changed_at, id, parts, state, due_at, attempts, failures)
            select sender_id, endpoint_id, prompt_id, changed_at, id, parts, state, due_at, 0, 0 from {rows}
            """,
            Rows.Of(deliveries).Long("sender_id", d => d.Endpoint.SenderId).Long("endpoint_id", d => d.Endpoint.Id).Long("prompt_id", d => d.Change.PromptId)
                .Long("changed_at", d => d.Change.At).Long("id", d => d.Change.Id).Long("parts", d => (long)Delivery.PartsOf(d.Change.Kind, d.AsOf))
                .Long("state", d => (long)(d.IsPolled ? DeliveryState.Kept : DeliveryState.Waiting)).Long("due_at", _ => now));

        var told = deliveries.Where(delivery => !delivery.IsPolled).Select(delivery => delivery.Endpoint).Distinct().ToArray();
        session.OnCommit(() => Array.ForEach(told, endpoint => store.WebhookNotifier.Notify(endpoint.SenderId, endpoint.Id)));
    }
}
