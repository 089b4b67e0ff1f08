using Afterword.Server.Configuration;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Afterword.Server.Backups;

/// <summary>
/// A folder. The store is made in a folder inside, under the lock of the one server, and gets its name in one step when it is whole
/// and on the disk.
/// </summary>
internal sealed class SqliteTarget : RestoreTarget
{
    private const int Queue = 16;

    private readonly FileStream _lock;

    private SqliteTarget(Settings settings, TimeProvider clock, FileStream folder)
        : base(settings, clock) => _lock = folder;

    private string File => Store.MainFile(Settings.Data);

    private string Workshop => Path.Combine(Settings.Data, "restoring");

    public static SqliteTarget Open(Settings settings, TimeProvider clock) => new(settings, clock, Store.LockFolder(settings.Data));

    public override async Task<bool> HasRowsAsync(CancellationToken stop)
    {
        if (!System.IO.File.Exists(File)) return false;

        try
        {
            await using var db = SqliteDatabase.Open(File, Queue, syncEveryCommit: true, checkpoints: true);
            return await db.ReadAsync(session => HasRowsAsync(db, session, stop), stop);
        }
        catch (SqliteException)
        {
            // What cannot be read may be all that someone has.
            return true;
        }
    }

    public override async Task<(BackupContent Content, string? KeptAs)> RunAsync(ReadBackup backup, Action<BackupProgress> progress, CancellationToken stop)
    {
        // One that was killed has left its ruin.
        if (Directory.Exists(Workshop)) Directory.Delete(Workshop, recursive: true);
        var made = Store.MainFile(Workshop);
        try
        {
            var blueprint = await WithAsync(made, (session, db) => PrepareAsync(session, db, backup.Header, stop));
            var content = Fill(made, backup, blueprint, progress, stop);

            // Held until the names are what they shall be: whoever opened the old one in between would write a log that the new one is then read with,
            // and whom someone erased from it by then is erased from the new one.
            var isThere = System.IO.File.Exists(File);
            using var alone = isThere ? CloseLog() : null;
            if (isThere) Erased = [.. Erased, .. ErasedFrom(alone)];
            await WithAsync(made, async (session, db) =>
            {
                await FinishAsync(session, db, backup.Header, stop);
                return 0;
            });
            using (var whole = PrivateFile.Open(made, FileMode.Open, FileShare.ReadWrite)) whole.Flush(flushToDisk: true);
            stop.ThrowIfCancellationRequested();
            return (content, PutInPlace(made, isThere));
        }
        finally
        {
            if (Directory.Exists(Workshop)) Directory.Delete(Workshop, recursive: true);
        }
    }

    public override ValueTask DisposeAsync() => _lock.DisposeAsync();

    private static async Task<T> WithAsync<T>(string file, Func<Session, Database, Task<T>> run)
    {
        await using var db = SqliteDatabase.Open(file, Queue, syncEveryCommit: true, checkpoints: true);
        return await db.MigrateAsync(session => run(session, db), CancellationToken.None);
    }

    private static BackupContent Fill(string file, ReadBackup backup, Blueprint blueprint, Action<BackupProgress> progress, CancellationToken stop)
    {
        using var connection = new SqliteConnections(file, syncEveryCommit: true).OpenFiller();
        Run(connection, "begin");
        var content = backup.Run(table => new SqliteTableLoader(connection, blueprint.Tables[table.Name]), progress, stop);
        foreach (var index in blueprint.Indexes)
        {
            stop.ThrowIfCancellationRequested();
            progress(new("indexes", content.Rows, content.Bytes));
            Run(connection, index);
        }

        Run(connection, "commit");
        return content;
    }

    /// <summary>Gives the new store its name; the old one keeps another.</summary>
    private string? PutInPlace(string made, bool isThere)
    {
        var kept = isThere ? $"{File}.{NameOfBefore()}" : null;
        if (Path.Exists(kept)) throw new BackupException($"{kept} is there already.");
        if (System.IO.File.Exists($"{File}-wal"))
        {
            throw new BackupException($"{File}-wal is the log of another store. Move it away, with {File}-shm and {File} if they are there, and restore again.");
        }

        // A second name for the old one first, then the name itself: at no time is there no store.
        if (kept is null) System.IO.File.Move(made, File);
        else System.IO.File.Replace(made, File, kept);

        // A server would go on from here: a power cut must not give the old one its name back, beside the log of the new one.
        FolderSync.Run(Settings.Data);
        return kept;
    }

    /// <summary>Keeps everybody else out of the old store; null when it is too damaged for that.</summary>
    private SqliteConnection? CloseLog()
    {
        try
        {
            return new SqliteConnections(File, syncEveryCommit: true).OpenAlone();
        }
        catch (SqliteException error) when (SqliteErrors.IsLock(error))
        {
            throw new BackupException($"Another process uses {File}: a command, or a shell of SQLite. End it, and restore again.");
        }
        catch (SqliteException)
        {
            // The log, if there is one, shows whether anything of it is outside of the file.
            return null;
        }
    }

    /// <summary>Who was erased from the old store; of one that is too damaged, nobody knows.</summary>
    private List<Erasure> ErasedFrom(SqliteConnection? old)
    {
        var erased = new List<Erasure>();
        try
        {
            if (old is null) throw new SqliteException("It is damaged.", SQLitePCL.raw.SQLITE_CORRUPT);
            using var command = old.CreateCommand();
            command.CommandText = "select 1 from sqlite_master where type = 'table' and name = 'erasure'";
            if (command.ExecuteScalar() is null) return erased;

            command.CommandText = $"select {Erasures.Columns} from erasure order by user_id";
            using var rows = command.ExecuteReader();
            while (rows.Read()) erased.Add(new(rows.GetInt64(0), rows.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(2))));
        }
        catch (SqliteException)
        {
            ErasedIsUnknown = true;
        }

        return erased;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // a constant, or what the schema says of an index
        command.CommandText = sql;
#pragma warning restore CA2100
        command.CommandTimeout = 0;
        command.ExecuteNonQuery();
    }
}
