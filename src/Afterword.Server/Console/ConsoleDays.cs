using System.Collections.Concurrent;

namespace Afterword.Server.Console;

/// <summary>The days of a time zone. A day has 23 or 25 hours when its clocks are changed.</summary>
internal sealed class ConsoleDays
{
    private const long HourMillis = 3_600_000;

    private static readonly ConcurrentDictionary<string, ConsoleDays> s_known = new(StringComparer.Ordinal);

    private readonly TimeZoneInfo _zone;

    // Requests come in the order of time, so most fall into the same range as the one before.
    private Quarter _last = new(long.MinValue, 0);

    private ConsoleDays(string name, TimeZoneInfo zone) => (Zone, _zone) = (name, zone);

    /// <summary>The IANA name of the zone.</summary>
    public string Zone { get; }

    /// <param name="zone">An IANA name that <see cref="TimeZoneInfo"/> knows.</param>
    public static ConsoleDays Of(string zone) => s_known.GetOrAdd(zone, static zone => new(zone, TimeZoneInfo.FindSystemTimeZoneById(zone)));

    /// <summary>The Monday of a day's week.</summary>
    public static long MondayOf(long day) => day - (((int)DateOnly.FromDayNumber((int)day).DayOfWeek + 6) % 7);

    /// <summary>The day in which an instant lies, as <see cref="DateOnly.DayNumber"/>.</summary>
    /// <param name="millis">Unix milliseconds.</param>
    public long DayOf(long millis)
    {
        // No zone of today changes its clocks but at full quarters of an hour.
        var quarter = Math.DivRem(millis, HourMillis / 4).Quotient;
        var last = _last;
        if (last.Number == quarter) return last.Day;

        var day = DateOnly.FromDateTime(LocalOf(millis)).DayNumber;
        _last = new(quarter, day);
        return day;
    }

    /// <summary>The first instant of a day, Unix milliseconds.</summary>
    public long StartOf(long day)
    {
        // Midnight may come twice or never; the day begins with the first instant that lies in it.
        var noon = (DateOnly.FromDayNumber((int)day).ToDateTime(new TimeOnly(12, 0)) - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMillisecond;
        var (before, within) = (noon - (36 * HourMillis), noon + (15 * HourMillis));
        while (within - before > 1)
        {
            var middle = before + ((within - before) / 2);
            if (DateOnly.FromDateTime(LocalOf(middle)).DayNumber < day) before = middle;
            else within = middle;
        }

        return within;
    }

    /// <summary>What clocks in this zone show at an instant.</summary>
    public DateTime LocalOf(long millis) => TimeZoneInfo.ConvertTimeFromUtc(DateTimeOffset.FromUnixTimeMilliseconds(millis).UtcDateTime, _zone);

    private sealed record Quarter(long Number, long Day);
}
