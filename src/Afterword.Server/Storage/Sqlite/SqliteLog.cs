using Microsoft.Data.Sqlite;

namespace Afterword.Server.Storage.Sqlite;

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
    /// How long the server waits for others who write; those who read see the same bytes, and are not in the way. Null leaves a log alone that others
    /// have open.
    /// </param>
    /// <exception cref="InvalidOperationException">Others go on writing.</exception>
    public static void WriteAgain(string file, TimeSpan? wait)
    {
        var log = new FileInfo($"{file}-wal");
        if (!log.Exists || log.Length == 0) return;

        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        if (!TryLock(connection, wait))
        {
            if (wait is null) return;

            throw new InvalidOperationException(
                $"Another program is writing to {Path.GetFullPath(file)}. The server must first make sure that the log beside that file is on the disk. End the program (a command, a shell of SQLite), then start the server again.");
        }

        using var stream = new FileStream(log.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        var buffer = new byte[BufferSize];
        for (long at = 0; RandomAccess.Read(stream.SafeFileHandle, buffer, at) is > 0 and var read; at += read) RandomAccess.Write(stream.SafeFileHandle, buffer.AsSpan(0, read), at);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Keeps out those who write, and for a command everybody else too, for as long as the connection is open.</summary>
    private static bool TryLock(SqliteConnection connection, TimeSpan? wait)
    {
        try
        {
            connection.Open();
            SQLitePCL.raw.sqlite3_db_config(connection.Handle, SQLitePCL.raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
            SqliteConnections.WaitForLocks(connection, wait ?? TimeSpan.Zero);
            if (wait is null) SqliteConnections.Ask(connection, "locking_mode=exclusive");

            // A command of the provider would try for half a minute when others hold the file.
            using var take = new SqliteStatement(connection, wait is null ? "pragma schema_version" : "begin immediate");
            take.Run(null);
            return true;
        }
        catch (SqliteException error) when (error.SqliteErrorCode == SQLitePCL.raw.SQLITE_BUSY)
        {
            return false;
        }
    }
}
