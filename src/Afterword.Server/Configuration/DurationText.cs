using System.Globalization;

namespace Afterword.Server.Configuration;

/// <summary>A duration as people write it: [days.]hours:minutes[:seconds].</summary>
internal static class DurationText
{
    private const int HoursOfADay = 24;
    private const int MostDays = 1_000_000;

    /// <summary>Reads a duration of zero or more.</summary>
    /// <remarks>The framework reads a bare "24" as 24 days, and "24:00:00" and "36:30" too: it takes for days what is too much for hours. Nobody means that.</remarks>
    public static bool TryParse(string text, out TimeSpan time)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        time = default;
        if (colon < 0 || text.AsSpan().Count(':') > 2) return false;

        var days = TimeSpan.Zero;
        if (int.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var hours) && hours >= HoursOfADay)
        {
            if (hours > MostDays * HoursOfADay) return false;

            (days, text) = (TimeSpan.FromDays(hours / HoursOfADay), string.Create(CultureInfo.InvariantCulture, $"{hours % HoursOfADay}{text.AsSpan(colon)}"));
        }

        if (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out time) || time < TimeSpan.Zero || TimeSpan.MaxValue - days < time) return false;

        time += days;
        return true;
    }

    /// <summary>Says a duration as it is written: 36:00:00 and not 1.12:00:00.</summary>
    public static string Of(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}");
}
