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

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>All that waits, for an operator. Every node hears of it.</summary>
    /// <returns>How many deliveries were made due.</returns>
    public Task<long> RunAsync(EndpointKey endpoint, CancellationToken stop) => RunAsync(
        endpoint, long.MaxValue,
        async session =>
        {
            session.OnCommit(() => store.WebhookBell.Ring(endpoint.SenderId, endpoint.Id));
            return await session.Sql("update webhook set version = version + 1 where sender_id = @sender and id = @id and removed_at is null")
                .Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).RunAsync(stop);
        },
        stop);

    /// <summary>What waits and was not tried too often, for the holder of a lease; nothing when it has lost it.</summary>
    /// <param name="lease">It is extended.</param>
    /// <param name="length">By how much.</param>
    /// <param name="stop">Gives up between two transactions; what was made due stays so.</param>
    public Task<long> RunAsync(Lease lease, TimeSpan length, CancellationToken stop) => RunAsync(
        lease.Target.Key, MostByItself,
        session => session.Sql("update webhook set lease_until = @until where sender_id = @sender and id = @id and fence = @fence")
            .Bind("until", Now + (long)length.TotalMilliseconds).Bind("sender", lease.Target.Key.SenderId).Bind("id", lease.Target.Key.Id).Bind("fence", lease.Fence).RunAsync(stop),
        stop);

    /// <param name="endpoint">The endpoint.</param>
    /// <param name="most">Leaves out what was tried so often.</param>
    /// <param name="take">Locks the endpoint's row, as settlements do before they touch deliveries; gives 0 when there is nothing to do.</param>
    /// <param name="stop">Gives up between two transactions.</param>
    private async Task<long> RunAsync(EndpointKey endpoint, long most, Func<Session, Task<int>> take, CancellationToken stop)
    {
        // One time for all of them: they go out in the order of their changes, however many transactions it takes.
        var (now, all) = (Now, 0L);
        while (true)
        {
            var some = await store.Main.WriteAsync(async session => await take(session) == 0 ? 0 : await MakeDueAsync(session, endpoint, now, most, stop), stop);
            all += some;
            if (some < AtOnce) return all;
        }
    }

    private static Task<int> MakeDueAsync(Session session, EndpointKey endpoint, long now, long most, CancellationToken stop) => session.Sql(
        """
        update delivery set due_at = @now, failures = case when delivery.failures > 0 then delivery.failures - 1 else 0 end
        from (
            select d.prompt_id, d.changed_at, d.id from delivery d
            where d.sender_id = @sender and d.endpoint_id = @endpoint and d.state = 0 and d.due_at > @now and d.attempts < @most
            order by d.due_at limit @some) as waiting
        where delivery.sender_id = @sender and delivery.endpoint_id = @endpoint and delivery.prompt_id = waiting.prompt_id
            and delivery.changed_at = waiting.changed_at and delivery.id = waiting.id
        """)
        .Bind("now", now).Bind("sender", endpoint.SenderId).Bind("endpoint", endpoint.Id).Bind("most", most).Bind("some", (long)AtOnce).RunAsync(stop);
}
