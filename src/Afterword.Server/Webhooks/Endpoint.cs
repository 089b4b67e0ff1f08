using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>An endpoint as operators see it: without its secrets.</summary>
/// <param name="Url">Where changes are posted to; <see cref="PolledUrl"/> where they are fetched.</param>
/// <param name="DisabledReason">Why nothing is sent to it; null while it is active.</param>
/// <param name="SucceededAt">When it took something over, or was polled, for the last time, Unix milliseconds.</param>
/// <param name="FailingSince">The first failed attempt since the last success, or a minute before it was switched on after that, Unix milliseconds; null when the last attempt succeeded.</param>
/// <param name="HasAlerts">Whether it gets alerts besides the changes.</param>
/// <param name="ApprovedAt">Since when changes are told to it, Unix milliseconds; null while it waits for someone to approve it.</param>
/// <param name="IsPolled">Whether its receiver fetches the changes: nothing is sent to it.</param>
/// <param name="Format">What it is sent.</param>
/// <param name="AwaitsOperator">Whether an operator approves it; else an owner of the sender.</param>
internal sealed record Endpoint(
    EndpointKey Key, string Url, bool HasBasic, long AddedAt, long? DisabledAt, string? DisabledReason, long? SucceededAt, long? FailingSince, bool HasAlerts, long? ApprovedAt, bool IsPolled, WebhookFormat Format,
    bool AwaitsOperator)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order, of a table called <c>w</c>.</summary>
    public const string Columns = "w.sender_id, w.id, w.url, w.basic, w.added_at, w.disabled_at, w.disabled_reason, w.succeeded_at, w.failing_since, w.alerts, w.approved_at, w.polled, w.format, w.awaits_operator";

    public const int ColumnCount = 14;

    /// <summary>Stands where the others have their address.</summary>
    public const string PolledUrl = "poll:";

    public bool IsApproved => ApprovedAt is not null;

    /// <summary>Where changes are posted to; null where they are fetched.</summary>
    public string? Address => IsPolled ? null : Url;

    /// <summary>What people call it.</summary>
    public string Name => Address ?? "polled by its receiver";

    /// <summary>What is committed now is sent to it, or may be fetched.</summary>
    public bool IsActive => IsApproved && DisabledAt is null;

    public static Endpoint Read(Row row) => new(
        new(row.GetInt64(0), row.GetInt64(1)), row.GetString(2), !row.IsDBNull(3), row.GetInt64(4), row.LongOrNull(5), row.TextOrNull(6), row.LongOrNull(7), row.LongOrNull(8), row.Flag(9), row.LongOrNull(10), row.Flag(11),
        (WebhookFormat)row.GetInt32(12), row.Flag(13));
}

/// <summary>An endpoint with how much of what there is for it.</summary>
/// <param name="Waiting">Deliveries that are yet to be made.</param>
/// <param name="Dead">Deliveries that are given up.</param>
internal sealed record ListedEndpoint(Endpoint Endpoint, string ScreenName, long Waiting, long Dead)
{
    /// <summary>Whether it is posted to this address.</summary>
    public bool IsAt(Uri url) => Endpoint.Address == url.AbsoluteUri;

    /// <summary>Where people read what it is told; null where programs do.</summary>
    public ChatDestination? Room => ChatDestination.Of(Endpoint.Format, ScreenName);
}
