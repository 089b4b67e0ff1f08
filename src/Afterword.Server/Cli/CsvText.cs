using System.Globalization;
using System.Text;
using CsvHelper;

namespace Afterword.Server.Cli;

/// <summary>The text of a CSV file, whatever program wrote it: UTF-8 or UTF-16, with commas, semicolons or tabs, and with the line ends of any system.</summary>
/// <remarks>What is not valid in its encoding is refused: as replacement characters, names would be lost for good.</remarks>
/// <param name="Text">With newlines as line ends.</param>
/// <param name="Separator">Between the fields.</param>
internal sealed record CsvText(string Text, char Separator)
{
    private static readonly char[] s_separators = [',', ';', '\t'];

    private static readonly (byte[] Mark, Encoding Encoding)[] s_marks =
    [
        ([0xEF, 0xBB, 0xBF], new UTF8Encoding(false, throwOnInvalidBytes: true)),
        ([0xFF, 0xFE], new UnicodeEncoding(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true)),
        ([0xFE, 0xFF], new UnicodeEncoding(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true)),
    ];

    /// <summary>The encoding of this name, which refuses what is not valid in it; null when there is none.</summary>
    public static Encoding? Named(string name)
    {
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
                ?? Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <param name="content">The file.</param>
    /// <param name="given">Its encoding; null for what its first bytes say, or UTF-8.</param>
    /// <param name="columns">The names of which its first line has some.</param>
    public static (CsvText? Text, (int Line, string Problem)? Wrong) Read(byte[] content, Encoding? given, IReadOnlyCollection<string> columns)
    {
        if (content.AsSpan().StartsWith("PK\u0003\u0004"u8)) return (null, (1, "the file is a spreadsheet; save it as CSV (in Excel: CSV UTF-8)"));

        var (mark, encoding) = Array.Find(s_marks, one => content.AsSpan().StartsWith(one.Mark));
        encoding ??= given ?? s_marks[0].Encoding;
        string text;
        try
        {
            text = encoding.GetString(content, mark?.Length ?? 0, content.Length - (mark?.Length ?? 0));
        }
        catch (DecoderFallbackException error)
        {
            return (null, (LineAt(content, (mark?.Length ?? 0) + error.Index), string.Create(
                CultureInfo.InvariantCulture,
                $"the byte 0x{error.BytesUnknown?.FirstOrDefault():X2} is not {encoding.WebName.ToUpperInvariant()}. Save the file as UTF-8 (in Excel: CSV UTF-8), or name its encoding, such as --encoding windows-1252")));
        }

        if (text.Contains('\0', StringComparison.Ordinal)) return (null, (1, "the file is in UTF-16 and does not say so. Save it as UTF-8 (in Excel: CSV UTF-8), or use --encoding utf-16"));

        text = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var header = HeaderOf(text);
        return (new(text, s_separators.MaxBy(separator => header.Split(separator).Count(name => columns.Contains(name.Trim(' ', '"').ToLowerInvariant())))), null);
    }

    /// <summary>Gives each line that has something in it, with its number; without fields where its quotation marks are wrong.</summary>
    public IEnumerable<(int Line, IReadOnlyList<string>? Fields)> Records()
    {
        // A quotation mark too many takes the following lines for a part of its cell. Such lines are reported together with all other errors.
        var malformed = new Queue<int>();
        var form = new CsvReaderOptions
        {
            Separator = Separator, HasHeader = false, SkipEmptyLines = true, DetectSeparatorHint = false, TrackLineNumbers = true,
            MalformedData = CsvMalformedDataHandling.Skip, OnMalformedRecord = record => malformed.Enqueue((int)record.LineNumber), FieldCountMismatch = CsvFieldCountHandling.Allow,
        };
        using var records = CsvReader.Create(new StringReader(Text), form);
        while (records.Read())
        {
            while (malformed.TryDequeue(out var line)) yield return (line, null);
            string[] fields = [.. Enumerable.Range(0, records.FieldCount).Select(records.GetString)];
            if (!Array.TrueForAll(fields, string.IsNullOrWhiteSpace)) yield return ((int)records.LineNumber, fields);
        }

        while (malformed.TryDequeue(out var line)) yield return (line, null);
    }

    /// <summary>The first line with a letter: spreadsheets save empty lines as separators alone.</summary>
    private static string HeaderOf(string text)
    {
        using var lines = new StringReader(text);
        while (lines.ReadLine() is { } line)
        {
            if (line.Any(char.IsLetter)) return line;
        }

        return "";
    }

    private static int LineAt(byte[] content, int index) => content.AsSpan(0, Math.Clamp(index, 0, content.Length)).Count((byte)'\n') + 1;
}
