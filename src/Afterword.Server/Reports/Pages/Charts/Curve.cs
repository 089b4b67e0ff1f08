using System.Globalization;
using System.Text;

namespace Afterword.Server.Reports.Pages.Charts;

/// <summary>Shapes of charts on a field of 100 by 100, which the page stretches.</summary>
internal static class Curve
{
    /// <summary>A number as SVG wants it.</summary>
    public static string Of(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>Where the point of this place stands, from the left.</summary>
    public static double Across(int place, int count) => count == 1 ? 50 : 100.0 * place / (count - 1);

    /// <summary>A line through the points, broken where there is none.</summary>
    public static string Line(IReadOnlyList<double?> down)
    {
        var path = new StringBuilder();
        foreach (var (from, to) in Runs(down))
        {
            for (var i = from; i <= to; i++) path.Append(CultureInfo.InvariantCulture, $"{(i == from ? 'M' : 'L')}{Of(Across(i, down.Count))} {Of(down[i]!.Value)}");
        }

        return path.ToString();
    }

    /// <summary>The area between two lines.</summary>
    public static string Band(IReadOnlyList<double?> high, IReadOnlyList<double?> low)
    {
        var path = new StringBuilder();
        foreach (var (from, to) in Runs(high))
        {
            for (var i = from; i <= to; i++) path.Append(CultureInfo.InvariantCulture, $"{(i == from ? 'M' : 'L')}{Of(Across(i, high.Count))} {Of(high[i]!.Value)}");
            for (var i = to; i >= from; i--) path.Append(CultureInfo.InvariantCulture, $"L{Of(Across(i, low.Count))} {Of(low[i]!.Value)}");
            path.Append('Z');
        }

        return path.ToString();
    }

    private static IEnumerable<(int From, int To)> Runs(IReadOnlyList<double?> values)
    {
        var from = -1;
        for (var i = 0; i <= values.Count; i++)
        {
            var there = i < values.Count && values[i] is not null;
            if (there && from < 0) from = i;
            if (there || from < 0) continue;

            yield return (from, i - 1);
            from = -1;
        }
    }
}
