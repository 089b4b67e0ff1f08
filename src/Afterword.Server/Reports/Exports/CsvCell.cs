using System.Buffers;

namespace Afterword.Server.Reports.Exports;

/// <summary>What a text becomes in a CSV file: one cell, whatever is in it, and never a formula.</summary>
/// <remarks>
/// A spreadsheet runs what begins with <c>=</c>, <c>+</c>, <c>-</c>, <c>@</c>, some of them after a tab or a line end, some with
/// their full-width forms. Such a text gets an apostrophe in front, which says "text" there. So that it can be taken away
/// again without doubt, a text that begins with apostrophes and goes on like that gets one more. Numbers stay as they are.
/// The same is done within a text behind a semicolon, a tab and a line end: where the decimal point is a comma, spreadsheets part
/// cells by semicolons, and then our quotes are not at the beginning of a cell and quote nothing.
/// </remarks>
internal static class CsvCell
{
    private static readonly SearchValues<byte> s_quoted = SearchValues.Create("\",;\t\r\n"u8);
    private static readonly SearchValues<byte> s_inside = SearchValues.Create("\";\t\r\n"u8);

    /// <summary>What a text of <paramref name="length"/> bytes takes at most: two quotes, an apostrophe, and one byte more for every byte.</summary>
    public static int MostOf(int length) => (2 * length) + 3;

    /// <summary>Writes the cell and gives its length.</summary>
    /// <param name="text">UTF-8; empty leaves the cell empty.</param>
    /// <param name="room">At least <see cref="MostOf"/> of the text's length.</param>
    public static int Write(ReadOnlySpan<byte> text, Span<byte> room)
    {
        var guard = IsFormula(text);
        if (!guard && text.IndexOfAny(s_quoted) < 0)
        {
            text.CopyTo(room);
            return text.Length;
        }

        var length = 0;
        room[length++] = (byte)'"';
        if (guard) room[length++] = (byte)'\'';
        for (var at = text.IndexOfAny(s_inside); at >= 0; at = text.IndexOfAny(s_inside))
        {
            text[..(at + 1)].CopyTo(room[length..]);
            length += at + 1;
            var found = text[at];
            text = text[(at + 1)..];
            if (found == (byte)'"') room[length++] = found;
            else if (BeginsWithSign(text.TrimStart((byte)'\''))) room[length++] = (byte)'\'';
        }

        text.CopyTo(room[length..]);
        length += text.Length;
        room[length++] = (byte)'"';
        return length;
    }

    /// <summary>Whether a spreadsheet could run the text.</summary>
    internal static bool IsFormula(ReadOnlySpan<byte> text)
    {
        var bare = text.TrimStart((byte)'\'');
        if (bare.IsEmpty) return false;

        var isSign = bare[0] is (byte)'\t' or (byte)'\r' or (byte)'\n' || BeginsWithSign(bare);
        return isSign && (bare.Length < text.Length || !IsNumber(bare));
    }

    private static bool BeginsWithSign(ReadOnlySpan<byte> text) =>
        text is [(byte)'=' or (byte)'+' or (byte)'-' or (byte)'@', ..]
        || text.StartsWith("＝"u8) || text.StartsWith("＋"u8) || text.StartsWith("－"u8) || text.StartsWith("＠"u8);

    /// <summary>A sign, digits, and perhaps a point or comma with digits behind it: what a person calls a number.</summary>
    private static bool IsNumber(ReadOnlySpan<byte> text)
    {
        if (text[0] is not ((byte)'+' or (byte)'-')) return false;

        var digits = text[1..];
        var whole = DigitsOf(digits);
        if (whole == 0 || whole == digits.Length) return whole > 0;

        var fraction = digits[(whole + 1)..];
        return digits[whole] is (byte)'.' or (byte)',' && !fraction.IsEmpty && DigitsOf(fraction) == fraction.Length;
    }

    private static int DigitsOf(ReadOnlySpan<byte> text) => text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') is var other && other < 0 ? text.Length : other;
}
