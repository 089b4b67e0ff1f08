using System.Text;
using CsvHelper;

namespace Afterword.Server.Tests.Reports;

/// <summary>A CSV file as a program of somebody else reads it.</summary>
internal static class Csv
{
    private static readonly CsvReaderOptions s_strict = new()
    {
        Separator = ',', SkipEmptyLines = false, DetectSeparatorHint = false, MalformedData = CsvMalformedDataHandling.Throw, FieldCountMismatch = CsvFieldCountHandling.Throw,
    };

    /// <summary>The lines as cells by column.</summary>
    public static List<Dictionary<string, string>> Read(string text)
    {
        using var reader = CsvReader.Create(Encoding.UTF8.GetBytes(text), s_strict);
        reader.ReadHeader();
        var lines = new List<Dictionary<string, string>>();
        while (reader.Read()) lines.Add(reader.Headers.ToArray().ToDictionary(name => name, name => reader.GetString(name)));
        return lines;
    }

    public static string[] Ids(string text) => [.. Read(text).Select(line => line["id"])];

    /// <summary>Takes away the apostrophe of a text that would otherwise be a formula, as the documentation says how.</summary>
    public static string Bare(string cell) =>
        cell.StartsWith('\'') && cell.TrimStart('\'') is { Length: > 0 } rest && "=+-@\t\r\n＝＋－＠".Contains(rest[0], StringComparison.Ordinal) ? cell[1..] : cell;
}
