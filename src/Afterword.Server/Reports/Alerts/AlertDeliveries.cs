using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Alerts;

/// <summary>Alerts on their way: spread over those who are to be told, taken under a lease, and noted.</summary>
/// <remarks>
/// As with requests (<see cref="ChannelDeliveries"/>) a claim is a lease, and every claim raises the fence: if a node dies, the row falls
/// due again when the lease runs out and is sent once more, under the same id; a word under an older fence is refused.
/// </remarks>
internal sealed class AlertDeliveries(Store store, Settings settings, TimeProvider clock)
{
    private const long AtOnce = 200;
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_kept = TimeSpan.FromDays(90);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Writes a row for everybody who is to be told of what is new. Without a mail server nobody gets an email.</summary>
    public async Task SpreadAsync(CancellationToken stop)
    {
        while (true)
        {
            var found = await store.Main.ReadAsync(
                session => session.Sql("select sender_id, kind, subject from alert where state = 0 order by sender_id, id limit @most").Bind("most", AtOnce)
                    .ListAsync(row => new Key(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), stop),
                stop);
            if (found.Count == 0) return;

            await store.Main.WriteAsync(session => SpreadAsync(session, found, stop), stop);
        }
    }

    private async Task<int> SpreadAsync(Session session, List<Key> found, CancellationToken stop)
    {
        // Another node may be at the same ones: whoever changes the state has them.
        var taken = new List<Key>();
        await session.EachAsync(
            """
            update alert set state = 1 from {rows}
            where alert.sender_id = item.sender_id and alert.kind = item.kind and alert.subject = item.subject and alert.state = 0
            returning alert.sender_id, alert.kind, alert.subject
            """,
            RowsOf(found), row => taken.Add(new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2))), stop);
        const string insert = "insert into alert_dispatch (sender_id, id, channel, reader_id, kind, subject, state, due_at, attempts, failures, fence)";
        if (settings.Mail is not null)
        {
            session.Then(
                $$"""
                {{insert}}
                select a.sender_id, a.id, 1, r.person_id, a.kind, a.subject, 0, item.now, 0, 0, 0 from {rows}
                join alert a on a.sender_id = item.sender_id and a.kind = item.kind and a.subject = item.subject
                join alert_reader r on r.sender_id = a.sender_id
                where a.kind < 4 or exists (select 1 from person_role p where p.sender_id = r.sender_id and p.person_id = r.person_id and p.role in (1, 2))
                """,
                RowsOf(taken));
        }

        // A report of a week is for people, as is what the rules do.
        session.Then(
            $$"""
            {{insert}}
            select a.sender_id, a.id, 2, w.id, a.kind, a.subject, 0, item.now, 0, 0, 0 from {rows}
            join alert a on a.sender_id = item.sender_id and a.kind = item.kind and a.subject = item.subject and a.kind < 3
            join webhook w on w.sender_id = a.sender_id and w.removed_at is null and w.approved_at is not null and w.alerts = 1
            """,
            RowsOf(taken));
        return taken.Count;
    }

    /// <summary>The queues with something due. Emails wait for a mail server.</summary>
    public async Task<List<AlertQueue>> DueQueuesAsync(CancellationToken stop)
    {
        var queues = await store.Main.ReadAsync(
            async session => await OutboundPause.FindAsync(session, stop) is not null ? null : await session.Sql("select distinct sender_id, reader_id from alert_dispatch where state < 2 and channel = 2 and due_at <= @now")
                .Bind("now", Now).ListAsync(row => new AlertQueue(AlertChannel.Webhook, new(row.GetInt64(0), row.GetInt64(1))), stop),
            stop);
        if (queues is null) return [];

        if (settings.Mail is not null) queues.Add(AlertQueue.Email);
        return queues;
    }

    /// <summary>Takes what is due longest in a queue, and calls off what nobody is to be told any more.</summary>
    public async Task<List<AlertDelivery>> ClaimAsync(AlertQueue queue, int most, CancellationToken stop)
    {
        var found = await FindAsync(queue, most, stop);
        if (found.Count == 0) return [];

        var needless = found.FindAll(delivery => delivery.CalledOffBecause is not null);
        var needed = found.FindAll(delivery => delivery.CalledOffBecause is null);
        return await store.Main.WriteAsync(
            async session =>
            {
                session.Then(
                    $$"""
                    update alert_dispatch set state = 4, settled_at = item.now,
                        reason = item.reason || case when alert_dispatch.state = 1 then ' {{ChannelDeliveries.MayHaveArrived}}' else '' end
                    from {rows}
                    where alert_dispatch.sender_id = item.sender_id and alert_dispatch.id = item.id and alert_dispatch.channel = item.channel
                        and alert_dispatch.reader_id = item.reader_id and alert_dispatch.state < 2 and alert_dispatch.fence = item.fence
                    """,
                    KeysOf(needless).Long("now", _ => Now).Text("reason", d => d.CalledOffBecause));
                return await ClaimAsync(session, queue.Channel, needed, stop);
            },
            stop);
    }

    private Task<List<AlertDelivery>> FindAsync(AlertQueue queue, int most, CancellationToken stop) => store.Main.ReadAsync(
        session => (queue.Channel == AlertChannel.Mail
                ? session.Sql(
                    $"""
                    select {AlertDelivery.Columns} from alert_dispatch d {AlertDelivery.Joins}
                    where d.state < 2 and d.channel = 1 and d.due_at <= @now order by d.due_at, d.sender_id, d.id, d.reader_id limit @most
                    """)
                : session.Sql(
                    $"""
                    select {AlertDelivery.Columns} from alert_dispatch d {AlertDelivery.Joins}
                    where d.state < 2 and d.channel = 2 and d.sender_id = @sender and d.reader_id = @reader and d.due_at <= @now order by d.due_at, d.id limit @most
                    """).Bind("sender", queue.Endpoint.SenderId).Bind("reader", queue.Endpoint.Id))
            .Bind("now", Now).Bind("most", (long)most).ListAsync(AlertDelivery.Read, stop),
        stop);

    private async Task<List<AlertDelivery>> ClaimAsync(Session session, AlertChannel channel, List<AlertDelivery> needed, CancellationToken stop)
    {
        var timeout = channel == AlertChannel.Mail ? settings.Mail!.Timeout : settings.Webhooks.Timeout;
        var until = Now + (long)(timeout + s_margin).TotalMilliseconds;
        var claimed = new HashSet<(long, long)>();
        await session.EachAsync(
            """
            update alert_dispatch set state = 1, due_at = item.until, attempts = alert_dispatch.attempts + 1, fence = item.fence + 1 from {rows}
            where alert_dispatch.sender_id = item.sender_id and alert_dispatch.id = item.id and alert_dispatch.channel = item.channel
                and alert_dispatch.reader_id = item.reader_id and alert_dispatch.state < 2 and alert_dispatch.fence = item.fence
            returning alert_dispatch.id, alert_dispatch.reader_id
            """,
            KeysOf(needed).Long("until", _ => until), row => claimed.Add((row.GetInt64(0), row.GetInt64(1))), stop);
        return [.. needed.Where(one => claimed.Contains((one.Id, one.ReaderId))).Select(one => one with { Attempts = one.Attempts + 1, Fence = one.Fence + 1 })];
    }

    /// <summary>Notes what became of an attempt.</summary>
    /// <param name="delivery">As it was claimed.</param>
    /// <param name="attempt">What happened.</param>
    /// <param name="retryIn">When it is tried again; null for never.</param>
    /// <returns>False when another node has taken over since: its word counts.</returns>
    public Task<bool> SettleAsync(AlertDelivery delivery, ChannelAttempt attempt, TimeSpan? retryIn) => store.Main.WriteAsync(
        async session =>
        {
            var state = attempt.Outcome == AttemptOutcome.Sent ? ChannelDeliveryState.Sent : retryIn is null ? ChannelDeliveryState.Dead : ChannelDeliveryState.Waiting;
            return 1 == await session.Sql(
                """
                update alert_dispatch set state = @state, due_at = @due, failures = failures + @failed, status = @status, reason = @reason,
                    settled_at = case when @state > 1 then @now end
                where sender_id = @sender and id = @id and channel = @channel and reader_id = @reader and state = 1 and fence = @fence
                """)
                .Bind("state", (long)state).Bind("due", Now + (long)(retryIn?.TotalMilliseconds ?? 0)).Bind("failed", attempt.Outcome == AttemptOutcome.Sent ? 0L : 1L)
                .Bind("status", (long?)attempt.Status).Bind("reason", attempt.Error).Bind("now", Now).Bind("sender", delivery.SenderId).Bind("id", delivery.Id)
                .Bind("channel", (long)delivery.Channel).Bind("reader", delivery.ReaderId).Bind("fence", delivery.Fence).RunAsync(CancellationToken.None);
        },
        CancellationToken.None);

    /// <summary>Ends all leases: for a store that only one server runs on, whose predecessor cannot be alive.</summary>
    public Task EndAllAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("update alert_dispatch set state = 0, due_at = @now where state = 1").Bind("now", Now).RunAsync(stop), stop);

    /// <summary>Forgets alerts of three months ago, with what became of them.</summary>
    public Task PurgeAsync(CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var before = Now - (long)s_kept.TotalMilliseconds;
            var old = await session.Sql("select sender_id, kind, subject, id from alert where at < @before order by at limit @most").Bind("before", before).Bind("most", AtOnce)
                .ListAsync(row => (Key: new Key(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), Id: row.GetInt64(3)), stop);
            session.Then(
                "delete from alert_dispatch where (sender_id, id) in (select sender_id, id from {rows})",
                Rows.Of(old).Long("sender_id", one => one.Key.Sender).Long("id", one => one.Id));
            session.Then("delete from alert where (sender_id, kind, subject) in (select sender_id, kind, subject from {rows})", RowsOf(old.ConvertAll(one => one.Key)));
            return old.Count;
        },
        stop);

    private Rows RowsOf(List<Key> keys) =>
        Rows.Of(keys).Long("sender_id", key => key.Sender).Long("kind", key => key.Kind).Long("subject", key => key.Subject).Long("now", _ => Now);

    private static Rows.Builder<AlertDelivery> KeysOf(List<AlertDelivery> deliveries) => Rows.Of(deliveries)
        .Long("sender_id", d => d.SenderId).Long("id", d => d.Id).Long("channel", d => (long)d.Channel).Long("reader_id", d => d.ReaderId).Long("fence", d => d.Fence);

    private readonly record struct Key(long Sender, long Kind, long Subject);
}
