using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Afterword.Server.Storage.Sqlite;

/// <summary>What the engine says of a failure, with what the system said to the engine.</summary>
/// <remarks>The engine alone says "disk I/O error" of a quota that is used up, of a disk that has become read-only, and of one that is broken.</remarks>
internal static class SqliteErrors
{
    // What is above it says more (https://sqlite.org/rescode.html#primary_result_codes_versus_extended_result_codes).
    private const int PrimaryCode = 0xFF;

    /// <param name="result">What a call answered.</param>
    /// <param name="connection">Where it failed, just now.</param>
    public static SqliteException Of(int result, sqlite3 connection)
    {
        try
        {
            SqliteException.ThrowExceptionForRC(result, connection);
        }
        catch (SqliteException error)
        {
            return Named(error, connection);
        }

        throw new ArgumentException($"{result} is no failure.", nameof(result));
    }

    /// <summary>Whether an error means that the file cannot be opened, read or written just now, whoever asks.</summary>
    /// <remarks>The rest is our fault: a statement that is wrong, a value that does not fit. A page that cannot be read is often told as damage.</remarks>
    public static bool IsFault(Exception error) => error is SqliteException { SqliteErrorCode: var code } && (code & PrimaryCode)
        is raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_PERM
        or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_PROTOCOL or raw.SQLITE_NOMEM;

    /// <summary>Whether someone else holds the file's lock.</summary>
    public static bool IsLock(SqliteException error) => (error.SqliteErrorCode & PrimaryCode) is raw.SQLITE_BUSY or raw.SQLITE_LOCKED;

    public static SqliteException Named(SqliteException error, sqlite3 connection) =>
        error.SqliteErrorCode is raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN && SqliteNative.SystemError(connection.DangerousGetHandle()) is > 0 and var system
            ? new SqliteException($"{error.Message} {Marshal.GetPInvokeErrorMessage(system)}.", error.SqliteErrorCode, error.SqliteExtendedErrorCode)
            : error;
}
