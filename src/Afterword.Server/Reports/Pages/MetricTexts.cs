using System.Globalization;

namespace Afterword.Server.Reports.Pages;

/// <summary>Metrics as people read them.</summary>
internal static class MetricTexts
{
    public const string None = "–";

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Answers(long number) => $"{Number(number)} {(number == 1 ? "answer" : "answers")}";

    /// <summary>86.7%; whole numbers at the ends.</summary>
    public static string Percent(double share) => share is 0 or 1 ? share == 0 ? "0%" : "100%" : string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.0}%");

    public static string Percents(Estimate estimate) =>
        string.Create(CultureInfo.InvariantCulture, $"{estimate.Low * 100:0}–{estimate.High * 100:0}%");

    /// <summary>A net promoter score: +42.</summary>
    public static string Points(double score) => Signed(score * 100, "0");

    public static string Points(Estimate estimate) => $"{Points(estimate.Low)} to {Points(estimate.High)}";

    public static string Average(double average) => average.ToString("0.00", CultureInfo.InvariantCulture);

    public static string Averages(Estimate estimate) => string.Create(CultureInfo.InvariantCulture, $"{estimate.Low:0.00}–{estimate.High:0.00}");

    /// <summary>A time of two significant digits: 4.2 min.</summary>
    public static string Time(double millis)
    {
        var (value, unit) = millis switch
        {
            < 60_000 => (millis / 1_000, "s"),
            < 3_600_000 => (millis / 60_000, "min"),
            < 86_400_000 => (millis / 3_600_000, "h"),
            _ => (millis / 86_400_000, "days"),
        };
        return $"{value.ToString(value < 10 ? "0.0" : "0", CultureInfo.InvariantCulture)} {unit}";
    }

    public static string Times(Estimate estimate) => $"{Time(estimate.Low)} to {Time(estimate.High)}";

    /// <summary>With a sign that is as wide as a plus.</summary>
    public static string Signed(double number, string format)
    {
        var text = Math.Abs(number).ToString(format, CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAnyInRange('1', '9') < 0 ? text : (number > 0 ? "+" : "−") + text;
    }

    /// <summary>+25%; beside a period with next to nothing a percentage says nothing.</summary>
    /// <param name="by">The change as a share of what was before.</param>
    public static string Growth(double by) => by > 9 ? "over 10×" : $"{Signed(by * 100, "0")}%";

    public static string Day(long day) => DateOnly.FromDayNumber((int)day).ToString("d MMM yyyy", CultureInfo.InvariantCulture);

    /// <summary>A range of days: 3 – 9 Jan 2026.</summary>
    public static string Days(long from, long to)
    {
        var (first, last) = (DateOnly.FromDayNumber((int)from), DateOnly.FromDayNumber((int)to));
        if (from == to) return Day(from);

        var format = first.Year != last.Year ? "d MMM yyyy" : first.Month != last.Month ? "d MMM" : "%d";
        return $"{first.ToString(format, CultureInfo.InvariantCulture)} – {Day(to)}";
    }
}
