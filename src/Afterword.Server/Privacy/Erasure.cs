using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>That a person was erased, and when.</summary>
/// <param name="UserId">The id that they had. Nothing in the store leads from it to what is left of their feedback.</param>
/// <param name="Receipt">What the business shows for it.</param>
/// <param name="At">When.</param>
internal sealed record Erasure(long UserId, string Receipt, DateTimeOffset At);

/// <summary>How much of a person there was, or is.</summary>
/// <param name="Requests">Requests for feedback.</param>
/// <param name="Comments">What the person wrote to them.</param>
/// <param name="Messages">Direct messages in both directions, without those that brought requests.</param>
/// <param name="Conversations">Conversations that were closed.</param>
/// <param name="Notes">Notes of a sender's people about the person's scores.</param>
/// <param name="Sessions">Browsers and apps that were signed in.</param>
internal sealed record ErasedCounts(long Requests, long Comments, long Messages, long Conversations, long Notes, long Sessions)
{
    public override string ToString() =>
        $"{Of(Requests, "request")}, {Of(Comments, "comment")}, {Of(Messages, "other message")}, {Of(Conversations, "conversation")}, {Of(Notes, "note")}, {Of(Sessions, "session or token", "sessions and tokens")}";

    /// <summary>A number of things, for people.</summary>
    public static string Of(long many, string one, string? all = null) => FormattableString.Invariant($"{many:N0} {(many == 1 ? one : all ?? one + "s")}");
}

/// <summary>What became of erasing someone. A refusal is an ordinary outcome.</summary>
internal abstract record ErasureOutcome
{
    private ErasureOutcome()
    {
    }

    /// <param name="LogIsEmpty">False while someone reads an older state of the store: its log still holds what was erased, and the server empties it soon.</param>
    /// <param name="ListProblem">Why the list beside the backups could not be written; null when it was, or when there is none to write.</param>
    internal sealed record Erased(Erasure Erasure, ErasedCounts Counts, bool LogIsEmpty = true, string? ListProblem = null) : ErasureOutcome;

    /// <summary>It was done before.</summary>
    internal sealed record Earlier(Erasure Erasure) : ErasureOutcome;

    internal sealed record Unknown : ErasureOutcome;

    /// <summary>The account asks customers for feedback, or did: what it holds is theirs.</summary>
    internal sealed record AsksOthers : ErasureOutcome;

    /// <summary>Other senders know the person too.</summary>
    internal sealed record KnownToOthers : ErasureOutcome;
}

/// <summary>Who was erased.</summary>
internal static class Erasures
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order.</summary>
    public const string Columns = "user_id, receipt, erased_at";

    private const int ReceiptLength = 20;

    public static Task<Erasure?> FindAsync(Session session, long user, CancellationToken stop) =>
        session.Sql($"select {Columns} from erasure where user_id = @user").Bind("user", user).FirstAsync(Read, stop);

    /// <summary>The latest of those who had this handle.</summary>
    public static Task<Erasure?> FindAsync(Session session, byte[] handleHash, CancellationToken stop) =>
        session.Sql($"select {Columns} from erasure where handle_hash = @hash order by erased_at desc limit 1").Bind("hash", handleHash).FirstAsync(Read, stop);

    public static Task<List<Erasure>> ListAsync(Session session, CancellationToken stop) =>
        session.Sql($"select {Columns} from erasure order by user_id").ListAsync(Read, stop);

    /// <summary>Those who are to be looked for once more, or were erased since the backup of which this store was made.</summary>
    /// <param name="session">A read.</param>
    /// <param name="before">Erased until then.</param>
    /// <param name="stop">Gives up.</param>
    public static Task<List<Erasure>> UnsettledAsync(Session session, DateTimeOffset before, CancellationToken stop) =>
        session.Sql($"select {Columns} from erasure where settled = 0 and erased_at <= @before order by erased_at").Bind("before", before.ToUnixTimeMilliseconds()).ListAsync(Read, stop);

    public static Task<int> AddAsync(Session session, Erasure erasure, byte[]? handleHash, CancellationToken stop) => session.Sql(
        """
        insert into erasure (user_id, receipt, erased_at, settled, handle_hash) values (@user, @receipt, @at, 0, @hash)
        on conflict (user_id) do update set settled = 0, handle_hash = coalesce(excluded.handle_hash, erasure.handle_hash)
        """)
        .Bind("user", erasure.UserId).Bind("receipt", erasure.Receipt).Bind("at", erasure.At.ToUnixTimeMilliseconds()).Bind("hash", handleHash).RunAsync(stop);

    /// <summary>Takes over those who were erased since a backup was taken: the restored store holds them until they are looked for.</summary>
    public static async Task TakeOverAsync(Session session, IReadOnlyList<Erasure> erased, CancellationToken stop)
    {
        foreach (var one in erased)
        {
            // Of a receipt that names another person here, nobody knows which is wrong: the person counts, and gets another.
            if (await TakeOverAsync(session, one, stop) == 0) await TakeOverAsync(session, one with { Receipt = NewReceipt() }, stop);
        }
    }

    /// <summary>A number by chance.</summary>
    public static string NewReceipt() => $"erasure-{Pseudonym.Random(ReceiptLength)}";

    private static Task<int> TakeOverAsync(Session session, Erasure one, CancellationToken stop) => session.Sql(
        """
        insert into erasure (user_id, receipt, erased_at, settled) select @user, @receipt, @at, 0
        where not exists (select 1 from erasure e where e.receipt = @receipt and e.user_id <> @user)
        on conflict (user_id) do update set settled = 0
        """).Bind("user", one.UserId).Bind("receipt", one.Receipt).Bind("at", one.At.ToUnixTimeMilliseconds()).RunAsync(stop);

    public static Task<int> SettleAsync(Session session, long user, CancellationToken stop) =>
        session.Sql("update erasure set settled = 1 where user_id = @user").Bind("user", user).RunAsync(stop);

    public static Erasure Read(Row row) => new(row.GetInt64(0), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)));
}
