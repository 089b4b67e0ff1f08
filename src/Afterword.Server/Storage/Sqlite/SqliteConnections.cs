using Microsoft.Data.Sqlite;

namespace Afterword.Server.Storage.Sqlite;

/// <summary>Opens connections to one SQLite file with the pragmas that each needs.</summary>
/// <param name="file">The file.</param>
/// <param name="syncEveryCommit">
/// Whether a commit is on the disk before it is acknowledged. Without, a commit survives the end of the process, however it
/// ends, but a power cut may undo the latest.
/// </param>
internal sealed class SqliteConnections(string file, bool syncEveryCommit)
{
    // SQLITE_DBCONFIG_ENABLE_QPSG.
    private const int PlannerStability = 1007;

    // A command beside the server that was here before may be about to end.
    private static readonly TimeSpan s_waitForOthers = TimeSpan.FromSeconds(5);

    public string File => file;

    /// <summary>The connection that writes.</summary>
    /// <param name="checkpoints">
    /// Whether it is the server's, which moves the log into the file (<see cref="SqliteCheckpoints"/>): a command beside it would hold up its writes.
    /// </param>
    /// <exception cref="InvalidOperationException">This is the server, and another program is writing to the file.</exception>
    public SqliteConnection OpenWriter(bool checkpoints)
    {
        PrivateFile.Prepare(file);
        SqliteLog.WriteAgain(file, wait: checkpoints && syncEveryCommit ? s_waitForOthers : null);
        var connection = Open(SqliteOpenMode.ReadWriteCreate);

        // A commit writes whole pages. Nonces land on as many pages as there are of them, so theirs are small.
        if (!syncEveryCommit) Pragma(connection, "page_size=1024");
        Pragma(connection, "journal_mode=wal");

        // FULL syncs the log at every commit: without it, a power cut could undo what a client was told is stored.
        Pragma(connection, syncEveryCommit ? "synchronous=full" : "synchronous=normal");
        Pragma(connection, "foreign_keys=on");
        Pragma(connection, "cache_size=-65536");

        // What is deleted, or moves because it changed, is overwritten with zeros: nothing of a person who was erased stays in gaps of the file.
        if (syncEveryCommit) Pragma(connection, "secure_delete=on");

        Pragma(connection, "wal_autocheckpoint=0");
        Pragma(connection, "journal_size_limit=67108864");
        if (checkpoints) ForgetStatistics(connection);

        var journal = Ask(connection, "journal_mode");
        var synchronous = Ask(connection, "synchronous");
        if (journal is not "wal" || synchronous != (syncEveryCommit ? "2" : "1"))
        {
            connection.Dispose();
            throw new InvalidOperationException(
                $"The store {file} runs with journal_mode={journal} and synchronous={synchronous}, not wal and {(syncEveryCommit ? 2 : 1)}: it would lose answers in a power cut. Put it on a local disk.");
        }

        if (syncEveryCommit) KeepLogsName(connection);
        return connection;
    }

    /// <summary>A connection that cannot write. It reads a snapshot and never waits for the writer.</summary>
    public SqliteConnection OpenReader()
    {
        var connection = Open(SqliteOpenMode.ReadOnly);
        Pragma(connection, "query_only=on");

        // One for each thread that reads at once, for pages that are still in the log. The rest is read where the system keeps
        // it, without a copy: opening a card took 4.5 system calls for pages, and a sixth of its processor time (docs/decisions/0018).
        Pragma(connection, "cache_size=-4096");
        Pragma(connection, "mmap_size=268435456");
        return connection;
    }

    /// <summary>A connection that reads everything once: what it would map counts as memory of the process.</summary>
    public SqliteConnection OpenUnmappedReader()
    {
        var connection = Open(SqliteOpenMode.ReadOnly);
        Pragma(connection, "query_only=on");
        Pragma(connection, "cache_size=-16384");
        return connection;
    }

