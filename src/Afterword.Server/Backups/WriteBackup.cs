using System.Globalization;
using System.Text.Json;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>How far a backup or a restore is.</summary>
internal readonly record struct BackupProgress(string Table, long Rows, long Bytes);

/// <summary>What a backup holds.</summary>
/// <param name="Header">What it says of itself.</param>
/// <param name="Totals">How many rows of what.</param>
/// <param name="Bytes">How long the file is.</param>
internal sealed record BackupContent(BackupHeader Header, BackupTotals Totals, long Bytes)
{
    public long Rows => Totals.Rows.Sum();
}

/// <summary>Writes everything that a store holds at one moment, beside whoever writes into it.</summary>
internal sealed class WriteBackup(Database db, TimeProvider clock)
{
    /// <summary>How long the store's log may be meanwhile; by default half of the room that is left for it.</summary>
    public long? LongestLog { get; init; }

    /// <param name="to">Gets the file; whoever gives it closes it.</param>
    /// <param name="key">Encrypts it; null leaves it readable.</param>
    /// <param name="progress">Told after each block.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="BackupException">The store has a schema that this program does not know, or its log grew too long.</exception>
    public Task<BackupContent> RunAsync(Stream to, BackupKey? key, Action<BackupProgress> progress, CancellationToken stop) => db.WholeSnapshotAsync(
        async session =>
        {
            var longestLog = LongestLog ?? db.RoomForLog;
            var schema = await session.Sql("select max(number) from schema_version where part = 'main'").FirstAsync(row => row.GetInt64(0), stop);
            if (schema > Migrator.Of("main")[^1].Number) throw new BackupException($"The store has schema {schema}, this program knows {Migrator.Of("main")[^1].Number}: a newer version must write the backup.");

            var tables = (await StoredTables.ListAsync(db, session, stop)).Where(table => !ExcludedTables.Tables.ContainsKey(table.Name)).ToArray();
            var header = new BackupHeader(
                ProgramVersion.Text, db.Engine, clock.GetUtcNow().ToUnixTimeMilliseconds(), schema,
                [.. await KeyRing.MasterKeyIdsAsync(session, stop)],
                [.. tables.Select(table => new BackupTable(table.Name, [.. table.Columns.Select(column => new BackupColumn(column.Name, BackupKinds.NameOf(column.Kind)))]))]);
            var blocks = new BlockWriter(to, key);
            blocks.Write(BlockKind.Header, JsonSerializer.SerializeToUtf8Bytes(header, BackupContext.Default.BackupHeader));

            var counts = new long[tables.Length];
            for (var i = 0; i < tables.Length; i++) counts[i] = await WriteTableAsync(session, blocks, tables[i], i, Told, stop);

            var totals = new BackupTotals(counts);
            blocks.Write(BlockKind.End, JsonSerializer.SerializeToUtf8Bytes(totals, BackupContext.Default.BackupTotals));
            await to.FlushAsync(stop);
            return new BackupContent(header, totals, blocks.Length);

            // A disk that the log has filled would stop the service for the sake of its backup.
            void Told(BackupProgress now)
            {
                if (db.LogLength is var log && log > longestLog) throw new BackupException(string.Create(CultureInfo.InvariantCulture, $"While the backup was taken, the store's log has grown to {log / (1024 * 1024):N0} MiB, the most it may use. Make room on its disk, write the backup to a faster place, or take it when less is written."));
                progress(now);
            }
        },
        stop);

    private static async Task<long> WriteTableAsync(Session session, BlockWriter blocks, StoredTable table, int place, Action<BackupProgress> progress, CancellationToken stop)
    {
        var (buffer, written) = (new RowBuffer(), 0L);
        var rows = await session.Sql($"select {string.Join(", ", table.Columns.Select(column => column.Name))} from {table.Name} order by {string.Join(", ", table.Key)}").EachAsync(
            row =>
            {
                buffer.Add(row, table.Columns);
                if (buffer.IsFull) Close();
            },
            stop);
        if (buffer.Rows > 0) Close();
        return rows;

        void Close()
        {
            stop.ThrowIfCancellationRequested();
            written += buffer.Rows;
            buffer.Take(place, block => blocks.Write(BlockKind.Rows, block.Span));
            progress(new(table.Name, written, blocks.Length));
        }
    }
}

/// <summary>The names of the kinds of columns in the file.</summary>
internal static class BackupKinds
{
    public static string NameOf(ColumnKind kind) => kind switch
    {
        ColumnKind.Whole => "whole",
        ColumnKind.Text => "text",
        _ => "bytes",
    };

    public static ColumnKind? Find(string name) => name switch
    {
        "whole" => ColumnKind.Whole,
        "text" => ColumnKind.Text,
        "bytes" => ColumnKind.Bytes,
        _ => null,
    };
}
