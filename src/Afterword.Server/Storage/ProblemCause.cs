using System.Diagnostics;
using Afterword.Server.Storage.Postgres;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Afterword.Server.Storage;

/// <summary>Why requests are refused, or let in with less than usual. Readiness, log, metrics and the page Health name the same ones.</summary>
public enum ProblemCause
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
internal static class ProblemCauses
{
    // What is above it says more (https://sqlite.org/rescode.html#primary_result_codes_versus_extended_result_codes).
    private const int PrimaryCode = 0xFF;

    public static IReadOnlyList<ProblemCause> All { get; } = Enum.GetValues<ProblemCause>();

    extension(ProblemCause cause)
    {
        /// <summary>Its name in log and metrics. It stays: alerts of operators are made of it.</summary>
        public string Name => cause switch
        {
            ProblemCause.DiskFull => "disk_full",
            ProblemCause.ReadOnly => "read_only",
            ProblemCause.IoError => "io_error",
            ProblemCause.Unreachable => "unreachable",
            ProblemCause.NoAnswer => "no_answer",
            ProblemCause.NotDurable => "not_durable",
            ProblemCause.OutcomeUnknown => "outcome_unknown",
            ProblemCause.CommitsHang => "commits_hang",
            ProblemCause.WorkerNumberLost => "worker_number_lost",
            ProblemCause.ClockRefused => "clock_refused",
            ProblemCause.NewerSchema => "newer_schema",
            ProblemCause.NoncesInMemory => "nonces_in_memory",
            ProblemCause.OverCapacity => "over_capacity",
            _ => throw new UnreachableException(),
        };

        /// <summary>What is wrong, as it follows "Since 12:03:".</summary>
        public string Title => cause switch
        {
            ProblemCause.DiskFull => "the disk is full.",
            ProblemCause.ReadOnly => "the store can only be read.",
            ProblemCause.IoError => "the disk or the files of the store give errors.",
            ProblemCause.Unreachable => "the store cannot be reached.",
            ProblemCause.NoAnswer => "the store does not answer in time.",
            ProblemCause.NotDurable => "the database would lose commits in a power cut.",
            ProblemCause.OutcomeUnknown => "nobody knows whether some writes are stored.",
            ProblemCause.CommitsHang => "the database does not finish commits.",
            ProblemCause.WorkerNumberLost => "this process has no worker number.",
            ProblemCause.ClockRefused => "the clock cannot be right.",
            ProblemCause.NewerSchema => "a newer version has changed the store.",
            ProblemCause.NoncesInMemory => "signed reads are let in by memory alone.",
            ProblemCause.OverCapacity => "more requests come than can be served.",
            _ => throw new UnreachableException(),
        };

        /// <summary>What still works, and what to do.</summary>
        public string Advice => cause switch
        {
            ProblemCause.DiskFull => "Reads go on; requests that write get 503. Make room: writes resume by themselves. Do not restart the server before then: it cannot start on a full disk.",
            ProblemCause.ReadOnly => "Reads go on; requests that write get 503. Look for a standby in its place, a read-only setting or mount, and file rights.",
            ProblemCause.IoError => "Requests get 503. Look into the log of the system, check the disk, then run: afterword doctor",
            ProblemCause.Unreachable => "Requests get 503. Check that the database runs and that its role, password, rights and connections suffice; or that the files can be opened.",
            ProblemCause.NoAnswer => "Requests wait or get 503. Look for locks, timeouts and load in the database, for another program that holds a SQLite file, or at a disk that hangs.",
            ProblemCause.NotDurable => "Requests get 503. Set synchronous_commit and fsync to on.",
            ProblemCause.OutcomeUnknown => "Their clients got 503 and may repeat them. Find out who cancelled commits or broke connections; look at the standby.",
            ProblemCause.CommitsHang => "Reads go on; requests that write get 503. Bring the standby back, or name another.",
            ProblemCause.WorkerNumberLost => "Requests that make something new get 503. It takes a number as soon as the store can be written.",
            ProblemCause.ClockRefused => "Reads go on; requests that write get 503. Set the clock right, or confirm it with: afterword clock accept",
            ProblemCause.NewerSchema => "Reads go on; requests that write get 503. Upgrade this node, or stop it.",
            ProblemCause.NoncesInMemory => "Replays of signed reads are refused from memory only, since the store cannot be written; another cause says why. Mend that one: until then, a recorded read could be sent again after a restart.",
            ProblemCause.OverCapacity => "Those that find no room get 503. Add capacity, or look for a flood.",
            _ => throw new UnreachableException(),
        };

        /// <summary>Whether it may pass without anybody's help.</summary>
        public bool EndsByItself => cause is ProblemCause.Unreachable or ProblemCause.NoAnswer or ProblemCause.CommitsHang or ProblemCause.WorkerNumberLost or ProblemCause.NoncesInMemory or ProblemCause.OverCapacity;

        /// <summary>Whether a look tells for certain that it is over; the others are over when nothing met them for a while.</summary>
        public bool IsSeen => cause is ProblemCause.CommitsHang or ProblemCause.WorkerNumberLost or ProblemCause.ClockRefused or ProblemCause.NewerSchema or ProblemCause.NoncesInMemory;

        /// <summary>Whether only reading and writing tells that it goes on: nobody may try otherwise.</summary>
        public bool NeedsTrial => !cause.IsSeen && cause is not (ProblemCause.OutcomeUnknown or ProblemCause.OverCapacity);
    }

    /// <summary>The cause of an error that <see cref="Database.IsUnavailable"/>.</summary>
    public static ProblemCause Of(Exception error) => error switch
    {
        StoreUnavailableException ours => ours.Cause,
        NotDurableException => ProblemCause.NotDurable,
        SqliteException sqlite => Of(sqlite),
        PostgresException postgres => Of(postgres),
        NpgsqlException { InnerException: TimeoutException } => ProblemCause.NoAnswer,
        _ => ProblemCause.Unreachable,
    };

    // https://sqlite.org/rescode.html
    private static ProblemCause Of(SqliteException error) => (error.SqliteErrorCode & PrimaryCode) switch
    {
        SQLitePCL.raw.SQLITE_FULL => ProblemCause.DiskFull,

        // The file that readers share cannot grow.
        SQLitePCL.raw.SQLITE_IOERR when error.SqliteExtendedErrorCode is SQLitePCL.raw.SQLITE_IOERR_SHMSIZE => ProblemCause.DiskFull,
        SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM => ProblemCause.ReadOnly,
        SQLitePCL.raw.SQLITE_IOERR or SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB => ProblemCause.IoError,
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => ProblemCause.NoAnswer,
        _ => ProblemCause.Unreachable,
    };

    // https://www.postgresql.org/docs/current/errcodes-appendix.html
    private static ProblemCause Of(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.DiskFull => ProblemCause.DiskFull,
        PostgresErrorCodes.ReadOnlySqlTransaction => ProblemCause.ReadOnly,
        ['5', '8', ..] or ['X', 'X', '0', '0', '1' or '2'] => ProblemCause.IoError,
        PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure => ProblemCause.NoAnswer,
        _ => ProblemCause.Unreachable,
    };
}
