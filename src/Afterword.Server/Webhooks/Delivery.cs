using Afterword.Server.Changes;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>Where a delivery stands. The numbers are stored.</summary>
public enum DeliveryState
{
    /// <summary>It is due now or later.</summary>
    Waiting = 0,

    Delivered = 1,

    /// <summary>It failed too often: nothing is sent until someone replays it.</summary>
    Dead = 2,

    /// <summary>Its receiver may fetch it, as often as it likes: nothing is sent.</summary>
    Kept = 3,
}

/// <summary>The parts of an answer that a delivery tells; none when it announces the prompt. The numbers are stored.</summary>
[Flags]
internal enum ResponseParts
{
    None = 0,
    Score = 1,
    Text = 2,

    /// <summary>Not a part: the delivery tells that the person was erased.</summary>
    Erased = 4,
}

/// <summary>A delivery that is due.</summary>
/// <param name="Event">What it tells.</param>
/// <param name="Attempts">All attempts so far.</param>
/// <param name="Failures">Failed attempts since it was written or replayed.</param>
/// <param name="Behind">The id of the delivery of the same prompt that must be settled first, or null.</param>
/// <param name="BehindDueAt">When that is due, Unix milliseconds.</param>
internal sealed record Delivery(OutboxEntry Event, long DueAt, long Attempts, long Failures, long? Behind, long BehindDueAt)
{
    /// <summary>
    /// What goes behind the table <c>change c</c>: the delivery of a change to <c>@endpoint</c>. The pluses keep PostgreSQL from
    /// beginning with all deliveries.
    /// </summary>
    public const string OfChange =
        "join delivery d on d.sender_id = +c.sender_id and d.endpoint_id = @endpoint and d.prompt_id = c.prompt_id and d.changed_at = +c.changed_at and d.id = +c.id";

    /// <summary>The id of its change.</summary>
    public long Id => Event.Change.Id;

    /// <summary>The stamp of its change; with <see cref="Id"/> its place in the order of its prompt.</summary>
    public long ChangedAt => Event.Change.At;

    public long PromptId => Event.Change.PromptId;

    /// <summary>Which parts of the answer are told of a prompt as it stands.</summary>
    public static ResponseParts PartsOf(ChangeKind kind, Prompt prompt) => kind == ChangeKind.Erased ? ResponseParts.Erased :
        (prompt.Score is null ? ResponseParts.None : ResponseParts.Score) | (prompt.Comment is null ? ResponseParts.None : ResponseParts.Text);

    /// <summary>Reads what is due for an endpoint, what is due longest first, with the version of the endpoint.</summary>
    /// <param name="db">The store.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="after">Leaves out this one and those due before it; null for none.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="stop">Gives up.</param>
    /// <remarks>The sums lead the inner look-ups to the key: see <see cref="Settlements"/>.</remarks>
    public static Task<(long Version, List<Delivery> Due)> DueAsync(Database db, EndpointKey endpoint, Delivery? after, long now, int most, CancellationToken stop) => db.ReadAsync(
        async session => (await VersionAsync(session, endpoint, stop), await session.Sql(
            $"""
            select {Prompt.Columns}, d.changed_at, d.id, d.parts, d.due_at, d.attempts, d.failures,
                (select b.id from delivery b
                    where b.sender_id = d.sender_id and b.endpoint_id = d.endpoint_id and b.prompt_id = d.prompt_id and b.state + 0 = 0
                        and (b.changed_at, b.id) < (d.changed_at, d.id)
                    order by b.changed_at desc, b.id desc limit 1),
                (select b.due_at from delivery b
                    where b.sender_id = d.sender_id and b.endpoint_id = d.endpoint_id and b.prompt_id = d.prompt_id and b.state + 0 = 0
                        and (b.changed_at, b.id) < (d.changed_at, d.id)
                    order by b.changed_at desc, b.id desc limit 1)
            from delivery d
            join prompt p on p.sender_id = d.sender_id and p.id = d.prompt_id
            where d.sender_id = @sender and d.endpoint_id = @endpoint and d.state = 0 and d.due_at <= @now
                and (d.due_at, d.changed_at, d.id) > (@due, @at, @id)
            order by d.due_at, d.changed_at, d.id
            limit @most
            """)
            .Bind("sender", endpoint.SenderId).Bind("endpoint", endpoint.Id).Bind("now", now).Bind("most", (long)most)
            .Bind("due", after?.DueAt ?? -1).Bind("at", after?.ChangedAt ?? 0).Bind("id", after?.Id ?? 0)
            .ListAsync(Read, stop)),
        stop);

    private static Task<long> VersionAsync(Session session, EndpointKey endpoint, CancellationToken stop) => session.Sql(
        "select version from webhook where sender_id = @sender and id = @endpoint")
        .Bind("sender", endpoint.SenderId).Bind("endpoint", endpoint.Id).FirstAsync(row => row.GetInt64(0), stop);

    /// <param name="row">A row as <see cref="DueAsync"/> selects it.</param>
    internal static Delivery Read(Row row)
    {
        const int next = Prompt.ColumnCount;
        var (prompt, at, id, parts) = (Prompt.Read(row), row.GetInt64(next), row.GetInt64(next + 1), (ResponseParts)row.GetInt32(next + 2));
        var kind = parts switch
        {
            ResponseParts.None => ChangeKind.Created,
            ResponseParts.Erased => ChangeKind.Erased,
            _ => ChangeKind.Updated,
        };
        return new(
            new(new(prompt.SenderId, at, id, kind, prompt.Id), AsOf(prompt, at, parts)),
            row.GetInt64(next + 3), row.GetInt64(next + 4), row.GetInt64(next + 5), row.LongOrNull(next + 6), row.LongOrNull(next + 7) ?? 0);
    }

    /// <summary>A prompt as it stood when a change was made: what is written once needs only to be left out where it came later.</summary>
    private static Prompt AsOf(Prompt now, long at, ResponseParts parts)
    {
        if (parts == ResponseParts.Erased) return now;

        var then = now with { UpdatedAt = at };
        if (!parts.HasFlag(ResponseParts.Score)) then = then with { Score = null, ScoreAt = null };
        if (!parts.HasFlag(ResponseParts.Text)) then = then with { Comment = null, CommentAt = null };
        return then;
    }
}
