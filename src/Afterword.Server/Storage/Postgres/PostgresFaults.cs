using System.Net.Sockets;
using Npgsql;

namespace Afterword.Server.Storage.Postgres;

/// <summary>What the driver throws when the database is in trouble, and not the program.</summary>
internal static class PostgresFaults
{
    /// <summary>Whether an error of the driver means that the database cannot be reached, read or written just now.</summary>
    /// <remarks>https://www.postgresql.org/docs/current/errcodes-appendix.html</remarks>
    public static bool IsFault(Exception error) => error switch
    {
        PostgresException { SqlState: { } state } => state switch
        {
            // Connections, resources, what an operator or a timeout of theirs broke off, the system around it, damaged files.
            ['0', '8', ..] or ['5', '3', ..] or ['5', '7', 'P', ..] or ['5', '8', ..] or ['X', 'X', '0', '0', '1' or '2'] => true,
            PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable => true,

            // Two who waited for each other again and again: the next attempt finds the way free.
            PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure => true,

            // A standby, or a server that was set to read only; a session that was idle for too long in its transaction.
            PostgresErrorCodes.ReadOnlySqlTransaction or "25P03" => true,

            // A role, a password, a database or a right that is not there, or a database that takes nobody: someone is rebuilding the server.
            ['2', '8', ..] or PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.ObjectNotInPrerequisiteState => true,
            _ => false,
        },
        NpgsqlException => true,
        _ => false,
    };

    /// <summary>Gives errors that say nothing of the database one of ours that does; others stay as they are.</summary>
    /// <param name="error">What was thrown between opening a connection and giving it back, where there is nothing but the driver.</param>
    public static Exception Named(Exception error) => error switch
    {
        NpgsqlException { InnerException: TimeoutException } when error.Message.StartsWith("The connection pool has been exhausted", StringComparison.Ordinal) =>
            new OverloadedException("All connections to the database are in use.", error),

        // When a server goes away, the driver may fall over a connection that another of its threads has just closed.
        TimeoutException => new StoreUnavailableException(error.Message, error, ProblemCause.NoAnswer),
        ObjectDisposedException or SocketException or IOException => new StoreUnavailableException(error.Message, error),
        InvalidOperationException when error.Message is "Connection is not open" => new StoreUnavailableException("The connection to the database was lost.", error),
        _ => error,
    };

    public static bool HasOtherName(Exception error) => Named(error) != error;
}
