using Afterword.Server.Reports.Rollups;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Reports;

/// <summary>Metrics have the days of the console's time zone, also after it was changed.</summary>
public abstract class ZoneTests(Engine engine)
{
    [Fact]
    public async Task Requests_are_counted_on_the_day_of_the_zone()
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine, "Console:TimeZone=America/New_York");

        // 9 o'clock in the test is 4 in the morning there: 4 o'clock of the next day is still the same one.
        await fixture.AskAsync();
        await fixture.Server.AdvanceAsync(TimeSpan.FromHours(19));
        await fixture.AskAsync();
        await fixture.Server.AdvanceAsync(TimeSpan.FromHours(2));
        await fixture.AskAsync();
        Assert.Equal([(DayOf(5), 2), (DayOf(6), 1)], await DaysAsync(fixture));
        await fixture.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Another_zone_has_everything_counted_anew_when_the_server_starts()
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine, "Console:TimeZone=UTC");
        await new RandomYear(fixture, seed: 11).LiveAsync(requests: 60);
        await fixture.Server.AllIsWellAsync();
        var before = await DaysAsync(fixture);

        await fixture.Server.RestartAsync("Console:TimeZone=Pacific/Kiritimati");
        await fixture.Server.Get<RebuildRollups>().RunAsync(default);

        await fixture.Server.AllIsWellAsync();
        var after = await DaysAsync(fixture);
        Assert.NotEqual(before, after);
        Assert.Equal(before.Sum(day => day.Sent), after.Sum(day => day.Sent));
        Assert.Equal(["Pacific/Kiritimati"], await fixture.Server.Server.Store.Main.ReadAsync(
            session => session.Sql("select distinct day_zone from sender_state").ListAsync(row => row.GetString(0), default), default));
    }

    private static long DayOf(int day) => new DateOnly(2026, 1, day).DayNumber;

    private static async Task<(long Day, int Sent)[]> DaysAsync(FeedbackFixture fixture) => [.. await fixture.Server.Server.Store.Main.ReadAsync(
        session => session.Sql("select day, sum(sent) from rollup where dimension = 0 group by day having sum(sent) > 0 order by day").ListAsync(row => (row.GetInt64(0), (int)row.GetInt64(1)), default),
        default)];
}

public sealed class SqliteZoneTests() : ZoneTests(Engine.Sqlite);

public sealed class PostgresZoneTests() : ZoneTests(Engine.Postgres);
