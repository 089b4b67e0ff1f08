using System.Buffers;
using System.Buffers.Binary;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>Collects the rows of a block: for each a bit for every column that is null, then the values.</summary>
internal sealed class RowBuffer
{
    private byte[] _bytes = new byte[BackupFormat.BlockLength + (64 * 1024)];
    private int _length;

    public int Rows { get; private set; }

    public bool IsFull => _length >= BackupFormat.BlockLength;

    public void Add(Row row, IReadOnlyList<StoredColumn> columns)
    {
        var bits = (columns.Count + 7) / 8;
        Room(bits);
        var at = _length;
        _bytes.AsSpan(at, bits).Clear();
        _length += bits;
        for (var i = 0; i < columns.Count; i++)
        {
            if (row.IsDBNull(i)) _bytes[at + (i / 8)] |= (byte)(1 << (i % 8));
            else if (columns[i].Kind == ColumnKind.Whole) Whole(row.GetInt64(i));
            else Bytes(columns[i].Kind == ColumnKind.Text ? row.Utf8(i) : row.GetBytes(i));
        }

        Rows++;
    }

    /// <summary>Gives what a block holds, table and number of rows first, and begins anew.</summary>
    public void Take(int table, Action<ReadOnlyMemory<byte>> write)
    {
        var block = ArrayPool<byte>.Shared.Rent(_length + 8);
        BinaryPrimitives.WriteInt32LittleEndian(block, table);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(4), Rows);
        _bytes.AsSpan(0, _length).CopyTo(block.AsSpan(8));
        write(block.AsMemory(0, _length + 8));
        ArrayPool<byte>.Shared.Return(block);
        (_length, Rows) = (0, 0);
    }

    // Zigzag, so that numbers near zero are short on both sides of it.
    private void Whole(long value) => Number((ulong)((value << 1) ^ (value >> 63)));

    private void Bytes(ReadOnlySpan<byte> value)
    {
        Number((ulong)value.Length);
        Room(value.Length);
        value.CopyTo(_bytes.AsSpan(_length));
        _length += value.Length;
    }

    private void Number(ulong value)
    {
        Room(10);
        for (; value >= 0x80; value >>= 7) _bytes[_length++] = (byte)(value | 0x80);
        _bytes[_length++] = (byte)value;
    }

    private void Room(int more)
    {
        if (_bytes.Length - _length < more) Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + more));
    }
}

/// <summary>Reads them again. What does not add up is a defect of whoever wrote it, since the checksum fits; it is refused all the same.</summary>
internal ref struct RowReader(ReadOnlyMemory<byte> content, long start)
{
    private int _at;

    public readonly bool IsAtEnd => _at == content.Length;

    public ReadOnlySpan<byte> Nulls(int columns) => Take((columns + 7) / 8).Span;

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)).Span);

    public long Whole()
    {
        var number = Number();
        return (long)(number >> 1) ^ -(long)(number & 1);
    }

    public ReadOnlyMemory<byte> Bytes()
    {
        var length = Number();
        return length <= int.MaxValue ? Take((int)length) : throw BlockReader.Damaged(start);
    }

    private ulong Number()
    {
        var (value, shift) = (0UL, 0);
        while (true)
        {
            var next = Take(1).Span[0];
            if (shift > 63) throw BlockReader.Damaged(start);
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
            shift += 7;
        }
    }

    private ReadOnlyMemory<byte> Take(int length)
    {
        if (length > content.Length - _at) throw BlockReader.Damaged(start);
        var taken = content.Slice(_at, length);
        _at += length;
        return taken;
    }
}
