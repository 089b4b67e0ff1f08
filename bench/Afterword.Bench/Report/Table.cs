using System.Globalization;
using System.Text;

namespace Afterword.Bench.Report;

/// <summary>The metrics as a person reads them.</summary>
internal static class Table
{
    private static readonly string[] s_heads = ["row", "what", "value", "baseline", "ratio", "(rounds)", "target", "", "note"];

    public static string Of(IReadOnlyList<Result> results)
    {
        var rows = results.Select(Cells).Prepend(s_heads).ToArray();
        var widths = Enumerable.Range(0, s_heads.Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            text.AppendLine(string.Join("  ", row.Select((cell, i) => i is >= 2 and <= 5 ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd());
        }

        return text.ToString();
    }

    private static string[] Cells(Result result) =>
    [
        result.Row,
        result.What,
        Number(result.Value) + result.Unit,
        result.Baseline is { } baseline ? $"{Number(baseline)}{result.Unit}" : "",
        result.Ratio is { } ratio ? ratio.ToString("0.000", CultureInfo.InvariantCulture) : "",
        result is { LowestRatio: { } low, HighestRatio: { } high } ? string.Create(CultureInfo.InvariantCulture, $"{low:0.00}-{high:0.00}") : "",
        result.Target ?? "",
        result.Pass switch { true => "pass", false => "MISS", null => "" },
        result.Note ?? "",
    ];

    private static string Number(double value) => value switch
    {
        >= 1_000 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}
