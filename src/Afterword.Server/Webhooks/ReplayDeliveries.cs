using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>Which deliveries of an endpoint are sent again.</summary>
/// <param name="Event">This one alone, whatever its state.</param>
/// <param name="From">The first instant of their changes, Unix milliseconds, inclusive.</param>
/// <param name="To">The last instant, inclusive.</param>
/// <param name="DeadOnly">Leaves out what was delivered.</param>
internal sealed record ReplayRange(long? Event, long From, long To, bool DeadOnly);

/// <summary>Makes deliveries due now, settled or not, with a fresh schedule. Bodies and ids are those of the first time.</summary>
internal sealed class ReplayDeliveries(Store store, TimeProvider clock)
{
    private const string Chosen = "(d.id = @event or @event = 0 and (d.state = 2 or @dead = 0))";

    /// <summary>How many are made due in one transaction.</summary>
    public int AtOnce { get; init; } = 1_000;

    /// <summary>How many deliveries a replay would send.</summary>
    public Task<long> CountAsync(EndpointKey endpoint, ReplayRange range, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            $"""
            select count(*) from change c
            {Delivery.OfChange}
            where c.sender_id = @sender and c.changed_at >= @from and c.changed_at <= @to and {Chosen}
            """)
            .Bind("endpoint", endpoint.Id).Bind("sender", endpoint.SenderId).Bind("from", range.From).Bind("to", range.To)
            .Bind("event", range.Event ?? 0L).Bind("dead", range.DeadOnly ? 1L : 0L).FirstAsync(row => row.GetInt64(0), stop),
        stop);

    /// <param name="endpoint">The endpoint.</param>
    /// <param name="range">Which of its deliveries.</param>
    /// <param name="told">Called with how many wait again so far.</param>
    /// <param name="stop">Gives up between two transactions; what was replayed stays so.</param>
    /// <returns>How many wait again, due at once.</returns>
    public async Task<long> RunAsync(EndpointKey endpoint, ReplayRange range, Action<long> told, CancellationToken stop)
    {
        var all = 0L;
        var (at, id, raise) = (range.From, 0L, 1L);
        while (true)
        {
            var some = await FindAsync(endpoint, range, at, id, stop);
            told(all += await store.Main.WriteAsync(session => ReplayAsync(session, endpoint, some, raise, stop), stop));
            if (some.Count < AtOnce) return all;

            // Once for the whole of it: an attempt that began after the command and fails has failed.
            (at, id, raise) = (some[^1].ChangedAt, some[^1].Id + 1, 0);
        }
    }

    private Task<List<FoundDelivery>> FindAsync(EndpointKey endpoint, ReplayRange range, long at, long id, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            $"""
            select d.prompt_id, d.changed_at, d.id
            from change c
            {Delivery.OfChange}
            where c.sender_id = @sender and (c.changed_at, c.id) >= (@at, @id) and c.changed_at <= @to
                and {Chosen}
            order by c.changed_at, c.id
            limit @most
            """)
            .Bind("endpoint", endpoint.Id).Bind("sender", endpoint.SenderId).Bind("at", at).Bind("id", id).Bind("to", range.To)
            .Bind("event", range.Event ?? 0L).Bind("dead", range.DeadOnly ? 1L : 0L).Bind("most", (long)AtOnce)
            .ListAsync(row => new FoundDelivery(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), stop),
        stop);

    private async Task<long> ReplayAsync(Session session, EndpointKey endpoint, IReadOnlyList<FoundDelivery> deliveries, long raise, CancellationToken stop)
    {
        var done = 0L;
        var rows = Rows.Of(deliveries).Long("sender_id", _ => endpoint.SenderId).Long("endpoint_id", _ => endpoint.Id).Long("prompt_id", f => f.PromptId)
            .Long("changed_at", f => f.ChangedAt).Long("id", f => f.Id).Long("now", _ => clock.GetUtcNow().ToUnixTimeMilliseconds());

        // First, as settlements have it; and whoever delivers just now shall notice.
        await session.Sql("update webhook set version = version + @raise where sender_id = @sender and id = @id").Bind("raise", raise).Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).RunAsync(stop);

        // The plain attempt that ended the last round makes room for that of the next.
        await session.EachAsync(
            """
            insert into delivery_attempt (sender_id, endpoint_id, delivery_id, number, started_at, took, status)
            select d.sender_id, d.endpoint_id, d.id, d.attempts, d.settled_at - d.took, d.took, d.status from {rows}
            join delivery d on d.sender_id = item.sender_id and d.endpoint_id = item.endpoint_id and d.prompt_id = item.prompt_id
                and d.changed_at = item.changed_at and d.id = item.id
            where d.took is not null
            on conflict (sender_id, endpoint_id, delivery_id, number) do nothing
            returning delivery_id
            """,
            rows, _ => { }, stop);
        await session.EachAsync(
            """
            update delivery set state = 0, due_at = item.now, failures = 0, settled_at = null, took = null, status = null from {rows}
            where delivery.sender_id = item.sender_id and delivery.endpoint_id = item.endpoint_id and delivery.prompt_id = item.prompt_id
                and delivery.changed_at = item.changed_at and delivery.id = item.id
            returning delivery.id
            """,
            rows,
            _ => done++, stop);
        session.OnCommit(() => store.WebhookNotifier.Notify(endpoint.SenderId, endpoint.Id));
        return done;
    }

    private sealed record FoundDelivery(long PromptId, long ChangedAt, long Id);
}
