using System.Globalization;

namespace Afterword.Server.Automation.Rules;

/// <summary>Durations as ISO 8601 has them, of a fixed length: weeks, or days, hours, minutes and seconds, in whole numbers. Months and years differ in length, and are none.</summary>
internal static class IsoDuration
{
    private const int LongestText = 40;

    /// <summary>Reads a text such as <c>PT10M</c>, <c>P1DT12H</c> or <c>P2W</c>.</summary>
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = TimeSpan.Zero;
        if (text.Length is < 3 or > LongestText || text[0] != 'P') return false;
        if (text[^1] == 'W') return text.Length <= 6 && TryAdd(text.AsSpan(1..^1), TimeSpan.TicksPerDay * 7, ref time);

        var rest = text.AsSpan(1);
        var at = rest.IndexOf('T');
        var date = at < 0 ? rest : rest[..at];
        var hours = at < 0 ? default : rest[(at + 1)..];
        if (at >= 0 && hours.IsEmpty) return false;

        return TryRead(date, ['D'], ref time) && TryRead(hours, ['H', 'M', 'S'], ref time);
    }

    /// <summary>Writes a duration as people would.</summary>
    public static string Of(TimeSpan time)
    {
        if (time == TimeSpan.Zero) return "PT0S";

        var days = time.Days == 0 ? "" : Say($"{time.Days}D");
        var rest = (time.Hours == 0 ? "" : Say($"{time.Hours}H")) + (time.Minutes == 0 ? "" : Say($"{time.Minutes}M")) + (time.Seconds == 0 ? "" : Say($"{time.Seconds}S"));
        return rest.Length == 0 ? $"P{days}" : $"P{days}T{rest}";
    }

    /// <summary>Reads numbers with their units, which come in this order, each once at most.</summary>
    private static bool TryRead(ReadOnlySpan<char> text, ReadOnlySpan<char> units, ref TimeSpan time)
    {
        foreach (var unit in units)
        {
            var at = text.IndexOf(unit);
            if (at < 0) continue;
            if (!TryAdd(text[..at], TicksOf(unit), ref time)) return false;

            text = text[(at + 1)..];
        }

        return text.IsEmpty;
    }

    private static bool TryAdd(ReadOnlySpan<char> digits, long ticks, ref TimeSpan time)
    {
        // Seven digits of days are 27,000 years, which a TimeSpan just holds.
        if (digits.Length is 0 or > 7 || !long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;

        time += TimeSpan.FromTicks(number * ticks);
        return true;
    }

    private static long TicksOf(char unit) => unit switch
    {
        'D' => TimeSpan.TicksPerDay,
        'H' => TimeSpan.TicksPerHour,
        'M' => TimeSpan.TicksPerMinute,
        _ => TimeSpan.TicksPerSecond,
    };

    private static string Say(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
