using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>Forgets attempts that are no longer shown. Ends what a removal left.</summary>
/// <remarks>The deliveries themselves stay: they prove that each change was told.</remarks>
internal sealed class PruneDeliveries(Store store, Settings settings, Endpoints endpoints, TimeProvider clock)
{
    private static readonly OldAttempts s_attempts = new("delivery_attempt", "sender_id = @sender and endpoint_id = @endpoint", "delivery_id");

    public async Task RunAsync(CancellationToken stop)
    {
        var before = (clock.GetUtcNow() - settings.Webhooks.KeepAttempts).ToUnixTimeMilliseconds();
        foreach (var (endpoint, removed) in await EndpointsAsync(stop))
        {
            if (removed) await endpoints.BuryAsync(endpoint, _ => { }, stop);
            await s_attempts.ForgetAsync(store.Main, statement => statement.Bind("sender", endpoint.SenderId).Bind("endpoint", endpoint.Id), before, stop);
        }
    }

    private Task<List<(EndpointKey Endpoint, bool Removed)>> EndpointsAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select sender_id, id, removed_at from webhook")
            .ListAsync(row => (new EndpointKey(row.GetInt64(0), row.GetInt64(1)), !row.IsDBNull(2)), stop),
        stop);
}
