namespace Afterword.Server.Storage;

/// <summary>The row that a statement stands on. Valid until the next one; columns are counted from 0.</summary>
internal abstract class Row
{
    public abstract bool IsDBNull(int column);

    public abstract long GetInt64(int column);

    public abstract int GetInt32(int column);

    public abstract string GetString(int column);

    public abstract byte[] GetBytes(int column);

    /// <summary>A text as UTF-8, valid until the next row.</summary>
    public abstract ReadOnlySpan<byte> Utf8(int column);

    public string? TextOrNull(int column) => IsDBNull(column) ? null : GetString(column);

    public long? LongOrNull(int column) => IsDBNull(column) ? null : GetInt64(column);

    public byte[]? BytesOrNull(int column) => IsDBNull(column) ? null : GetBytes(column);

    /// <summary>A flag, kept as 0 or 1; a missing row of an outer join counts as 0.</summary>
    public bool Flag(int column) => !IsDBNull(column) && GetInt32(column) != 0;
}
