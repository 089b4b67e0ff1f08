using System.Globalization;

namespace Afterword.Server.Storage;

/// <summary>Why webhooks, channels, alerts and automatic requests are paused: the store was restored, and an operator has not yet said that they may go on.</summary>
/// <param name="Since">When it was restored.</param>
/// <param name="Reason">From what.</param>
internal sealed record OutboundPause(DateTimeOffset Since, string Reason)
{
    public static Task<OutboundPause?> FindAsync(Database db, CancellationToken stop) => db.ReadAsync(session => FindAsync(session, stop), stop);

    public static Task<OutboundPause?> FindAsync(Session session, CancellationToken stop) =>
        session.Sql("select since, reason from outbound_hold where id = 1").FirstAsync(row => new OutboundPause(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)), row.GetString(1)), stop);

    /// <summary>What a command adds that sends something; nothing when nothing is paused.</summary>
    public static async Task<IReadOnlyList<string>> WarningsAsync(Database db, CancellationToken stop) =>
        await FindAsync(db, stop) is { } hold ? [$"Nothing is sent yet: webhooks, channels, alerts and automatic requests are paused ({hold.Reason}). Next: afterword resume"] : [];

    public static Task<int> SetAsync(Session session, OutboundPause hold, CancellationToken stop) =>
        session.Sql("insert into outbound_hold (id, since, reason) values (1, @since, @reason) on conflict (id) do update set since = excluded.since, reason = excluded.reason")
            .Bind("since", hold.Since.ToUnixTimeMilliseconds()).Bind("reason", hold.Reason).RunAsync(stop);

    /// <summary>Lets everything go on.</summary>
    public static Task<int> ReleaseAsync(Database db, CancellationToken stop) => db.WriteAsync(session => session.Sql("delete from outbound_hold where id = 1").RunAsync(stop), stop);
}

/// <summary>What waits to go out.</summary>
/// <param name="Deliveries">To webhooks.</param>
/// <param name="Requests">Through channels.</param>
/// <param name="Alerts">To a sender's people.</param>
/// <param name="Conversations">Which the rules have scheduled; many of them for later.</param>
internal sealed record Waiting(long Deliveries, long Requests, long Alerts, long Conversations)
{
    /// <summary>Sums up the queues; on a large store it looks through their indexes.</summary>
    public static Task<Waiting> CountAsync(Database db, CancellationToken stop) => db.ReadAsync(
        async session => new Waiting(
            await CountAsync(session, "select count(*) from webhook w join delivery d on d.sender_id = w.sender_id and d.endpoint_id = w.id and d.state = 0 where w.removed_at is null", stop),
            await CountAsync(session, "select count(*) from dispatch where state < 2 and channel in (1, 2, 3, 4)", stop),
            await CountAsync(session, "select count(*) from alert_dispatch where state < 2 and channel in (1, 2)", stop),
            await CountAsync(session, "select count(*) from conversation where decision = 0", stop)),
        stop);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Deliveries:N0} webhook deliveries, {Requests:N0} requests through channels, {Alerts:N0} alerts, and {Conversations:N0} scheduled conversations");

    private static Task<long> CountAsync(Session session, string sql, CancellationToken stop) => session.Sql(sql).FirstAsync(row => row.GetInt64(0), stop);
}
