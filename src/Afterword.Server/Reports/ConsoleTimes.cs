using System.Globalization;

namespace Afterword.Server.Reports;

/// <summary>Instants as pages show them: in the console's time zone, in English.</summary>
public sealed class ConsoleTimes
{
    private readonly ConsoleDays _days;

    internal ConsoleTimes(ConsoleDays days) => _days = days;

    /// <summary>Day and minute: <c>5 Jan 2026, 09:00</c>.</summary>
    /// <param name="millis">Unix milliseconds.</param>
    public string Minute(long millis) => _days.LocalOf(millis).ToString("d MMM yyyy, HH:mm", CultureInfo.InvariantCulture);

    /// <summary>The day alone.</summary>
    /// <param name="millis">Unix milliseconds.</param>
    public string Day(long millis) => _days.LocalOf(millis).ToString("d MMM yyyy", CultureInfo.InvariantCulture);

    /// <summary>For programs, in the <c>datetime</c> of a <c>time</c>.</summary>
    /// <param name="millis">Unix milliseconds.</param>
    public static string Machine(long millis) => DateTimeOffset.FromUnixTimeMilliseconds(millis).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
