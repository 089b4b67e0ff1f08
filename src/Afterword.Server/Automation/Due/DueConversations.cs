using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Due;

/// <summary>What is due, and which node looks after it.</summary>
/// <remarks>The lease is on the sender and spares work alone: what keeps a request single is the look at the row, under the sender's lock.</remarks>
internal sealed class DueConversations(Store store, TimeProvider clock)
{
    /// <summary>How long a lease lasts without being renewed.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private readonly Dictionary<long, long> _until = [];
    private long? _holder;

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>This process among the holders.</summary>
    private long Holder => _holder ??= store.Ids.Next();

    /// <summary>Ends all leases: for a store that only one server runs on, whose predecessor cannot be alive.</summary>
    public Task EndAllAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("update automation set lease_until = 0 where lease_until > 0").RunAsync(stop), stop);

    /// <summary>Gives its leases back, so that the next holder need not wait.</summary>
    public Task ReleaseAsync(CancellationToken stop) => _until.Count == 0 ? Task.CompletedTask : store.Main.WriteAsync(
        session => session.Sql("update automation set lease_until = 0 where holder = @holder and lease_until > 0").Bind("holder", Holder).RunAsync(stop), stop);

    /// <summary>Senders with something due that no other node looks after; their leases are this node's from then on. None after a restore, until someone resumes.</summary>
    /// <param name="ahead">How far it looks ahead.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The senders, and when something of others is due next, if that is so soon.</returns>
    public async Task<(List<long> Senders, TimeSpan? Next)> SendersAsync(TimeSpan ahead, CancellationToken stop)
    {
        var now = Now;

        // One step in an index for each sender with rules. A lease that lasts too long was taken by a clock that was wrong.
        var first = await store.Main.ReadAsync(
            session => session.Sql(
                """
                select w.sender_id, w.due_at from (
                    select a.sender_id, (select c.due_at from conversation c where c.sender_id = a.sender_id and c.decision = 0 order by c.due_at limit 1) as due_at from automation a
                    where (a.lease_until <= @now or a.holder = @holder or a.lease_until > @far) and not exists (select 1 from outbound_hold)) as w
                where w.due_at <= @soon order by w.sender_id
                """).Bind("now", now).Bind("holder", Holder).Bind("far", now + (2 * (long)Lease.TotalMilliseconds)).Bind("soon", now + (long)ahead.TotalMilliseconds)
                .ListAsync(row => (Sender: row.GetInt64(0), DueAt: row.GetInt64(1)), stop),
            stop);
        var (held, next) = (new List<long>(first.Count), (TimeSpan?)null);
        foreach (var (sender, dueAt) in first)
        {
            if (dueAt > now) next = TimeSpan.FromMilliseconds(Math.Min(dueAt - now, next?.TotalMilliseconds ?? double.MaxValue));
            else if (await HoldAsync(sender, now, stop)) held.Add(sender);
        }

        return (held, next);
    }

    /// <summary>What of a sender has been due longest.</summary>
    public Task<List<DueKey>> OfAsync(long sender, int most, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select c.id from conversation c where c.sender_id = @sender and c.decision = 0 and c.due_at <= @now order by c.due_at, c.id limit @most")
            .Bind("sender", sender).Bind("now", Now).Bind("most", (long)most).ListAsync(row => new DueKey(sender, row.GetInt64(0)), stop),
        stop);

    private async Task<bool> HoldAsync(long sender, long now, CancellationToken stop)
    {
        var length = (long)Lease.TotalMilliseconds;
        if (_until.TryGetValue(sender, out var until) && until - now > length / 2 && until - now <= length) return true;

        var taken = await store.Main.WriteAsync(
            session => session.Sql(
                """
                update automation set holder = @holder, lease_until = @until
                where sender_id = @sender and (lease_until <= @now or holder = @holder or lease_until > @far)
                """).Bind("holder", Holder).Bind("until", now + length).Bind("sender", sender).Bind("now", now).Bind("far", now + (2 * length)).RunAsync(stop),
            stop);
        if (taken == 1) _until[sender] = now + length;
        else _until.Remove(sender);
        return taken == 1;
    }
}
