using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Afterword.Server.Storage;

/// <summary>What the engine says of a failure, with what the system said to the engine.</summary>
/// <remarks>The engine alone says "disk I/O error" of a quota that is used up, of a disk that has become read-only, and of one that is broken.</remarks>
internal static class SqliteErrors
{
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

    public static SqliteException Named(SqliteException error, sqlite3 connection) =>
        error.SqliteErrorCode is raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN && SqliteNative.SystemError(connection.DangerousGetHandle()) is > 0 and var system
            ? new SqliteException($"{error.Message} {Marshal.GetPInvokeErrorMessage(system)}.", error.SqliteErrorCode, error.SqliteExtendedErrorCode)
            : error;
}
