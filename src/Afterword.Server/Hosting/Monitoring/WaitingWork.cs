using Afterword.Server.Storage;

namespace Afterword.Server.Hosting.Monitoring;

/// <summary>What waits to go out, since when, and what was given up.</summary>
/// <param name="Deliveries">To webhooks.</param>
/// <param name="OldestDeliveryAt">When that happened which the oldest of them tells.</param>
/// <param name="DeadDeliveries">Failed too often.</param>
/// <param name="FailingWebhooks">Whose last attempt failed.</param>
/// <param name="WebhookFailingSince">Since when the worst of them fails.</param>
/// <param name="WebhooksOff">Switched off, by someone or by failing too long.</param>
/// <param name="Dispatches">Requests by email or handed over.</param>
/// <param name="DeliveryDueAt">When the first of them is due, or was.</param>
/// <param name="DeadDispatches">Refused, or failed too often.</param>
/// <param name="Conversations">Whose customers are to be asked now.</param>
/// <param name="ConversationDueAt">When the first is due, or was.</param>
internal sealed record WaitingWork(
    long Deliveries, DateTimeOffset? OldestDeliveryAt, long DeadDeliveries, long FailingWebhooks, DateTimeOffset? WebhookFailingSince, long WebhooksOff,
    long Dispatches, DateTimeOffset? DeliveryDueAt, long DeadDispatches, long Conversations, DateTimeOffset? ConversationDueAt)
{
    /// <param name="db">The store.</param>
    /// <param name="now">The time.</param>
    /// <param name="mostOfOne">So many are counted at most of each webhook and each sender.</param>
    /// <param name="most">So many requests are counted at most.</param>
    /// <param name="stop">Gives up.</param>
    public static Task<WaitingWork> FindAsync(Database db, DateTimeOffset now, long mostOfOne, long most, CancellationToken stop) => db.ReadAsync(
        async session =>
        {
            var webhooks = await session.Sql(
                """
                select w.failing_since, w.disabled_at,
                    (select count(*) from (select d.id from delivery d where d.sender_id = w.sender_id and d.endpoint_id = w.id and d.state = 0 order by d.due_at limit @most) as waiting),
                    (select min(waiting.changed_at) from (
                        select d.changed_at from delivery d where d.sender_id = w.sender_id and d.endpoint_id = w.id and d.state = 0 order by d.due_at limit @most) as waiting),
                    (select count(*) from (select d.id from delivery d where d.sender_id = w.sender_id and d.endpoint_id = w.id and d.state = 2 limit @most) as dead)
                from webhook w where w.removed_at is null
                """).Bind("most", mostOfOne)
                .ListAsync(row => (FailingSince: row.LongOrNull(0), IsOn: row.IsDBNull(1), Waiting: row.GetInt64(2), OldestAt: row.LongOrNull(3), Dead: row.GetInt64(4)), stop);
            var deliveries = await session.Sql(
                """
                select (select count(*) from (select d.due_at from dispatch d where d.state < 2 and d.channel in (1, 2, 3, 4) limit @most) as waiting),
                    (select min(first.due_at) from (
                        select (select d.due_at from dispatch d where d.state < 2 and d.channel = 1 order by d.due_at limit 1) as due_at
                        union all select (select d.due_at from dispatch d where d.state < 2 and d.channel = 2 order by d.due_at limit 1)
                        union all select (select d.due_at from dispatch d where d.state < 2 and d.channel = 3 order by d.due_at limit 1)
                        union all select (select d.due_at from dispatch d where d.state < 2 and d.channel = 4 order by d.due_at limit 1)) as first),
                    (select count(*) from (select d.prompt_id from dispatch d where d.state = 3 limit @most) as dead)
                """).Bind("most", most)
                .FirstAsync(row => (Waiting: row.GetInt64(0), DueAt: row.LongOrNull(1), Dead: row.GetInt64(2)), stop);
            var conversations = await session.Sql(
                """
                select (select count(*) from (select c.id from conversation c where c.sender_id = a.sender_id and c.decision = 0 and c.due_at <= @now order by c.due_at limit @most) as due),
                    (select c.due_at from conversation c where c.sender_id = a.sender_id and c.decision = 0 order by c.due_at limit 1)
                from automation a
                """).Bind("now", now.ToUnixTimeMilliseconds()).Bind("most", mostOfOne)
                .ListAsync(row => (Due: row.GetInt64(0), DueAt: row.LongOrNull(1)), stop);
            return new WaitingWork(
                webhooks.Sum(one => one.Waiting), At(webhooks.Where(one => one.IsOn).Min(one => one.OldestAt)), webhooks.Sum(one => one.Dead), webhooks.Count(one => one is { IsOn: true, FailingSince: not null }),
                At(webhooks.Where(one => one.IsOn).Min(one => one.FailingSince)), webhooks.Count(one => !one.IsOn),
                deliveries.Waiting, At(deliveries.DueAt), deliveries.Dead, conversations.Sum(one => one.Due), At(conversations.Min(one => one.DueAt)));
        },
        stop);

    private static DateTimeOffset? At(long? millis) => millis is { } known ? DateTimeOffset.FromUnixTimeMilliseconds(known) : null;
}