    /// <summary>A connection that fills a file which nobody trusts yet: it syncs nothing, and a crash leaves a ruin.</summary>
    public SqliteConnection OpenFiller()
    {
        var connection = Open(SqliteOpenMode.ReadWrite);
        Pragma(connection, "journal_mode=off");
        Pragma(connection, "synchronous=off");
        Pragma(connection, "locking_mode=exclusive");
        Pragma(connection, "cache_size=-65536");
        return connection;
    }

    /// <summary>Moves the log into the file and keeps everybody else out of both for as long as the connection is open.</summary>
    /// <remarks>Afterwards the file has no log, and whoever has it open under a name that it had does not make one: the engine looks whether the name is still the file's.</remarks>
    /// <exception cref="SqliteException">Another process has the file open, or it is damaged.</exception>
    public SqliteConnection OpenAlone()
    {
        var connection = Open(SqliteOpenMode.ReadWrite);
        try
        {
            // A command of the provider would try for half a minute when others hold the file.
            WaitForLocks(connection, s_waitForOthers);
            foreach (var sql in new[] { "pragma locking_mode=exclusive", "pragma journal_mode=delete", "begin exclusive" })
            {
                using var statement = new SqliteStatement(connection, sql);
                statement.Run(null);
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Makes the store's folder, for its owner alone: the key ring lies in it.</summary>
    public static void CreateFolder(string folder)
    {
        var made = new List<string>();
        for (var at = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)); at is not null && !Directory.Exists(at); at = Path.GetDirectoryName(at)) made.Add(at);

        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // A power cut would take away a name that is not on the disk, with all that is in the folder.
        foreach (var one in made) FolderSync.Run(Path.GetDirectoryName(one)!);
    }

    /// <summary>Sets how long each statement waits for a lock that another connection has.</summary>
    public static void WaitForLocks(SqliteConnection connection, TimeSpan time) =>
        Pragma(connection, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"busy_timeout={(long)time.TotalMilliseconds}"));

    public static string Ask(SqliteConnection connection, string pragma)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // always a constant of this folder
        command.CommandText = $"pragma {pragma}";
#pragma warning restore CA2100
        try
        {
            return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture) ?? "";
        }
        catch (SqliteException error)
        {
            throw SqliteErrors.Named(error, connection.Handle!);
        }
    }

    /// <summary>Plans follow from the schema and the statements alone: so they are tested, and so they stay.</summary>
    /// <remarks>Someone who ran "analyze" on a small store would have left metrics that led the planner astray when it had grown.</remarks>
    private static void ForgetStatistics(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "drop table if exists sqlite_stat1; drop table if exists sqlite_stat4";
        command.ExecuteNonQuery();
    }

    /// <summary>The same for the values of parameters.</summary>
    /// <remarks>Otherwise the engine plans a statement with "limit @count" anew whenever that is bound: a sixth of the processor time of a page of events.</remarks>
    private static void KeepPlans(SqliteConnection connection)
    {
        if (SQLitePCL.raw.sqlite3_db_config(connection.Handle, PlannerStability, 1, out _) != SQLitePCL.raw.SQLITE_OK) throw new InvalidOperationException("SQLite keeps no plans.");
    }

    // The engine syncs the folder once, at the first sync of a new log, and takes no notice when that fails: then a power cut takes the log
    // away, with every commit in it.
    private void KeepLogsName(SqliteConnection connection)
    {
        try
        {
            // Whoever reads makes the log.
            Pragma(connection, "schema_version");
            FolderSync.Run(Path.GetDirectoryName(Path.GetFullPath(file))!);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private SqliteConnection Open(SqliteOpenMode mode)
    {
        _ = SqliteEngine.Version;
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false }.ToString());
        try
        {
            connection.Open();

            // A command line beside a busy server waits for its turn instead of failing.
            WaitForLocks(connection, TimeSpan.FromSeconds(10));
            KeepPlans(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Pragma(SqliteConnection connection, string pragma) => Ask(connection, pragma);
}
