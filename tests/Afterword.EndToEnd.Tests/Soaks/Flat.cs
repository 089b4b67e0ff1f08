namespace Afterword.EndToEnd.Tests.Soaks;

/// <summary>Whether a row of readings, taken at even times, has come to rest: what a server needs for its caches it takes once, what it leaks it takes for good.</summary>
internal static class Flat
{
    /// <summary>Compares the last third with the one before it; the first is for warming up. Null when it is flat, else what is wrong.</summary>
    /// <param name="what">What was read.</param>
    /// <param name="readings">The readings, 6 or more.</param>
    /// <param name="share">How much more the last third may be, as a part of the middle one.</param>
    /// <param name="slack">How much more besides.</param>
    public static string? Breach(string what, IReadOnlyList<long> readings, double share, long slack)
    {
        var third = readings.Count / 3;
        if (third < 2) return $"{what}: {readings.Count} readings are too few.";

        var middle = Median(readings.Skip(third).Take(third));
        var last = Median(readings.Skip(readings.Count - third));
        return last <= (middle * (1 + share)) + slack ? null : $"{what} grows: {middle:N0} in the middle third, {last:N0} in the last. {string.Join(' ', readings)}";
    }

    private static long Median(IEnumerable<long> readings)
    {
        var sorted = readings.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
