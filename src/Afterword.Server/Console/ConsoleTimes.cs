using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;

namespace Afterword.Server.Console;

/// <summary>Instants as pages show them: in one time zone, in English.</summary>
public sealed class ConsoleTimes
{
    private readonly ConsoleDays _days;

    internal ConsoleTimes(ConsoleDays days) => _days = days;

    /// <summary>As a person reads them: in the time zone that they chose, or else in the console's.</summary>
    /// <remarks>One that this machine knows no more shows nobody an error.</remarks>
    internal static ConsoleTimes For(Member member, Settings settings) => new(ConsoleDays.Of(member.TimeZone is { } own && TimeZones.Knows(own) ? own : settings.TimeZone));

    /// <summary>The name of the zone, as beside times: <c>UTC</c>, <c>Europe/Berlin</c>.</summary>
    public string Zone => _days.Zone;

    /// <summary>Day and minute: <c>5 Jan 2026, 09:00</c>.</summary>
    /// <param name="millis">Unix milliseconds.</param>
    public string Minute(long millis) => _days.LocalOf(millis).ToString("d MMM yyyy, HH:mm", CultureInfo.InvariantCulture);

    /// <summary>The day alone.</summary>
    /// <param name="millis">Unix milliseconds.</param>
    public string Day(long millis) => _days.LocalOf(millis).ToString("d MMM yyyy", CultureInfo.InvariantCulture);

    /// <summary>Day and minute with the zone: <c>5 Jan 2026, 09:00 UTC</c>.</summary>
    public string Named(DateTimeOffset at) => $"{Minute(at.ToUnixTimeMilliseconds())} {Zone}";

    /// <summary>The same without the day when it is today.</summary>
    public string Named(DateTimeOffset at, DateTimeOffset now)
    {
        var (local, today) = (_days.LocalOf(at.ToUnixTimeMilliseconds()), _days.LocalOf(now.ToUnixTimeMilliseconds()));
        return local.Date == today.Date ? $"{local.ToString("HH:mm", CultureInfo.InvariantCulture)} {Zone}" : Named(at);
    }

    /// <summary>To the second, with the zone: <c>2026-01-05 09:00:00 UTC</c>.</summary>
    public string Second(DateTimeOffset at) => $"{_days.LocalOf(at.ToUnixTimeMilliseconds()).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} {Zone}";

    /// <summary>To the millisecond: <c>5 Jan 2026, 09:00:00.000</c>.</summary>
    /// <param name="millis">Unix milliseconds.</param>
    public string Millisecond(long millis) => _days.LocalOf(millis).ToString("d MMM yyyy, HH:mm:ss.fff", CultureInfo.InvariantCulture);

    /// <summary>For programs, in the <c>datetime</c> of a <c>time</c>.</summary>
    /// <param name="millis">Unix milliseconds.</param>
    public static string Machine(long millis) => DateTimeOffset.FromUnixTimeMilliseconds(millis).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
