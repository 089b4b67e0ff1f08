namespace Afterword.Server.Automation.Rules;

/// <summary>When nobody is asked, by the clocks of a time zone: some hours of each day, whole days of the week, or both.</summary>
/// <param name="From">When they begin, in minutes from midnight; null where no hours are quiet.</param>
/// <param name="To">When they end. Before <paramref name="From"/>, it is on the day after.</param>
/// <param name="Days">Quiet days, by <see cref="DayOfWeek"/>.</param>
/// <param name="Zone">Whose clocks count.</param>
internal sealed record QuietHours(int? From, int To, IReadOnlySet<DayOfWeek> Days, TimeZoneInfo Zone)
{
    // Six quiet days in a row with their nights, and a change of the clocks in each.
    private const int MostSteps = 64;

    /// <summary>The first instant from <paramref name="instant"/> on that is not quiet.</summary>
    /// <remarks>Clocks decide, not hours that have passed: an hour that comes twice is judged twice, and where clocks jump over the end, the quiet ends with the jump.</remarks>
    public DateTimeOffset NextOpening(DateTimeOffset instant)
    {
        for (var step = 0; step < MostSteps; step++)
        {
            var local = LocalOf(instant);
            if (!IsQuiet(local)) return instant;

            var end = EndOf(local);
            var next = instant + (end - local);
            instant = LocalOf(next) > end ? FirstOpen(instant, next) : next;
        }

        return instant;
    }

    public bool IsQuiet(DateTimeOffset instant) => IsQuiet(LocalOf(instant));

    private DateTime LocalOf(DateTimeOffset instant) => TimeZoneInfo.ConvertTimeFromUtc(instant.UtcDateTime, Zone);

    private bool IsQuiet(DateTime local) => Days.Contains(local.DayOfWeek) || IsQuietHour(local.TimeOfDay);

    private bool IsQuietHour(TimeSpan time)
    {
        if (From is not { } from) return false;

        var (begin, end) = (TimeSpan.FromMinutes(from), TimeSpan.FromMinutes(To));
        return begin < end ? time >= begin && time < end : time >= begin || time < end;
    }

    /// <summary>When the range that makes a time quiet ends, by the clock.</summary>
    private DateTime EndOf(DateTime local)
    {
        if (Days.Contains(local.DayOfWeek)) return local.Date.AddDays(1);

        var end = local.Date.AddMinutes(To);
        return end > local ? end : end.AddDays(1);
    }

    // Clocks were put forward on the way: they show the end, or more, before so much time has passed. Until then all of it is quiet.
    private DateTimeOffset FirstOpen(DateTimeOffset quiet, DateTimeOffset later)
    {
        var (before, after) = (quiet.ToUnixTimeMilliseconds(), later.ToUnixTimeMilliseconds());
        var end = EndOf(LocalOf(quiet));
        while (after - before > 1)
        {
            var middle = before + ((after - before) / 2);
            if (LocalOf(DateTimeOffset.FromUnixTimeMilliseconds(middle)) < end) before = middle;
            else after = middle;
        }

        return DateTimeOffset.FromUnixTimeMilliseconds(after);
    }
}
