using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Afterword.Client.OAuth;

/// <summary>Builds the signature base string of a request and signs or verifies it (RFC 5849, sections 3.4.1 and 3.4.2).</summary>
/// <remarks>
/// Add every parameter, then <see cref="Complete"/>, then <see cref="Sign"/> or <c>Verify</c>. Made to be
/// reused: after <see cref="Reset"/> the next request allocates nothing. Not safe to share between threads.
/// </remarks>
public sealed class SignatureBase
{
    private const int KeptCapacity = 16 * 1024;

    private readonly Comparison<Entry> _byNameThenValue;
    private ArrayBufferWriter<byte> _parameters = new(2048);
    private ArrayBufferWriter<byte> _text = new(2048);
    private ArrayBufferWriter<byte> _scratch = new(512);
    private Entry[] _entries = new Entry[32];
    private int _count;

    /// <summary>Creates one with room for an ordinary request; it grows as needed.</summary>
    public SignatureBase() => _byNameThenValue = Compare;

    /// <summary>The base string as ASCII; empty before <see cref="Complete"/>.</summary>
    public ReadOnlySpan<byte> Text => _text.WrittenSpan;

    /// <summary>Forgets everything. Memory beyond 16 KiB, which one large request has claimed, is given back.</summary>
    public void Reset()
    {
        _count = 0;
        _parameters = Emptied(_parameters, 2048);
        _text = Emptied(_text, 2048);
        _scratch = Emptied(_scratch, 512);
        if (_entries.Length > KeptCapacity / 16) _entries = new Entry[32];
    }

    /// <summary>Adds one decoded parameter. Duplicates count; <c>oauth_signature</c> is left out (section 3.4.1.3.1).</summary>
    /// <param name="name">The name in UTF-8, not encoded.</param>
    /// <param name="value">The value in UTF-8, not encoded; empty for a name without a value.</param>
    /// <exception cref="InvalidOperationException">The base string is complete already.</exception>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (_text.WrittenCount > 0) throw new InvalidOperationException("The base string is complete; reset it first.");
        if (name.SequenceEqual("oauth_signature"u8)) return;
        if (_count == _entries.Length) Array.Resize(ref _entries, _count * 2);

        // A parameter is encoded by itself and then once more within the base string. Doing both at once does not
        // disturb the order of section 3.4.1.3.2: each byte of the first encoding still begins with itself.
        var start = _parameters.WrittenCount;
        PercentEncoding.EncodeTwice(name, _parameters);
        var nameLength = _parameters.WrittenCount - start;
        PercentEncoding.EncodeTwice(value, _parameters);
        var valueLength = _parameters.WrittenCount - start - nameLength;

