using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>What the store knows of the backups that servers take by themselves, and the lease of whoever takes one.</summary>
/// <param name="SucceededAt">When the last that was whole was ended; null when there was none.</param>
/// <param name="File">Where that is.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="FailedAt">When one failed, if none succeeded since.</param>
/// <param name="Error">Why.</param>
internal sealed record BackupRun(DateTimeOffset? SucceededAt, string? File, long? Bytes, DateTimeOffset? FailedAt, string? Error)
{
    /// <summary>Longer than a server is stopped by whatever; it is renewed while the backup is taken.</summary>
    public static readonly TimeSpan LeaseLength = TimeSpan.FromMinutes(10);

    public static Task<BackupRun?> FindAsync(Session session, CancellationToken stop) =>
        session.Sql("select succeeded_at, file, bytes, failed_at, error from backup_run where id = 1").FirstAsync(
            row => new BackupRun(At(row.LongOrNull(0)), row.TextOrNull(1), row.LongOrNull(2), At(row.LongOrNull(3)), row.TextOrNull(4)), stop);

    /// <summary>Takes the lease when a backup is due and nobody else takes it.</summary>
    public static async Task<bool> TryBeginAsync(Database db, string holder, DateTimeOffset now, TimeSpan every, CancellationToken stop) => 1 == await db.WriteAsync(
        session => session.Sql("update backup_run set holder = @holder, held_until = @until, begun_at = @now where id = 1 and held_until <= @now and begun_at <= @due")
            .Bind("holder", holder).Bind("now", now.ToUnixTimeMilliseconds()).Bind("until", (now + LeaseLength).ToUnixTimeMilliseconds())
            .Bind("due", (now - every).ToUnixTimeMilliseconds()).RunAsync(stop),
        stop);

    /// <summary>Holds the lease for longer; false when somebody else has it.</summary>
    public static async Task<bool> RenewAsync(Database db, string holder, DateTimeOffset now, CancellationToken stop) => 1 == await db.WriteAsync(
        session => session.Sql("update backup_run set held_until = @until where id = 1 and holder = @holder")
            .Bind("holder", holder).Bind("until", (now + LeaseLength).ToUnixTimeMilliseconds()).RunAsync(stop),
        stop);

    public static Task<int> SucceedAsync(Database db, string holder, DateTimeOffset now, string file, long bytes, CancellationToken stop) => db.WriteAsync(
        session => session.Sql("update backup_run set held_until = 0, succeeded_at = @now, file = @file, bytes = @bytes, failed_at = null, error = null where id = 1 and holder = @holder")
            .Bind("holder", holder).Bind("now", now.ToUnixTimeMilliseconds()).Bind("file", file).Bind("bytes", bytes).RunAsync(stop),
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
