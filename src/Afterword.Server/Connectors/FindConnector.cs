using Afterword.Server.Storage;

namespace Afterword.Server.Connectors;

/// <summary>Finds connectors.</summary>
internal sealed class FindConnector(Store store, TimeProvider clock)
{
    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The connector behind an address; null for every address that opens none.</summary>
    public async Task<Connector?> ByAddressAsync(ConnectorAddress address, CancellationToken stop) =>
        await ByIdAsync(new(address.SenderId, address.Id), stop) is { } found && address.Opens(found.TokenHash) ? found : null;

    public Task<Connector?> ByIdAsync(ConnectorKey key, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql($"select {Connector.Columns} from connector c where c.sender_id = @sender and c.id = @id and c.removed_at is null")
            .Bind("now", Now).Bind("sender", key.SenderId).Bind("id", key.Id).FirstAsync(Connector.Read, stop),
        stop);

    public Task<Connector?> ByNameAsync(long sender, string name, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql($"select {Connector.Columns} from connector c where c.sender_id = @sender and c.name = @name and c.removed_at is null")
            .Bind("now", Now).Bind("sender", sender).Bind("name", name).FirstAsync(Connector.Read, stop),
        stop);

    /// <summary>All connectors, or those of a sender, with the sender's handle and when an event last came.</summary>
    public Task<List<ListedConnector>> ListAsync(long? sender, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            $"""
            select {Connector.Columns}, a.screen_name,
                (select e.received_at from connector_event e where e.sender_id = c.sender_id and e.connector_id = c.id order by e.id desc limit 1)
            from connector c join account a on a.id = c.sender_id
            where c.removed_at is null and c.sender_id = coalesce(@sender, c.sender_id) order by a.screen_name_key, c.id
            """).Bind("now", Now).Bind("sender", sender)
            .ListAsync(row => new ListedConnector(Connector.Read(row), row.GetString(Connector.ColumnCount), row.LongOrNull(Connector.ColumnCount + 1)), stop),
        stop);

    /// <summary>Counts a request that was not signed rightly, and keeps what was wrong with it.</summary>
    public Task<int> NoteRefusedAsync(ConnectorKey key, string why, CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("update connector set refused = refused + 1, refused_at = @now, refused_why = @why where sender_id = @sender and id = @id")
            .Bind("now", Now).Bind("why", why).Bind("sender", key.SenderId).Bind("id", key.Id).RunAsync(stop),
        stop);
}

/// <param name="LastAt">When an event last came, Unix milliseconds.</param>
internal sealed record ListedConnector(Connector Connector, string ScreenName, long? LastAt);
