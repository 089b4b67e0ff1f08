using System.Globalization;

namespace Afterword.Server.Connectors.Deliveries;

/// <summary>The times of other programs: ISO 8601, or seconds or milliseconds since 1970, whole or not.</summary>
internal static class EventTimes
{
    // Seconds until the year 5138; a larger number is milliseconds.
    private const decimal MostSeconds = 99_999_999_999;
    private const decimal MostMillis = 99_999_999_999_999;

    /// <returns>Unix milliseconds; null for what is no time.</returns>
    public static long? Read(string text)
    {
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number))
        {
            return number switch
            {
                <= 0 or > MostMillis => null,
                <= MostSeconds => (long)(number * 1000),
                _ => (long)number,
            };
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at > DateTimeOffset.UnixEpoch ? at.ToUnixTimeMilliseconds() : null;
    }
}
