using System.Buffers;
using System.Text;

namespace Afterword.Client.OAuth;

/// <summary>
/// Decoded request parameters, in the order they came, as UTF-8 bytes: of an Authorization header, a query or a form.
/// </summary>
/// <remarks>
/// Duplicates are kept. Made to be reused: after <see cref="Reset"/> it reads the next request without allocating.
/// Not safe to share between threads; spans it has given are valid until the next change.
/// </remarks>
public sealed class ParameterList
{
    private const int KeptCapacity = 16 * 1024;

    private ArrayBufferWriter<byte> _bytes = new(1024);
    private Entry[] _entries = new Entry[16];

    /// <summary>How many parameters there are, duplicates included.</summary>
    public int Count { get; private set; }

    /// <summary>Forgets everything. Memory beyond 16 KiB, which one large body has claimed, is given back.</summary>
    public void Reset()
    {
        Truncate(0);
        if (_bytes.Capacity > KeptCapacity) _bytes = new(1024);
        if (_entries.Length > KeptCapacity / 16) _entries = new Entry[16];
    }

    /// <summary>The decoded name of a parameter.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such parameter.</exception>
    public ReadOnlySpan<byte> NameAt(int index)
    {
        var entry = At(index);
        return _bytes.WrittenSpan.Slice(entry.Start, entry.NameLength);
    }

    /// <summary>The decoded value of a parameter; empty if it came without one.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such parameter.</exception>
    public ReadOnlySpan<byte> ValueAt(int index)
    {
        var entry = At(index);
        return _bytes.WrittenSpan.Slice(entry.Start + entry.NameLength, entry.ValueLength);
    }

    /// <summary>The position of the first parameter of this name at or after <paramref name="start"/>, or -1.</summary>
    /// <param name="name">A decoded name; letter case matters.</param>
    /// <param name="start">Where to begin; pass the last position + 1 to look for a duplicate.</param>
    public int IndexOf(ReadOnlySpan<byte> name, int start = 0)
    {
        for (var i = start; i < Count; i++)
        {
            if (NameAt(i).SequenceEqual(name)) return i;
        }

        return -1;
    }

    /// <summary>Adds one parameter that is decoded already.</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var start = _bytes.WrittenCount;
        _bytes.Write(name);
        _bytes.Write(value);
        Register(start, name.Length);
    }

    /// <summary>Adds one parameter that is decoded already. An unpaired surrogate counts as U+FFFD.</summary>
    public void Add(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        var start = _bytes.WrittenCount;
        var nameLength = (int)Encoding.UTF8.GetBytes(name, _bytes);
        Encoding.UTF8.GetBytes(value, _bytes);
        Register(start, nameLength);
    }

    /// <summary>Adds the parameters of an <c>application/x-www-form-urlencoded</c> body (section 3.4.1.3.1).</summary>
    /// <param name="form">
    /// The body as sent. <c>+</c> is a space, a name without <c>=</c> has an empty value, empty pieces between two
    /// <c>&amp;</c> are skipped, a malformed escape is kept as it is.
    /// </param>
    public void AddForm(ReadOnlySpan<byte> form)
    {
        foreach (var range in form.Split((byte)'&'))
        {
            var pair = form[range];
            if (pair.IsEmpty) continue;

            var split = pair.IndexOf((byte)'=');
            AddEncoded(split < 0 ? pair : pair[..split], split < 0 ? [] : pair[(split + 1)..], plusIsSpace: true);
        }
    }

    /// <summary>Adds the parameters of a query, by the rules of <see cref="AddForm"/>.</summary>
    /// <param name="query">The query as sent, with or without its leading <c>?</c>; may be empty.</param>
    public void AddQuery(ReadOnlySpan<char> query)
    {
        if (query.StartsWith('?')) query = query[1..];

        foreach (var range in query.Split('&'))
        {
            var pair = query[range];
            if (pair.IsEmpty) continue;

            var split = pair.IndexOf('=');
            AddEncoded(split < 0 ? pair : pair[..split], split < 0 ? [] : pair[(split + 1)..], plusIsSpace: true);
        }
    }

    internal void AddEncoded(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool plusIsSpace)
    {
        var start = _bytes.WrittenCount;
        var nameLength = Append(name, plusIsSpace);
        Append(value, plusIsSpace);
        Register(start, nameLength);
    }

    internal void AddEncoded(ReadOnlySpan<char> name, ReadOnlySpan<char> value, bool plusIsSpace)
    {
        var start = _bytes.WrittenCount;
        var nameLength = Append(name, plusIsSpace);
        Append(value, plusIsSpace);
        Register(start, nameLength);
    }

    /// <summary>Takes back the last parameters, so that a header which turns out malformed leaves no trace.</summary>
    internal void Truncate(int count)
    {
        Count = count;

        // The writer cannot be shortened; the bytes behind the last entry are dead until the next full reset.
        if (count == 0) _bytes.ResetWrittenCount();
    }

    private int Append(ReadOnlySpan<byte> encoded, bool plusIsSpace)
    {
        if (encoded.IsEmpty) return 0;

        var length = PercentEncoding.Decode(encoded, _bytes.GetSpan(encoded.Length), plusIsSpace);
        _bytes.Advance(length);
        return length;
    }

    private int Append(ReadOnlySpan<char> encoded, bool plusIsSpace)
    {
        if (encoded.IsEmpty) return 0;

        var room = _bytes.GetSpan(Encoding.UTF8.GetMaxByteCount(encoded.Length));
        var raw = room[..Encoding.UTF8.GetBytes(encoded, room)];
        var length = PercentEncoding.Decode(raw, raw, plusIsSpace);
        _bytes.Advance(length);
        return length;
    }

    private void Register(int start, int nameLength)
    {
        if (Count == _entries.Length) Array.Resize(ref _entries, Count * 2);

        _entries[Count++] = new(start, nameLength, _bytes.WrittenCount - start - nameLength);
    }

    private Entry At(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _entries[index];
    }

    private readonly record struct Entry(int Start, int NameLength, int ValueLength);
}
