using Afterword.Server.Configuration;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>A store that is to hold what a backup holds: all of it, or what it held before.</summary>
internal abstract class RestoreTarget(Settings settings, TimeProvider clock) : IAsyncDisposable
{
    // A store with nothing but these was never used: a server that starts writes them.
    private static readonly HashSet<string> s_ofTheServer = new(StringComparer.Ordinal)
    {
        "schema_version", "schema_beside", "worker_lease", "key_ring", "clock_reading", "stray_guess", "figure_zone", "invitation", "audit", "audit_head", "outbound_hold", "backup_run", "retention_run",
    };

    protected Settings Settings => settings;

    /// <summary>Who was erased since the backup was taken, as far as that is known: the restored store is to erase them again. The store that is replaced adds its own.</summary>
    public IReadOnlyList<Erasure> Erased { get; set; } = [];

    /// <summary>The store that was replaced could not be asked who was erased from it.</summary>
    public bool ErasedIsUnknown { get; protected set; }

    protected TimeProvider Clock => clock;

    /// <exception cref="InvalidOperationException">A server runs on the store.</exception>
    public static async Task<RestoreTarget> OpenAsync(Settings settings, TimeProvider clock, CancellationToken stop) =>
        settings.Database is null ? SqliteTarget.Open(settings, clock) : await PostgresTarget.ConnectAsync(settings, clock, stop);

    /// <summary>Whether someone has used the store that is there.</summary>
    public abstract Task<bool> HasRowsAsync(CancellationToken stop);

    /// <summary>Fills the store and puts it in the place of what was there.</summary>
    /// <param name="backup">Read to its end.</param>
    /// <param name="progress">Told after each block.</param>
    /// <param name="stop">Gives up; nothing has changed then.</param>
    /// <returns>What the backup held, and where what was there before is kept; null when there was nothing.</returns>
    /// <exception cref="BackupException">The backup is damaged or does not fit; nothing has changed.</exception>
    public abstract Task<(BackupContent Content, string? KeptAs)> RunAsync(ReadBackup backup, Action<BackupProgress> progress, CancellationToken stop);

    public abstract ValueTask DisposeAsync();

    /// <summary>A name for what was there before.</summary>
    protected string NameOfBefore() => $"pre-restore-{clock.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}".ToLowerInvariant();

    protected static async Task<bool> HasRowsAsync(Database db, Session session, CancellationToken stop)
    {
        foreach (var table in await StoredTables.ListAsync(db, session, stop))
        {
            if (!s_ofTheServer.Contains(table.Name) && await session.Sql($"select 1 from {table.Name} limit 1").FirstAsync(_ => true, stop)) return true;
        }

        return false;
    }

    /// <summary>Makes the tables as they were when the backup was taken, empty and without indexes.</summary>
    /// <exception cref="BackupException">The backup has another schema than this program knows by that number.</exception>
    protected async Task<Blueprint> PrepareAsync(Session session, Database db, BackupHeader header, CancellationToken stop)
    {
        await Migrator.RunWithinAsync(session, db, "main", header.Schema, clock, stop);
        var stored = (await StoredTables.ListAsync(db, session, stop)).ToDictionary(table => table.Name);
        var tables = header.Tables.Select(table => FitTo(table, stored.GetValueOrDefault(table.Name), header)).ToDictionary(table => table.Name);
        foreach (var table in tables.Keys) await session.Sql($"delete from {table}").RunAsync(stop);

        var indexes = await StoredTables.ListIndexesAsync(db, session, stop);
        foreach (var (name, _) in indexes) await session.Sql($"drop index {name}").RunAsync(stop);
        return new(tables, [.. indexes.Select(index => index.Sql)]);
    }

    /// <summary>Brings what was filled to the schema of this program and makes it fit to be served.</summary>
    protected async Task FinishAsync(Session session, Database db, BackupHeader header, CancellationToken stop)
    {
        await Migrator.RunWithinAsync(session, db, "main", long.MaxValue, clock, stop);

        // The processes that held the numbers are not at this store.
        await session.Sql("update worker_lease set held_until = 0").RunAsync(stop);
        await Erasures.TakeOverAsync(session, Erased, stop);
        await OutboundPause.SetAsync(session, new(clock.GetUtcNow(), $"restored from a backup of {header.At:yyyy-MM-dd HH:mm:ss} UTC"), stop);
    }

    private static StoredTable FitTo(BackupTable table, StoredTable? stored, BackupHeader header)
    {
        var columns = table.Columns.Select(column => stored?.Columns.FirstOrDefault(one => one.Name == column.Name && BackupKinds.NameOf(one.Kind) == column.Kind)).OfType<StoredColumn>().ToArray();
        return stored is not null && columns.Length == table.Columns.Count && columns.Length == stored.Columns.Count
            ? stored with { Columns = columns }
            : throw new BackupException($"The backup has schema {header.Schema} with a table {table.Name} that this version does not know so. Restore it with the version that wrote it, {header.Program}.");
    }

    /// <param name="Tables">By name, with their columns in the order of the backup.</param>
    /// <param name="Indexes">Statements that make them.</param>
    protected sealed record Blueprint(IReadOnlyDictionary<string, StoredTable> Tables, IReadOnlyList<string> Indexes);
}
