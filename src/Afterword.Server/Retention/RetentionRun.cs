using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>What the store knows of the last round of removals.</summary>
/// <param name="EndedAt">When the last one was through with all senders; null before the first.</param>
/// <param name="Removed">By the one that runs, or else the last.</param>
/// <param name="FailedAt">When it failed, if none was through since.</param>
/// <param name="Error">Why.</param>
internal sealed record RetentionRun(DateTimeOffset? EndedAt, bool IsRunning, RemovedCounts Removed, DateTimeOffset? FailedAt, string? Error)
{
    /// <summary>Each step renews the lease: it ends when no step has for so long.</summary>
    public static readonly TimeSpan LeaseLength = TimeSpan.FromMinutes(5);

    /// <summary>Between two rounds.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromDays(1);

    /// <summary>After so long one that failed is tried again.</summary>
    public static readonly TimeSpan Again = TimeSpan.FromHours(1);

    public static Task<RetentionRun?> FindAsync(Session session, DateTimeOffset now, CancellationToken stop) => session.Sql(
        "select ended_at, held_until, comments, notes, messages, customers, accounts, failed_at, error from retention_run where id = 1").FirstAsync(
        row => new RetentionRun(
            At(row.LongOrNull(0)), row.GetInt64(1) > now.ToUnixTimeMilliseconds(),
            new(row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6)), At(row.LongOrNull(7)), row.TextOrNull(8)),
        stop);

    /// <summary>Takes the lease when a round is due and nobody else has it.</summary>
    /// <remarks>A lease that has run out is of a server that died: its round goes on. One of a time to come was written by a clock that was wrong.</remarks>
    /// <param name="db">The store.</param>
    /// <param name="holder">Who takes it.</param>
    /// <param name="now">The time.</param>
    /// <param name="every">A round is due when the last began so long ago; zero for at once.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<bool> TryBeginAsync(Database db, string holder, DateTimeOffset now, TimeSpan every, CancellationToken stop) => 1 == await db.WriteAsync(
        session => session.Sql(
            """
            update retention_run set holder = @holder, held_until = @until, begun_at = @now, comments = 0, notes = 0, messages = 0, customers = 0, accounts = 0
            where id = 1 and (held_until <= @now or held_until > @far) and (begun_at <= @due or begun_at > @now or held_until > 0)
            """)
            .Bind("holder", holder).Bind("now", Millis(now)).Bind("until", Millis(now + LeaseLength)).Bind("far", Millis(now + (2 * LeaseLength))).Bind("due", Millis(now - every)).RunAsync(stop),
        stop);

    /// <summary>Holds the lease for longer, first in the transaction of a step: false when someone else has it, and then nothing may be removed.</summary>
    public static async Task<bool> HoldAsync(Session session, string holder, DateTimeOffset now, CancellationToken stop) => 1 == await session.Sql(
        "update retention_run set held_until = @until where id = 1 and holder = @holder and held_until > 0")
        .Bind("holder", holder).Bind("until", Millis(now + LeaseLength)).RunAsync(stop);

    /// <summary>Adds what a step removed, in its transaction.</summary>
    public static Task<int> AddAsync(Session session, RemovedCounts removed, CancellationToken stop) => session.Sql(
        """
        update retention_run set comments = comments + @comments, notes = notes + @notes, messages = messages + @messages,
            customers = customers + @customers, accounts = accounts + @accounts
        where id = 1
        """)
        .Bind("comments", removed.Comments).Bind("notes", removed.Notes).Bind("messages", removed.Messages)
        .Bind("customers", removed.Customers).Bind("accounts", removed.Accounts).RunAsync(stop);

    /// <summary>Ends the lease when the round is through with all senders.</summary>
    public static Task<int> EndAsync(Database db, string holder, DateTimeOffset now, CancellationToken stop) => db.WriteAsync(
        session => session.Sql("update retention_run set held_until = 0, ended_at = @now, failed_at = null, error = null where id = 1 and holder = @holder")
            .Bind("now", Millis(now)).Bind("holder", holder).RunAsync(stop),
        stop);

    /// <summary>Ends the lease of a server that stops: whoever comes next goes on at once.</summary>
    public static Task<int> GiveBackAsync(Database db, string holder, CancellationToken stop) => db.WriteAsync(
        session => session.Sql("update retention_run set held_until = 0, begun_at = 0 where id = 1 and holder = @holder").Bind("holder", holder).RunAsync(stop), stop);

    /// <summary>Ends the lease of a round that failed; the next one comes within the hour.</summary>
    public static Task<int> FailAsync(Database db, string holder, DateTimeOffset now, string error, CancellationToken stop) => db.WriteAsync(
        session => session.Sql("update retention_run set held_until = 0, begun_at = @from, failed_at = @now, error = @error where id = 1 and holder = @holder")
            .Bind("from", Millis(now - Every + Again)).Bind("now", Millis(now)).Bind("error", error).Bind("holder", holder).RunAsync(stop),
        stop);

    private static long Millis(DateTimeOffset at) => at.ToUnixTimeMilliseconds();

    private static DateTimeOffset? At(long? millis) => millis is { } known ? DateTimeOffset.FromUnixTimeMilliseconds(known) : null;
}
