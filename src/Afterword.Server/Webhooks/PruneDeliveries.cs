using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>Forgets attempts that are no longer shown. Ends what a removal left.</summary>
/// <remarks>The deliveries themselves stay: they prove that each change was told.</remarks>
internal sealed class PruneDeliveries(Store store, Settings settings, Endpoints endpoints, TimeProvider clock)
{
    private const int AtOnce = 1_000;

    // So that one round of upkeep holds up neither its other duties nor the writers.
    private const int MostChunks = 20;

    public async Task RunAsync(CancellationToken stop)
    {
        var before = (clock.GetUtcNow() - settings.Webhooks.KeepAttempts).ToUnixTimeMilliseconds();
        foreach (var (endpoint, removed) in await EndpointsAsync(stop))
        {
            if (removed) await endpoints.BuryAsync(endpoint, _ => { }, stop);
            await ForgetAttemptsAsync(endpoint, before, stop);
        }
    }

    private Task<List<(EndpointKey Endpoint, bool Removed)>> EndpointsAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select sender_id, id, removed_at from webhook")
            .ListAsync(row => (new EndpointKey(row.GetInt64(0), row.GetInt64(1)), !row.IsDBNull(2)), stop),
        stop);

    private async Task ForgetAttemptsAsync(EndpointKey endpoint, long before, CancellationToken stop)
    {
        // An attempt is never older than its event, whose id tells when that was made: what is younger need not be looked at.
        var youngest = (before - Snowflakes.Epoch) << 22;
        var from = 0L;
        for (var chunk = 0; chunk < MostChunks; chunk++)
        {
            var to = await AttemptsUpToAsync(endpoint, from, youngest, stop);
            if (to == from) return;

            await store.Main.WriteAsync(
                session => session.Sql(
                    """
                    delete from delivery_attempt
                    where sender_id = @sender and endpoint_id = @endpoint and delivery_id > @from and delivery_id <= @to and started_at < @before
                    """)
                    .Bind("sender", endpoint.SenderId).Bind("endpoint", endpoint.Id).Bind("from", from).Bind("to", to).Bind("before", before).RunAsync(stop),
                stop);
            from = to;
        }
    }

    /// <summary>The last delivery of the next chunk of attempts; <paramref name="from"/> itself when there are none.</summary>
    private Task<long> AttemptsUpToAsync(EndpointKey endpoint, long from, long youngest, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select coalesce(max(delivery_id), @from) from (
                select delivery_id from delivery_attempt
                where sender_id = @sender and endpoint_id = @endpoint and delivery_id > @from and delivery_id < @youngest
                order by delivery_id, number limit @most) as chunk
            """)
            .Bind("from", from).Bind("sender", endpoint.SenderId).Bind("endpoint", endpoint.Id).Bind("youngest", youngest).Bind("most", (long)AtOnce)
            .FirstAsync(row => row.GetInt64(0), stop),
        stop);
}
