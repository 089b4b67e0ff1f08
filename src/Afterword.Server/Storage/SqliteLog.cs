using Microsoft.Data.Sqlite;

namespace Afterword.Server.Storage;

/// <summary>The log beside a SQLite file, as another process left it.</summary>
internal static class SqliteLog
{
    private const int BufferSize = 1 << 20;

    /// <summary>Brings the whole log to the disk. A command leaves that to the server that it is beside.</summary>
    /// <remarks>
    /// After a sync that failed the system takes what it could not write for written. Reads see it, and no later sync brings it to the disk: a
    /// process that went on behind it would acknowledge what the next power cut takes away. Written again, with the same bytes, it is
    /// synced like anything else (https://www.usenix.org/conference/atc20/presentation/rebello).
    /// </remarks>
    /// <param name="file">The store's file; the log is the one beside it.</param>
    /// <param name="wait">
    /// How long the server waits for others to close the file: no server has written the log again for them, and a command, a copy or a shell that
    /// reads it says nothing of the disk. Null leaves a log alone that others have open.
    /// </param>
    /// <exception cref="InvalidOperationException">Others have it open, and go on.</exception>
    public static void WriteAgain(string file, TimeSpan? wait)
    {
        var log = new FileInfo($"{file}-wal");
        if (!log.Exists || log.Length == 0) return;

        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        if (!TryLock(connection, wait ?? TimeSpan.Zero))
        {
            if (wait is null) return;

            throw new InvalidOperationException(
                $"Another program holds {Path.GetFullPath(file)} open, so it cannot be seen to that the log beside it is on the disk. End it (a command, a backup, a shell of SQLite), then start the server again.");
        }

        using var stream = new FileStream(log.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        var buffer = new byte[BufferSize];
        for (long at = 0; RandomAccess.Read(stream.SafeFileHandle, buffer, at) is > 0 and var read; at += read) RandomAccess.Write(stream.SafeFileHandle, buffer.AsSpan(0, read), at);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Keeps all others out, for as long as the connection is open.</summary>
    private static bool TryLock(SqliteConnection connection, TimeSpan wait)
    {
        try
        {
            connection.Open();
            SQLitePCL.raw.sqlite3_db_config(connection.Handle, SQLitePCL.raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
            SqliteConnections.WaitForLocks(connection, wait);
            SqliteConnections.Ask(connection, "locking_mode=exclusive");

            // A command of the provider would try for half a minute when others hold the file.
            using var read = new SqliteStatement(connection, "pragma schema_version");
            read.Run(null);
            return true;
        }
        catch (SqliteException error) when (error.SqliteErrorCode == SQLitePCL.raw.SQLITE_BUSY)
        {
            return false;
        }
    }
}
