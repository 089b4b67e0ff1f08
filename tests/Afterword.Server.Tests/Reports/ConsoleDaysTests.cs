using System.Globalization;
using Afterword.Server.Console;

namespace Afterword.Server.Tests.Reports;

/// <summary>Days begin and end where people's clocks say so.</summary>
public sealed class ConsoleDaysTests
{
    [Theory]
    [InlineData("UTC", "2026-03-29", "2026-03-29T00:00:00Z", 24)]
    [InlineData("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 23)]
    [InlineData("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 25)]
    [InlineData("Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z", 24)]
    [InlineData("Asia/Kolkata", "2026-01-05", "2026-01-04T18:30:00Z", 24)]
    [InlineData("Pacific/Kiritimati", "2026-01-05", "2026-01-04T10:00:00Z", 24)]
    [InlineData("Pacific/Pago_Pago", "2026-01-05", "2026-01-05T11:00:00Z", 24)]
    [InlineData("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 23.5)]
    [InlineData("America/Havana", "2026-03-08", "2026-03-08T05:00:00Z", 23)]
    [InlineData("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", 23)]
    public void A_day_has_the_hours_that_its_clocks_give_it(string zone, string day, string start, double hours)
    {
        var days = ConsoleDays.Of(zone);
        var number = DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture).DayNumber;
        var begin = days.StartOf(number);

        Assert.Equal(DateTimeOffset.Parse(start, CultureInfo.InvariantCulture), DateTimeOffset.FromUnixTimeMilliseconds(begin));
        Assert.Equal(hours, (days.StartOf(number + 1) - begin) / 3_600_000.0);
    }

    [Theory]
    [InlineData("Europe/Berlin")]
    [InlineData("America/St_Johns")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("Asia/Kathmandu")]
    [InlineData("America/Santiago")]
    [InlineData("Pacific/Apia")]
    public void Every_instant_of_a_year_lies_in_the_day_between_its_start_and_the_next(string zone)
    {
        var days = ConsoleDays.Of(zone);
        var (at, end) = (DateTimeOffset.Parse("2026-01-01T00:00:00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds(), DateTimeOffset.Parse("2027-01-01T00:00:00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds());
        var (day, start, next) = (0L, 0L, 0L);
        for (; at < end; at += 13 * 60_000)
        {
            if (days.DayOf(at) != day) (day, start, next) = (days.DayOf(at), days.StartOf(days.DayOf(at)), days.StartOf(days.DayOf(at) + 1));
            Assert.InRange(at, start, next - 1);
            Assert.Equal(day, days.DayOf(start));
            Assert.Equal(day, days.DayOf(next - 1));
        }
    }
}
