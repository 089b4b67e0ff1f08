namespace Afterword.Server.Configuration;

/// <summary>The time zones of the IANA list that this machine knows.</summary>
internal static class TimeZones
{
    private static readonly Lazy<IReadOnlyList<string>> s_all = new(() =>
        [.. TimeZoneInfo.GetSystemTimeZones().Select(zone => zone.Id).Where(name => name == "UTC" || (IsPlace(name) && Knows(name))).Order(StringComparer.Ordinal)]);

    /// <summary>Those that people choose among: of places, and UTC.</summary>
    public static IReadOnlyList<string> All => s_all.Value;

    // Windows' own names are known on every system: what is stored must mean the same on each.
    public static bool Knows(string name) => TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.HasIanaId;

    private static bool IsPlace(string name) => name.Contains('/', StringComparison.Ordinal) && !name.StartsWith("Etc/", StringComparison.Ordinal);
}
