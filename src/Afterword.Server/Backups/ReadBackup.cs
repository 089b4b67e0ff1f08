using System.Globalization;
using System.Text.Json;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>Reads a backup from its beginning to its end, and sees at each step that it is what was written.</summary>
internal sealed class ReadBackup : IDisposable
{
    private readonly BlockReader _blocks;
    private readonly ColumnKind[][] _kinds;

    private ReadBackup(BlockReader blocks, BackupHeader header, ColumnKind[][] kinds) => (_blocks, Header, _kinds) = (blocks, header, kinds);

    public BackupHeader Header { get; }

    public bool IsEncrypted => _blocks.IsEncrypted;

    /// <summary>Reads what the file says of itself.</summary>
    /// <param name="from">The file; whoever gives it closes it.</param>
    /// <param name="passphrase">Asked for only when the file is encrypted.</param>
    /// <exception cref="BackupException">It cannot be read; the message says why.</exception>
    public static ReadBackup Open(Stream from, Func<string?> passphrase)
    {
        var blocks = new BlockReader(from, passphrase);
        try
        {
            blocks.Begin();
            var start = blocks.Position;
            var (kind, content) = blocks.Read();
            var header = kind == BlockKind.Header ? Parse(content, BackupContext.Default.BackupHeader, start) : throw BlockReader.Damaged(start);
            if (!header.IsSound) throw BlockReader.Damaged(start);
            var kinds = header.Tables.Select(table => table.Columns.Select(column => BackupKinds.Find(column.Kind)!.Value).ToArray()).ToArray();
            return new(blocks, header, kinds);
        }
        catch
        {
            blocks.Dispose();
            throw;
        }
    }

    /// <summary>Reads the rest.</summary>
    /// <param name="fill">Takes a table's rows, in the order of the header; null when they are only looked at.</param>
    /// <param name="progress">Told after each block.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="BackupException">It is damaged; the message says where. What was filled before must not be kept.</exception>
    public BackupContent Run(Func<BackupTable, TableLoader>? fill, Action<BackupProgress> progress, CancellationToken stop)
    {
        var counts = new long[Header.Tables.Count];
        TableLoader? filling = null;
        var at = -1;
        try
        {
            while (true)
            {
                stop.ThrowIfCancellationRequested();
                var start = _blocks.Position;
                var (kind, content) = _blocks.Read();
                if (kind == BlockKind.End)
                {
                    filling?.Complete();
                    return Finish(counts, content, start);
                }

                if (kind != BlockKind.Rows) throw BlockReader.Damaged(start);
                var rows = new RowReader(content, start);
                var (table, many) = (rows.Int32(), rows.Int32());
                if (table < Math.Max(at, 0) || table >= counts.Length || many < 1) throw BlockReader.Damaged(start);
                if (table > at)
                {
                    filling?.Complete();
                    filling?.Dispose();
                    filling = fill?.Invoke(Header.Tables[table]);
                    at = table;
                }

                Fill(ref rows, many, _kinds[table], filling, start);
                counts[table] += many;
                progress(new(Header.Tables[table].Name, counts[table], _blocks.Position));
            }
        }
        finally
        {
            filling?.Dispose();
        }
    }

    public void Dispose() => _blocks.Dispose();

    private static void Fill(ref RowReader rows, int many, ColumnKind[] kinds, TableLoader? filling, long start)
    {
        try
        {
            for (var i = 0; i < many; i++) ReadRow(ref rows, kinds, filling);
        }
        catch (OverflowException)
        {
            // A number that its column cannot hold.
            throw BlockReader.Damaged(start);
        }

        if (!rows.IsAtEnd) throw BlockReader.Damaged(start);
    }

    private static void ReadRow(ref RowReader rows, ColumnKind[] kinds, TableLoader? filling)
    {
        var nulls = rows.Nulls(kinds.Length);
        filling?.BeginRow();
        for (var i = 0; i < kinds.Length; i++)
        {
            if ((nulls[i / 8] & (1 << (i % 8))) != 0) filling?.AddNull(i);
            else if (kinds[i] == ColumnKind.Whole)
            {
                var value = rows.Whole();
                filling?.Add(i, value);
            }
            else
            {
                var value = rows.Bytes();
                filling?.Add(i, value);
            }
        }

        filling?.EndRow();
    }

    private BackupContent Finish(long[] counts, ReadOnlyMemory<byte> content, long start)
    {
        var totals = Parse(content, BackupContext.Default.BackupTotals, start);
        _blocks.End();
        if (totals.Rows.Count != counts.Length) throw BlockReader.Damaged(start);
        for (var i = 0; i < counts.Length; i++)
        {
            if (totals.Rows[i] != counts[i])
            {
                throw new BackupException(string.Create(CultureInfo.InvariantCulture, $"The backup is damaged: it has {counts[i]:N0} rows of {Header.Tables[i].Name} and says {totals.Rows[i]:N0} (byte {start:N0})."));
            }
        }

        return new(Header, totals, _blocks.Position);
    }

    private static T Parse<T>(ReadOnlyMemory<byte> content, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, long start)
    {
        try
        {
            return JsonSerializer.Deserialize(content.Span, type) ?? throw BlockReader.Damaged(start);
        }
        catch (JsonException)
        {
            throw BlockReader.Damaged(start);
        }
    }
}