        var head = Head(_parameters.WrittenSpan.Slice(start, nameLength));
        _entries[_count++] = new(head, start, nameLength, valueLength);
    }

    /// <summary>Adds every parameter of a list, by the rules of the other overload.</summary>
    /// <exception cref="InvalidOperationException">The base string is complete already.</exception>
    public void Add(ParameterList parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        for (var i = 0; i < parameters.Count; i++) Add(parameters.NameAt(i), parameters.ValueAt(i));
    }

    /// <summary>Sorts the parameters and writes the base string (section 3.4.1.1).</summary>
    /// <param name="method">The HTTP method; written in upper case.</param>
    /// <param name="address">The address of the request.</param>
    /// <returns>The base string as ASCII, valid until <see cref="Reset"/>.</returns>
    /// <exception cref="InvalidOperationException">The base string is complete already.</exception>
    public ReadOnlySpan<byte> Complete(ReadOnlySpan<char> method, BaseAddress address)
    {
        if (_text.WrittenCount > 0) throw new InvalidOperationException("The base string is complete; reset it first.");

        var upper = _scratch.GetSpan(Encoding.UTF8.GetMaxByteCount(method.Length));
        upper = upper[..Encoding.UTF8.GetBytes(method, upper)];
        foreach (ref var letter in upper)
        {
            if (letter is >= (byte)'a' and <= (byte)'z') letter &= 0xDF;
        }

        PercentEncoding.Encode(upper, _text);
        _text.Write("&"u8);

        var plain = _scratch.GetSpan(address.MaxLength);
        PercentEncoding.Encode(plain[..address.Write(plain)], _text);
        _text.Write("&"u8);

        WriteParameters();
        return _text.WrittenSpan;
    }

    /// <summary>Signs the base string.</summary>
    /// <param name="method">The keyed hash.</param>
    /// <param name="consumerSecret">The secret shared with the app.</param>
    /// <param name="tokenSecret">The secret of the token; empty while there is none (step 1).</param>
    /// <param name="destination">Room for <see cref="SignatureMethods.SizeOf"/> bytes.</param>
    /// <returns>The number of bytes written, before base64.</returns>
    /// <exception cref="InvalidOperationException">The base string is not complete.</exception>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int Sign(
        SignatureMethod method, ReadOnlySpan<char> consumerSecret, ReadOnlySpan<char> tokenSecret, Span<byte> destination)
    {
        if (_text.WrittenCount == 0) throw new InvalidOperationException("The base string is not complete.");

        _scratch.ResetWrittenCount();
        AppendSecret(consumerSecret);
        _scratch.Write("&"u8);
        AppendSecret(tokenSecret);

        var size = SignatureMethods.Hash(method, _scratch.WrittenSpan, Text, destination);

        // Clear, not merely reset: a pooled object must not carry a secret about.
        _scratch.Clear();
        return size;
    }

    /// <summary>Says, in constant time, whether a signature is right.</summary>
    /// <param name="method">The keyed hash the client has chosen.</param>
    /// <param name="consumerSecret">The secret shared with the app.</param>
    /// <param name="tokenSecret">The secret of the token; empty while there is none.</param>
    /// <param name="givenBase64Signature">The decoded value of <c>oauth_signature</c>; anything but base64 is wrong.</param>
    /// <exception cref="InvalidOperationException">The base string is not complete.</exception>
    public bool Verify(
        SignatureMethod method, ReadOnlySpan<char> consumerSecret, ReadOnlySpan<char> tokenSecret,
        ReadOnlySpan<byte> givenBase64Signature)
    {
        Span<byte> expected = stackalloc byte[SignatureMethods.MaxSize];
        expected = expected[..Sign(method, consumerSecret, tokenSecret, expected)];

        // Text is compared, not what it decodes to: base64 has spare bits, and a signature shall have one spelling.
        Span<byte> text = stackalloc byte[(SignatureMethods.MaxSize + 2) / 3 * 4];
        Base64.EncodeToUtf8(expected, text, out _, out var length);
        return CryptographicOperations.FixedTimeEquals(text[..length], givenBase64Signature);
    }

    private void WriteParameters()
    {
        var entries = _entries.AsSpan(0, _count);
        entries.Sort(_byNameThenValue);

        var all = _parameters.WrittenSpan;
        for (var i = 0; i < entries.Length; i++)
        {
            if (i > 0) _text.Write("%26"u8);
            _text.Write(all.Slice(entries[i].Start, entries[i].NameLength));
            _text.Write("%3D"u8);
            _text.Write(all.Slice(entries[i].ValueStart, entries[i].ValueLength));
        }
    }

    private void AppendSecret(ReadOnlySpan<char> secret)
    {
        Span<byte> small = stackalloc byte[256];
        var utf8 = Encoding.UTF8.GetMaxByteCount(secret.Length) <= small.Length ? small : new byte[Encoding.UTF8.GetMaxByteCount(secret.Length)];
        utf8 = utf8[..Encoding.UTF8.GetBytes(secret, utf8)];
        PercentEncoding.Encode(utf8, _scratch);
        CryptographicOperations.ZeroMemory(utf8);
    }

    private int Compare(Entry one, Entry other)
    {
        if (one.Head != other.Head) return one.Head.CompareTo(other.Head);

        var all = _parameters.WrittenSpan;
        var order = all.Slice(one.Start, one.NameLength).SequenceCompareTo(all.Slice(other.Start, other.NameLength));
        return order != 0
            ? order
            : all.Slice(one.ValueStart, one.ValueLength).SequenceCompareTo(all.Slice(other.ValueStart, other.ValueLength));
    }

    // The first eight bytes as one number decide nearly every comparison. No encoded byte is 0, so a shorter name,
    // padded with zeros, rightly comes first.
    private static ulong Head(ReadOnlySpan<byte> name)
    {
        if (name.Length >= sizeof(ulong)) return BinaryPrimitives.ReadUInt64BigEndian(name);

        Span<byte> padded = stackalloc byte[sizeof(ulong)];
        padded.Clear();
        name.CopyTo(padded);
        return BinaryPrimitives.ReadUInt64BigEndian(padded);
    }

    private static ArrayBufferWriter<byte> Emptied(ArrayBufferWriter<byte> buffer, int capacity)
    {
        if (buffer.Capacity > KeptCapacity) return new(capacity);

        buffer.ResetWrittenCount();
        return buffer;
    }

    private readonly record struct Entry(ulong Head, int Start, int NameLength, int ValueLength)
    {
        public int ValueStart => Start + NameLength;
    }
}
