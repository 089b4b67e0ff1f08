using Afterword.Server.Storage;

namespace Afterword.Server.Connectors.Deliveries;

/// <summary>Ends what is kept of events: what they say after 7 days, and that they were decided after 30.</summary>
internal sealed class PruneConnectorEvents(Store store, TimeProvider clock)
{
    public static readonly TimeSpan KeepFields = TimeSpan.FromDays(7);
    public static readonly TimeSpan KeepEvents = TimeSpan.FromDays(30);

    // An event that was under way when its connector was removed is stored by then.
    private static readonly TimeSpan s_afterRemoval = TimeSpan.FromHours(1);

    private const long AtOnce = 1_000;

    // So that one round of maintenance holds up neither its other duties nor the writers.
    private const int MostChunks = 20;

    public async Task RunAsync(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var (fields, events) = (OldAttempts.IdAt((now - KeepFields).ToUnixTimeMilliseconds()), OldAttempts.IdAt((now - KeepEvents).ToUnixTimeMilliseconds()));
        await EndOldSecretsAsync(now.ToUnixTimeMilliseconds(), stop);
        foreach (var (connector, isRemoved) in await ConnectorsAsync(stop))
        {
            await InChunksAsync(
                """
                update connector_event set fields = null where sender_id = @sender and connector_id = @connector and fields is not null and id in (
                    select id from connector_event where sender_id = @sender and connector_id = @connector and fields is not null and id < @old order by id limit @most)
                """,
                connector, fields, stop);
            await InChunksAsync(
                """
                delete from connector_event where sender_id = @sender and connector_id = @connector and id in (
                    select id from connector_event where sender_id = @sender and connector_id = @connector and id < @old order by id limit @most)
                """,
                connector, events, stop);
            if (isRemoved) await ForgetAsync(connector, stop);
        }
    }

    // Nobody needs it any more, and someone may have it: that is why it was replaced.
    private async Task EndOldSecretsAsync(long now, CancellationToken stop)
    {
        if (!await store.Main.ReadAsync(session => session.Sql("select 1 from connector where old_secret_until <= @now limit 1").Bind("now", now).FirstAsync(_ => true, stop), stop)) return;

        await store.Main.WriteAsync(session => session.Sql("update connector set old_secret = null, old_secret_until = null where old_secret_until <= @now").Bind("now", now).RunAsync(stop), stop);
    }

    private Task<List<(ConnectorKey Connector, bool IsRemoved)>> ConnectorsAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select sender_id, id, removed_at from connector").ListAsync(row => (new ConnectorKey(row.GetInt64(0), row.GetInt64(1)), !row.IsDBNull(2)), stop), stop);

    private async Task InChunksAsync(string sql, ConnectorKey connector, long old, CancellationToken stop)
    {
        // Nearly always there is nothing: that costs a read, and no write.
        if (!await store.Main.ReadAsync(
            session => session.Sql(sql.StartsWith("update", StringComparison.Ordinal)
                ? "select 1 from connector_event where sender_id = @sender and connector_id = @connector and fields is not null and id < @old limit 1"
                : "select 1 from connector_event where sender_id = @sender and connector_id = @connector and id < @old limit 1")
                .Bind("sender", connector.SenderId).Bind("connector", connector.Id).Bind("old", old).FirstAsync(_ => true, stop), stop)) return;

        for (var chunk = 0; chunk < MostChunks; chunk++)
        {
            var some = await store.Main.WriteAsync(
                session => session.Sql(sql).Bind("sender", connector.SenderId).Bind("connector", connector.Id).Bind("old", old).Bind("most", AtOnce).RunAsync(stop), stop);
            if (some < AtOnce) return;
        }
    }

    /// <summary>Forgets a connector that was removed, with its last event, and which customers its contacts were.</summary>
    private Task<int> ForgetAsync(ConnectorKey connector, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var forgotten = await session.Sql(
                """
                delete from connector where sender_id = @sender and id = @connector and removed_at < @before
                    and not exists (select 1 from connector_event e where e.sender_id = @sender and e.connector_id = @connector)
                """).Bind("sender", connector.SenderId).Bind("connector", connector.Id).Bind("before", (clock.GetUtcNow() - s_afterRemoval).ToUnixTimeMilliseconds()).RunAsync(stop);
            if (forgotten > 0) await session.Sql("delete from customer_ref where sender_id = @sender and ref like @contacts").Bind("sender", connector.SenderId).Bind("contacts", $"{CustomerRef.PrefixOfContacts(connector)}%").RunAsync(stop);
            return forgotten;
        },
        stop);
}
