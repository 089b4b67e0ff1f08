using System.Collections.Concurrent;
using Afterword.Server.Configuration;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>When failed deliveries are repeated.</summary>
public sealed class ScheduleTests
{
    private static readonly double[] s_waits = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

    [Theory]
    [InlineData(0.0, 0.8)]
    [InlineData(0.5, 1.0)]
    [InlineData(0.999999, 1.2)]
    public void The_waits_are_the_documented_ones_give_or_take_a_fifth(double chance, double factor)
    {
        var schedule = new RetrySchedule(Defaults().Webhooks.RetrySchedule, () => chance);

        for (var failures = 1; failures <= s_waits.Length; failures++)
        {
            Assert.Equal(s_waits[failures - 1] * factor, schedule.DelayAfter(failures, null)!.Value.TotalSeconds, 0.2);
        }

        Assert.Null(schedule.DelayAfter(10, null));
        Assert.Null(schedule.DelayAfter(10, TimeSpan.FromHours(1)));
    }

    [Fact]
    public void What_an_endpoint_asks_for_lengthens_a_wait_and_never_shortens_it()
    {
        var schedule = new RetrySchedule(Defaults().Webhooks.RetrySchedule, () => 0.5);

        Assert.Equal(TimeSpan.FromMinutes(7), schedule.DelayAfter(1, TimeSpan.FromMinutes(7)));
        Assert.Equal(TimeSpan.FromMinutes(5), schedule.DelayAfter(2, TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromDays(1), schedule.DelayAfter(1, TimeSpan.FromDays(300)));
    }

    private static Settings Defaults()
    {
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().Build());
        Assert.Empty(errors);
        return settings!;
    }
}

/// <summary>Ten days of many endpoints, in seconds.</summary>
public abstract class VirtualDaysTests(Engine engine)
{
    private static readonly int s_endpoints = LongForm.Or(200, 1_000);

    [Fact]
    public async Task Endpoints_live_through_ten_days_by_the_schedule()
    {
        var attempts = new ConcurrentDictionary<string, ConcurrentQueue<long>>();
        WebhookFixture fixture = null!;
        await using var endpoints = await Receiver.StartAsync((http, got) =>
        {
            attempts.GetOrAdd(got.Path, _ => []).Enqueue(fixture.Clock.GetUtcNow().ToUnixTimeMilliseconds());

            // A fifth each: always well, dead for good, away for an hour, away for a day, gone.
            var number = int.Parse(got.Path.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
            var passed = fixture.Clock.GetUtcNow() - DateTimeOffset.Parse("2026-01-05T09:00:00Z", System.Globalization.CultureInfo.InvariantCulture);
            http.Response.StatusCode = (number % 5) switch
            {
                0 => 204,
                1 => 500,
                2 => passed < TimeSpan.FromHours(1) ? 503 : 200,
                3 => passed < TimeSpan.FromDays(1) ? 502 : 202,
                _ => 410,
            };
            return Task.CompletedTask;
        });
        fixture = await WebhookFixture.StartAsync(engine, "Webhooks:PollEvery=00:01:00");
        await using var over = fixture;
        for (var i = 0; i < s_endpoints; i++) await fixture.AddAsync(endpoints, $"/{i}");
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        var end = fixture.Clock.GetUtcNow() + TimeSpan.FromDays(10);
        while (await NextDueAsync(fixture) is { } due && due <= end) await fixture.AdvanceAsync(due - fixture.Clock.GetUtcNow());

        for (var i = 0; i < s_endpoints; i++)
        {
            var times = attempts[$"/{i}"].ToArray();
            var expected = (i % 5) switch { 0 or 4 => 1, 1 => 10, _ => times.Length };
            Assert.Equal(expected, times.Length);
            for (var n = 1; n < times.Length; n++) Assert.InRange((times[n] - times[n - 1]) / 1000.0, (s_waits[n - 1] * 0.8) - 0.1, (s_waits[n - 1] * 1.2) + 90);
        }

        Assert.Equal(s_endpoints / 5 * 3, await fixture.CountAsync("state = 1"));
        Assert.Equal(s_endpoints / 5, await fixture.CountAsync("state = 2 and attempts = 10"));
        Assert.Equal(s_endpoints / 5, await fixture.CountAsync("state = 0"));
        Assert.Equal(s_endpoints / 5, await fixture.Server.CountAsync("webhook", "disabled_at is not null"));

        // Those that failed together have spread.
        Assert.True(attempts.Where(pair => pair.Value.Count == 10).Select(pair => pair.Value.ElementAt(4)).Distinct().Count() > 20);
    }

    private static readonly double[] s_waits = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

    // A minute's worth at once: a step for each of nine thousand would be a look at the store for each.
    private static async Task<DateTimeOffset?> NextDueAsync(WebhookFixture fixture)
    {
        var due = await fixture.Server.Server.Store.Main.ReadAsync(
            session => session.Sql(
                """
                select min(d.due_at) from delivery d join webhook w on w.sender_id = d.sender_id and w.id = d.endpoint_id
                where d.state = 0 and w.disabled_at is null
                """).FirstAsync(row => row.LongOrNull(0), default), default);
        return due is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at).AddSeconds(60) : null;
    }
}

public sealed class SqliteVirtualDaysTests() : VirtualDaysTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresVirtualDaysTests() : VirtualDaysTests(Engine.Postgres);
