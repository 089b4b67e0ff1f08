using System.Text;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>A delivery as operators see it.</summary>
/// <param name="Event">The id of its change, which the endpoint gets as <c>webhook-id</c>.</param>
/// <param name="ChangedAt">Unix milliseconds.</param>
/// <param name="DueAt">When a waiting one is tried next, Unix milliseconds.</param>
/// <param name="Attempts">Newest first. Those older than Webhooks:KeepAttempts are forgotten, but not the one that an endpoint took over without a word.</param>
public sealed record ShownDelivery(long Event, long PromptId, long ChangedAt, DeliveryState State, long DueAt, IReadOnlyList<ShownDeliveryAttempt> Attempts);

/// <param name="Status">What the endpoint answered; null when it did not, and <paramref name="Error"/> says why.</param>
/// <param name="Answer">The beginning of the answer's body, read as UTF-8.</param>
public sealed record ShownDeliveryAttempt(long Number, long StartedAt, long Took, int? Status, string? Error, string? Answer);

/// <summary>The latest deliveries of an endpoint with their attempts.</summary>
internal sealed class DeliveryHistory(Store store)
{
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="deadOnly">Leaves out those that wait and those that were delivered.</param>
    /// <param name="most">How many.</param>
    /// <param name="stop">Gives up.</param>
    public Task<List<ShownDelivery>> LatestAsync(EndpointKey endpoint, bool deadOnly, int most, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            // The dead have an index; the others are found by the log of changes, which is in the order of time.
            var found = await session.Sql(deadOnly
                ? """
                  select d.id, d.prompt_id, d.changed_at, d.state, d.due_at, d.attempts, d.settled_at, d.took, d.status from delivery d
                  where d.sender_id = @sender and d.endpoint_id = @endpoint and d.state = 2
                  order by d.changed_at desc, d.id desc limit @most
                  """
                : $"""
                  select d.id, d.prompt_id, d.changed_at, d.state, d.due_at, d.attempts, d.settled_at, d.took, d.status from change c
                  {Delivery.OfChange}
                  where c.sender_id = @sender and c.changed_at > (select w.added_at from webhook w where w.sender_id = @sender and w.id = @endpoint)
                  order by c.changed_at desc, c.id desc limit @most
                  """)
                .Bind("sender", endpoint.SenderId).Bind("endpoint", endpoint.Id).Bind("most", (long)most)
                .ListAsync(ReadDelivery, stop);

            var attempts = new List<(long Delivery, ShownDeliveryAttempt Attempt)>();
            await session.EachAsync(
                """
                select a.delivery_id, a.number, a.started_at, a.took, a.status, a.error, a.answer from {rows}
                join delivery_attempt a on a.sender_id = item.sender_id and a.endpoint_id = item.endpoint_id and a.delivery_id = item.delivery_id
                """,
                Rows.Of(found).Long("sender_id", _ => endpoint.SenderId).Long("endpoint_id", _ => endpoint.Id).Long("delivery_id", d => d.Event),
                row => attempts.Add((row.GetInt64(0), Read(row))), stop);
            var byDelivery = attempts.ToLookup(found => found.Delivery, found => found.Attempt);
            return found.ConvertAll(delivery => delivery with { Attempts = [.. delivery.Attempts, .. byDelivery[delivery.Event].OrderByDescending(attempt => attempt.Number)] });
        },
        stop);

    /// <summary>What deliveries tell, as the endpoint gets it, by the id of the event.</summary>
    public Task<Dictionary<long, string>> RequestsAsync(EndpointKey endpoint, IReadOnlyList<ShownDelivery> deliveries, Func<OutboxEntry, byte[]> body, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var requests = new Dictionary<long, string>();
            await session.EachAsync(
                $$"""
                select {{Prompt.Columns}}, d.changed_at, d.id, d.parts, d.due_at, d.attempts, d.failures, null, null from {rows}
                join delivery d on d.sender_id = item.sender_id and d.endpoint_id = item.endpoint_id and d.prompt_id = item.prompt_id
                    and d.changed_at = item.changed_at and d.id = item.id
                join prompt p on p.sender_id = d.sender_id and p.id = d.prompt_id
                """,
                Rows.Of(deliveries).Long("sender_id", _ => endpoint.SenderId).Long("endpoint_id", _ => endpoint.Id).Long("prompt_id", d => d.PromptId)
                    .Long("changed_at", d => d.ChangedAt).Long("id", d => d.Event),
                row =>
                {
                    var delivery = Delivery.Read(row);
                    requests[delivery.Id] = Encoding.UTF8.GetString(body(delivery.Event));
                },
                stop);
            return requests;
        },
        stop);

    /// <summary>A delivery with the attempt that stands in its own row, if there is one: the last.</summary>
    private static ShownDelivery ReadDelivery(Row row)
    {
        ShownDeliveryAttempt[] plain = row.LongOrNull(7) is { } took ? [new(row.GetInt64(5), row.GetInt64(6) - took, took, row.GetInt32(8), null, null)] : [];
        return new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), (DeliveryState)row.GetInt32(3), row.GetInt64(4), plain);
    }

    private static ShownDeliveryAttempt Read(Row row) => new(
        row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), (int?)row.LongOrNull(4), row.TextOrNull(5), row.BytesOrNull(6) is { } answer ? Encoding.UTF8.GetString(answer) : null);
}
