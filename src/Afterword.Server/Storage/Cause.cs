using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Afterword.Server.Storage;

/// <summary>Why requests are refused, or let in with less than usual. Readiness, log, metrics and the page Health name the same ones.</summary>
public enum Cause
{
    DiskFull,
    ReadOnly,
    IoError,
    Unreachable,
    NoAnswer,
    NotDurable,
    OutcomeUnknown,
    CommitsHang,
    WorkerNumberLost,
    ClockRefused,
    NewerSchema,
    NoncesInMemory,
    OverCapacity,
}

/// <summary>What operators are told of each cause, and which errors come of it.</summary>
internal static class Causes
{
    // What is above it says more (https://sqlite.org/rescode.html#primary_result_codes_versus_extended_result_codes).
    private const int PrimaryCode = 0xFF;

    public static IReadOnlyList<Cause> All { get; } = Enum.GetValues<Cause>();

    extension(Cause cause)
    {
        /// <summary>Its name in log and metrics. It stays: alerts of operators are made of it.</summary>
        public string Name => cause switch
        {
            Cause.DiskFull => "disk_full",
            Cause.ReadOnly => "read_only",
            Cause.IoError => "io_error",
            Cause.Unreachable => "unreachable",
            Cause.NoAnswer => "no_answer",
            Cause.NotDurable => "not_durable",
            Cause.OutcomeUnknown => "outcome_unknown",
            Cause.CommitsHang => "commits_hang",
            Cause.WorkerNumberLost => "worker_number_lost",
            Cause.ClockRefused => "clock_refused",
            Cause.NewerSchema => "newer_schema",
            Cause.NoncesInMemory => "nonces_in_memory",
            Cause.OverCapacity => "over_capacity",
            _ => throw new UnreachableException(),
        };

        /// <summary>What is wrong, as it follows "Since 12:03:".</summary>
        public string Title => cause switch
        {
            Cause.DiskFull => "the disk is full.",
            Cause.ReadOnly => "the store can only be read.",
            Cause.IoError => "the disk or the files of the store give errors.",
            Cause.Unreachable => "the store cannot be reached.",
            Cause.NoAnswer => "the store does not answer in time.",
            Cause.NotDurable => "the database would lose commits in a power cut.",
            Cause.OutcomeUnknown => "nobody knows whether some writes are stored.",
            Cause.CommitsHang => "the database does not finish commits.",
            Cause.WorkerNumberLost => "this process has no worker number.",
            Cause.ClockRefused => "the clock cannot be right.",
            Cause.NewerSchema => "a newer version has changed the store.",
            Cause.NoncesInMemory => "signed reads are let in by memory alone.",
            Cause.OverCapacity => "more requests come than can be served.",
            _ => throw new UnreachableException(),
        };

        /// <summary>What still works, and what to do.</summary>
        public string Advice => cause switch
        {
            Cause.DiskFull => "Reads go on; requests that write get 503. Make room: writes resume by themselves. Do not restart the server before then: it cannot start on a full disk.",
            Cause.ReadOnly => "Reads go on; requests that write get 503. Look for a standby in its place, a read-only setting or mount, and file rights.",
            Cause.IoError => "Requests get 503. Look into the log of the system, check the disk, then run: afterword doctor",
            Cause.Unreachable => "Requests get 503. Check that the database runs and that its role, password, rights and connections suffice; or that the files can be opened.",
            Cause.NoAnswer => "Requests wait or get 503. Look for locks, timeouts and load in the database, for another program that holds a SQLite file, or at a disk that hangs.",
            Cause.NotDurable => "Requests get 503. Set synchronous_commit and fsync to on.",
            Cause.OutcomeUnknown => "Their clients got 503 and may repeat them. Find out who cancelled commits or broke connections; look at the standby.",
            Cause.CommitsHang => "Reads go on; requests that write get 503. Bring the standby back, or name another.",
            Cause.WorkerNumberLost => "Requests that make something new get 503. It takes a number as soon as the store can be written.",
            Cause.ClockRefused => "Reads go on; requests that write get 503. Set the clock right, or confirm it with: afterword clock accept",
            Cause.NewerSchema => "Reads go on; requests that write get 503. Upgrade this node, or stop it.",
            Cause.NoncesInMemory => "Replays of signed reads are refused from memory only, since the store cannot be written; another cause says why. Mend that one: until then, a recorded read could be sent again after a restart.",
            Cause.OverCapacity => "Those that find no room get 503. Add capacity, or look for a flood.",
            _ => throw new UnreachableException(),
        };

        /// <summary>Whether it may pass without anybody's help.</summary>
        public bool EndsByItself => cause is Cause.Unreachable or Cause.NoAnswer or Cause.CommitsHang or Cause.WorkerNumberLost or Cause.NoncesInMemory or Cause.OverCapacity;

        /// <summary>Whether a look tells for certain that it is over; the others are over when nothing met them for a while.</summary>
        public bool IsSeen => cause is Cause.CommitsHang or Cause.WorkerNumberLost or Cause.ClockRefused or Cause.NewerSchema or Cause.NoncesInMemory;

        /// <summary>Whether only reading and writing tells that it goes on: nobody may try otherwise.</summary>
        public bool NeedsTrial => !cause.IsSeen && cause is not (Cause.OutcomeUnknown or Cause.OverCapacity);
    }

    /// <summary>The cause of an error that <see cref="Database.IsUnavailable"/>.</summary>
    public static Cause Of(Exception error) => error switch
    {
        StoreUnavailableException ours => ours.Cause,
        NotDurableException => Cause.NotDurable,
        SqliteException sqlite => Of(sqlite),
        PostgresException postgres => Of(postgres),
        NpgsqlException { InnerException: TimeoutException } => Cause.NoAnswer,
        _ => Cause.Unreachable,
    };

    // https://sqlite.org/rescode.html
    private static Cause Of(SqliteException error) => (error.SqliteErrorCode & PrimaryCode) switch
    {
        SQLitePCL.raw.SQLITE_FULL => Cause.DiskFull,

        // The file that readers share cannot grow.
        SQLitePCL.raw.SQLITE_IOERR when error.SqliteExtendedErrorCode is SQLitePCL.raw.SQLITE_IOERR_SHMSIZE => Cause.DiskFull,
        SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM => Cause.ReadOnly,
        SQLitePCL.raw.SQLITE_IOERR or SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB => Cause.IoError,
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => Cause.NoAnswer,
        _ => Cause.Unreachable,
    };

    // https://www.postgresql.org/docs/current/errcodes-appendix.html
    private static Cause Of(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.DiskFull => Cause.DiskFull,
        PostgresErrorCodes.ReadOnlySqlTransaction => Cause.ReadOnly,
        ['5', '8', ..] or ['X', 'X', '0', '0', '1' or '2'] => Cause.IoError,
        PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure => Cause.NoAnswer,
        _ => Cause.Unreachable,
    };
}
