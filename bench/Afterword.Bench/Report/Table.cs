using System.Globalization;
using System.Text;

namespace Afterword.Bench.Report;

/// <summary>The figures as a person reads them.</summary>
internal static class Table
{
    private static readonly string[] s_heads = ["row", "what", "value", "baseline", "ratio", "(rounds)", "target", "", "note"];

    public static string Of(IReadOnlyList<Figure> figures)
    {
        var rows = figures.Select(Cells).Prepend(s_heads).ToArray();
        var widths = Enumerable.Range(0, s_heads.Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            text.AppendLine(string.Join("  ", row.Select((cell, i) => i is >= 2 and <= 5 ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd());
        }

        return text.ToString();
    }

    private static string[] Cells(Figure figure) =>
    [
        figure.Row,
        figure.What,
        Number(figure.Value) + figure.Unit,
        figure.Baseline is { } baseline ? $"{Number(baseline)}{figure.Unit}" : "",
        figure.Ratio is { } ratio ? ratio.ToString("0.000", CultureInfo.InvariantCulture) : "",
        figure is { LowestRatio: { } low, HighestRatio: { } high } ? string.Create(CultureInfo.InvariantCulture, $"{low:0.00}-{high:0.00}") : "",
        figure.Target ?? "",
        figure.Pass switch { true => "pass", false => "MISS", null => "" },
        figure.Note ?? "",
    ];

    private static string Number(double value) => value switch
    {
        >= 1_000 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}
