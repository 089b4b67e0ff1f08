using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>Makes what waits for an endpoint due now, in the order of its changes: the endpoint was mended, or has shown that it was.</summary>
/// <remarks>
/// The attempt that comes early is given back. What fails again waits as long as it would have waited anyway, and is dead no sooner
/// than its schedule says.
/// </remarks>
internal sealed class RetryNow(Store store, TimeProvider clock)
{
    private const int AtOnce = 1_000;

    // An endpoint that takes everything but this one must not get it early for ever: in the end it keeps to its schedule.
    private const long MostByItself = 30;

    // An endpoint that asked to be left alone is, and what waits behind another follows it anyway.
    private const string Early = """
        and d.attempts < @attempts and (d.settled_at is null or d.settled_at <= @now) and not exists (
            select 1 from delivery b
            where b.sender_id = d.sender_id and b.endpoint_id = d.endpoint_id and b.prompt_id = d.prompt_id and b.state + 0 = 0
                and (b.changed_at, b.id) < (d.changed_at, d.id))
        """;

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>All that waits, for an operator. Every node hears of it.</summary>
    /// <returns>How many deliveries were made due.</returns>
    public async Task<long> RunAsync(EndpointKey endpoint, CancellationToken stop)
    {
        // One time for all of them: they go out in the order of their changes, however many transactions it takes.
        var (now, all) = (Now, 0L);
        while (true)
        {
            var some = await store.Main.WriteAsync(async session => await RaiseVersionAsync(session, endpoint, stop) == 0 ? 0 : await MakeDueAsync(session, endpoint, early: false, now, AtOnce, stop), stop);
            all += some;
            if (some < AtOnce) return all;
        }
    }

    /// <summary>A few of those that wait, for the holder of a lease; none when it has lost it.</summary>
    /// <param name="lease">It is extended.</param>
    /// <param name="length">By how much.</param>
    /// <param name="most">How many, those first that are due first.</param>
    /// <param name="stop">Gives up.</param>
    public Task<int> RunAsync(Lease lease, TimeSpan length, int most, CancellationToken stop)
    {
        var (endpoint, now) = (lease.Target.Key, Now);
        return store.Main.WriteAsync(
            async session =>
            {
                var held = await session.Sql("update webhook set lease_until = @until where sender_id = @sender and id = @id and fence = @fence")
                    .Bind("until", now + (long)length.TotalMilliseconds).Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).Bind("fence", lease.Fence).RunAsync(stop);
                return held == 0 ? 0 : await MakeDueAsync(session, endpoint, early: true, now, most, stop);
            },
            stop);
    }

    /// <summary>Locks the endpoint's row too, as settlements do before they touch deliveries.</summary>
    private Task<int> RaiseVersionAsync(Session session, EndpointKey endpoint, CancellationToken stop)
    {
        session.OnCommit(() => store.WebhookNotifier.Notify(endpoint.SenderId, endpoint.Id));
        return session.Sql("update webhook set version = version + 1 where sender_id = @sender and id = @id and removed_at is null")
            .Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).RunAsync(stop);
    }

    private static Task<int> MakeDueAsync(Session session, EndpointKey endpoint, bool early, long now, long most, CancellationToken stop)
    {
        var statement = session.Sql(
            $"""
            update delivery set due_at = @now, failures = case when delivery.failures > 0 then delivery.failures - 1 else 0 end
            from (
                select d.prompt_id, d.changed_at, d.id from delivery d
                where d.sender_id = @sender and d.endpoint_id = @endpoint and d.state = 0 and d.due_at > @now {(early ? Early : "")}
                order by d.due_at limit @most) as waiting
            where delivery.sender_id = @sender and delivery.endpoint_id = @endpoint and delivery.prompt_id = waiting.prompt_id
                and delivery.changed_at = waiting.changed_at and delivery.id = waiting.id
            """)
            .Bind("now", now).Bind("sender", endpoint.SenderId).Bind("endpoint", endpoint.Id).Bind("most", most);
        return (early ? statement.Bind("attempts", MostByItself) : statement).RunAsync(stop);
    }
}
