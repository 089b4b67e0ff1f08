using System.Text;
using System.Text.RegularExpressions;
using CsvHelper;

namespace Afterword.Server.Tests.Reports;

/// <summary>A CSV file as a program of someone else reads it.</summary>
internal static partial class Csv
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

    /// <summary>Takes away the apostrophes that keep a text from being a formula, as the documentation says how.</summary>
    public static string Bare(string cell) => Behind.Replace(Front.Replace(cell, ""), "");

    [GeneratedRegex(@"\A'(?='*[=+@\t\r\n＝＋－＠-])")]
    private static partial Regex Front { get; }

    [GeneratedRegex(@"(?<=[;\t\r\n])'(?='*[=+@＝＋－＠-])")]
    private static partial Regex Behind { get; }
}
