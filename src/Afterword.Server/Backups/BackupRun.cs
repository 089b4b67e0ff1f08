using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>What the store knows of the backups that servers take by themselves, and the lease of whoever takes one.</summary>
/// <param name="SucceededAt">When the last that was whole was ended; null when there was none.</param>
/// <param name="File">Where that is.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="FailedAt">When one failed, if none succeeded since.</param>
/// <param name="Error">Why; when none failed, which old ones could not be deleted.</param>
internal sealed record BackupRun(DateTimeOffset? SucceededAt, string? File, long? Bytes, DateTimeOffset? FailedAt, string? Error)
{
    /// <summary>Longer than a server is stopped by whatever; it is renewed while the backup is taken.</summary>
    public static readonly TimeSpan LeaseLength = TimeSpan.FromMinutes(10);

    public static Task<BackupRun?> FindAsync(Session session, CancellationToken stop) =>
        session.Sql("select succeeded_at, file, bytes, failed_at, error from backup_run where id = 1").FirstAsync(
            row => new BackupRun(At(row.LongOrNull(0)), row.TextOrNull(1), row.LongOrNull(2), At(row.LongOrNull(3)), row.TextOrNull(4)), stop);

    /// <summary>After so long one that failed is tried again: what was full or unplugged may be well long before the next one would come.</summary>
    public static readonly TimeSpan Again = TimeSpan.FromHours(1);

    /// <summary>Why a backup failed whose lease was never given back.</summary>
    public const string ServerEnded = "The server ended before the backup was whole.";

    /// <summary>Takes the lease when a backup is due and nobody else takes it; null otherwise.</summary>
    /// <remarks>
    /// Whoever ends gives the lease back: one that has run out is of a server that died meanwhile, and its backup has failed. A lease or a
    /// beginning of a time to come was written by a clock that was wrong.
    /// </remarks>
    public static Task<BegunBackup?> TryBeginAsync(Database db, string holder, DateTimeOffset now, TimeSpan every, CancellationToken stop) => db.WriteAsync(
        async session =>
        {
            var begun = await session.Sql("select failed_at, held_until from backup_run where id = 1").FirstAsync(row => new BegunBackup(At(row.LongOrNull(0)), row.GetInt64(1) > 0), stop);
            return 1 == await session.Sql(
                """
                update backup_run set holder = @holder, held_until = @until, begun_at = @now,
                    failed_at = case when held_until > 0 then begun_at else failed_at end,
                    error = case when held_until > 0 then @ended else error end
                where id = 1 and (held_until <= @now or held_until > @far) and (begun_at <= @due or begun_at > @now or held_until > 0 and begun_at <= @again)
                """)
                .Bind("holder", holder).Bind("now", now.ToUnixTimeMilliseconds()).Bind("until", (now + LeaseLength).ToUnixTimeMilliseconds())
                .Bind("far", (now + (2 * LeaseLength)).ToUnixTimeMilliseconds()).Bind("due", (now - every).ToUnixTimeMilliseconds())
                .Bind("again", (now - Again).ToUnixTimeMilliseconds()).Bind("ended", ServerEnded).RunAsync(stop) ? begun : null;
        },
        stop);

    /// <summary>Holds the lease for longer; false when someone else has it, or it was given back.</summary>
    public static async Task<bool> RenewAsync(Database db, string holder, DateTimeOffset now, CancellationToken stop) => 1 == await db.WriteAsync(
        session => session.Sql("update backup_run set held_until = @until where id = 1 and holder = @holder and held_until > 0")
            .Bind("holder", holder).Bind("until", (now + LeaseLength).ToUnixTimeMilliseconds()).RunAsync(stop),
        stop);

    public static Task<int> SucceedAsync(Database db, string holder, DateTimeOffset now, string file, long bytes, string? left, CancellationToken stop) => db.WriteAsync(
        session => session.Sql("update backup_run set held_until = 0, succeeded_at = @now, file = @file, bytes = @bytes, failed_at = null, error = @left where id = 1 and holder = @holder")
            .Bind("holder", holder).Bind("now", now.ToUnixTimeMilliseconds()).Bind("file", file).Bind("bytes", bytes).Bind("left", left).RunAsync(stop),
        stop);

    /// <summary>Ends the lease of a server that stops. The backup is due at once, for whoever comes next.</summary>
    public static Task<int> GiveBackAsync(Database db, string holder, CancellationToken stop) => db.WriteAsync(
        session => session.Sql("update backup_run set held_until = 0, begun_at = 0 where id = 1 and holder = @holder").Bind("holder", holder).RunAsync(stop),
        stop);

    /// <param name="db">The store.</param>
    /// <param name="holder">Who tried.</param>
    /// <param name="now">The time.</param>
    /// <param name="dueFrom">As if this one had begun then: the next comes when its time is over.</param>
    /// <param name="error">Why.</param>
    /// <param name="stop">Gives up.</param>
    public static Task<int> FailAsync(Database db, string holder, DateTimeOffset now, DateTimeOffset dueFrom, string error, CancellationToken stop) => db.WriteAsync(
        session => session.Sql("update backup_run set held_until = 0, begun_at = @from, failed_at = @now, error = @error where id = 1 and holder = @holder")
            .Bind("holder", holder).Bind("now", now.ToUnixTimeMilliseconds()).Bind("from", dueFrom.ToUnixTimeMilliseconds()).Bind("error", error).RunAsync(stop),
        stop);

    private static DateTimeOffset? At(long? millis) => millis is { } known ? DateTimeOffset.FromUnixTimeMilliseconds(known) : null;
}

/// <summary>A backup whose lease was taken.</summary>
/// <param name="FailedBefore">When one failed before, if none succeeded since.</param>
/// <param name="ServerEnded">Whoever had the lease before never gave it back.</param>
internal sealed record BegunBackup(DateTimeOffset? FailedBefore, bool ServerEnded);
