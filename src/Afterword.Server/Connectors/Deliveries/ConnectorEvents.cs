using Afterword.Server.Automation;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Storage;

namespace Afterword.Server.Connectors.Deliveries;

/// <summary>An event as it is shown. Times are Unix milliseconds.</summary>
/// <param name="Times">How often it came.</param>
/// <param name="Decision">What was decided when it came.</param>
/// <param name="Now">What has become of the conversation since; null where there is none.</param>
/// <param name="Fields">What is kept of it; null when its time has ended.</param>
internal sealed record ShownEvent(
    long Id, byte[] Key, long ReceivedAt, long Times, bool Test, EventAction Action, string? ExternalId, long? HappenedAt, string Decision, string? Reason, string? Detail, string? Now, DeliveryFields? Fields);

/// <summary>A user whom the other side has deleted.</summary>
/// <param name="At">When it said so, Unix milliseconds.</param>
public sealed record DeletedCustomer(string ScreenName, long At)
{
    /// <summary>What erases the user here too.</summary>
    public string Command => $"afterword erase @{ScreenName}";
}

/// <summary>The events of connectors that are kept.</summary>
internal sealed class ConnectorEvents(Store store)
{
    private const string Select =
        """
        select e.id, e.event_key, e.received_at, e.times, e.test, e.action, e.external_id, e.happened_at, e.decision, e.reason, e.detail, c.decision, c.reason, e.fields from connector_event e
        left join conversation c on c.sender_id = e.sender_id and c.id = e.conversation_id
        where e.sender_id = @sender and e.connector_id = @connector
        """;

    public Task<List<ShownEvent>> LatestAsync(ConnectorKey connector, int most, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql($"{Select} order by e.id desc limit @most").Bind("sender", connector.SenderId).Bind("connector", connector.Id).Bind("most", (long)most).ListAsync(Read, stop), stop);

    public Task<ShownEvent?> FindAsync(ConnectorKey connector, long id, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql($"{Select} and e.id = @id").Bind("sender", connector.SenderId).Bind("connector", connector.Id).Bind("id", id).FirstAsync(Read, stop), stop);

    /// <summary>The users whom the other side has deleted and who are still here, the latest first.</summary>
    public Task<List<DeletedCustomer>> DeletedAsync(ConnectorKey connector, int most, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select a.screen_name, max(e.received_at) from connector_event e join account a on a.id = e.deleted_user
            where e.sender_id = @sender and e.connector_id = @connector and e.deleted_user is not null group by a.screen_name order by max(e.id) desc limit @most
            """).Bind("sender", connector.SenderId).Bind("connector", connector.Id).Bind("most", (long)most).ListAsync(row => new DeletedCustomer(row.GetString(0), row.GetInt64(1)), stop), stop);

    private static ShownEvent Read(Row row) => new(
        row.GetInt64(0), row.GetBytes(1), row.GetInt64(2), row.GetInt64(3), row.Flag(4), (EventAction)row.GetInt32(5), row.TextOrNull(6), row.LongOrNull(7), row.GetString(8), row.TextOrNull(9), row.TextOrNull(10),
        row.IsDBNull(11) ? null : Describe((Decision)row.GetInt32(11), (Reason)row.GetInt32(12)), row.TextOrNull(13) is { } fields ? DeliveryFields.OfStored(fields) : null);

    private static string Describe(Decision decision, Reason reason) => reason == Reason.None ? decision.Word : $"{decision.Word}: {reason.Word}";
}
