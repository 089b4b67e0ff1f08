using System.Buffers;
using System.Text;

namespace Afterword.Client.OAuth;

/// <summary>
/// Percent-encoding as OAuth wants it (RFC 5849, section 3.6): UTF-8 bytes, everything but the unreserved characters
/// of RFC 3986 (letters, digits, <c>-</c>, <c>.</c>, <c>_</c>, <c>~</c>) written as <c>%XX</c> with upper-case digits.
/// </summary>
/// <remarks>
/// Decoding is total: a <c>%</c> that two hexadecimal digits do not follow stays a literal <c>%</c>, as in browsers.
/// Nothing here throws for what a peer has sent.
/// </remarks>
public static class PercentEncoding
{
    private static readonly SearchValues<byte> s_unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    private static readonly SearchValues<byte> s_percentOrPlus = SearchValues.Create("%+"u8);

    /// <summary>The most bytes that encoding <paramref name="count"/> bytes can give: three for each.</summary>
    /// <exception cref="OverflowException">The result does not fit an <see cref="int"/>.</exception>
    public static int MaxEncodedLength(int count) => checked(count * 3);

    /// <summary>Encodes bytes into <paramref name="destination"/>.</summary>
    /// <param name="source">Any bytes; text is given as UTF-8.</param>
    /// <param name="destination">Room for <see cref="MaxEncodedLength"/> bytes; must not overlap the source.</param>
    /// <returns>The number of ASCII bytes written.</returns>
    /// <exception cref="ArgumentException">The destination may be too short.</exception>
    public static int Encode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (destination.Length < MaxEncodedLength(source.Length))
        {
            throw new ArgumentException("The destination may be too short.", nameof(destination));
        }

        return Encode(source, destination, "%"u8);
    }

    /// <summary>Encodes bytes and appends them to <paramref name="destination"/>.</summary>
    public static void Encode(ReadOnlySpan<byte> source, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (source.IsEmpty) return;

        destination.Advance(Encode(source, destination.GetSpan(MaxEncodedLength(source.Length)), "%"u8));
    }

    /// <summary>Encodes the UTF-8 form of a text. An unpaired surrogate counts as U+FFFD.</summary>
    public static string Encode(ReadOnlySpan<char> text)
    {
        var utf8 = Utf8(text);
        var encoded = new byte[MaxEncodedLength(utf8.Length)];
        return Encoding.ASCII.GetString(encoded, 0, Encode(utf8, encoded));
    }

    /// <summary>Decodes <paramref name="source"/> into bytes.</summary>
    /// <param name="source">Encoded text.</param>
    /// <param name="destination">At least as long as the source; may be the source itself.</param>
    /// <param name="plusIsSpace"><c>+</c> is a space, as in a query or a form (section 3.4.1.3.1).</param>
    /// <returns>The number of bytes written, never more than the source has.</returns>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static int Decode(ReadOnlySpan<byte> source, Span<byte> destination, bool plusIsSpace = false)
    {
        if (destination.Length < source.Length)
        {
            throw new ArgumentException("The destination is shorter than the source.", nameof(destination));
        }

        var written = 0;
        while (!source.IsEmpty)
        {
            var plain = plusIsSpace ? source.IndexOfAny(s_percentOrPlus) : source.IndexOf((byte)'%');
            if (plain < 0) plain = source.Length;

            source[..plain].CopyTo(destination[written..]);
            written += plain;
            source = source[plain..];
            if (source.IsEmpty) break;

            var used = 1;
            var value = source[0];
            if (value == '+')
            {
                value = (byte)' ';
            }
            else if (source.Length >= 3 && char.IsAsciiHexDigit((char)source[1]) && char.IsAsciiHexDigit((char)source[2]))
            {
                value = (byte)((Digit(source[1]) << 4) | Digit(source[2]));
                used = 3;
            }

            destination[written++] = value;
            source = source[used..];
        }

        return written;
    }

    /// <summary>Decodes a text into a string. Bytes which are not UTF-8 become U+FFFD.</summary>
    /// <param name="text">Encoded text; characters beyond ASCII stand for their UTF-8 bytes.</param>
    /// <param name="plusIsSpace"><c>+</c> is a space, as in a query or a form (section 3.4.1.3.1).</param>
    public static string Decode(ReadOnlySpan<char> text, bool plusIsSpace = false)
    {
        var utf8 = Utf8(text);
        return Encoding.UTF8.GetString(utf8, 0, Decode(utf8, utf8, plusIsSpace));
    }

    /// <summary>Encodes what is encoded already: in a base string each escape appears as <c>%25XX</c> (section 3.4.1.1).</summary>
    internal static void EncodeTwice(ReadOnlySpan<byte> source, IBufferWriter<byte> destination)
    {
        if (source.IsEmpty) return;

        destination.Advance(Encode(source, destination.GetSpan(checked(source.Length * 5)), "%25"u8));
    }

    private static int Encode(ReadOnlySpan<byte> source, Span<byte> destination, ReadOnlySpan<byte> escape)
    {
        var written = 0;
        while (true)
        {
            var plain = source.IndexOfAnyExcept(s_unreserved);
            if (plain < 0)
            {
                source.CopyTo(destination[written..]);
                return written + source.Length;
            }

            source[..plain].CopyTo(destination[written..]);
            written += plain;

            escape.CopyTo(destination[written..]);
            written += escape.Length;
            destination[written++] = Hex(source[plain] >> 4);
            destination[written++] = Hex(source[plain] & 15);
            source = source[(plain + 1)..];
        }
    }

    private static byte[] Utf8(ReadOnlySpan<char> text)
    {
        var utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, utf8);
        return utf8;
    }

    private static byte Hex(int digit) => "0123456789ABCDEF"u8[digit];

    // Letters carry bit 6 and count from 10; digits are their own low four bits.
    private static int Digit(byte hex) => (hex & 15) + ((hex >> 6) * 9);
}
