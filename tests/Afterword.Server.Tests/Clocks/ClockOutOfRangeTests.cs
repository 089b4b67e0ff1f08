using Afterword.Server.Cli;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Server.Tests.Clocks;

/// <summary>Times beyond what ids can say, and keys of a time to come.</summary>
public abstract class ClockOutOfRangeTests(Engine engine) : IAsyncLifetime
{
    private readonly TestFolder _folder = TestFolder.Create("range");
    private Settings _settings = null!;

    public async ValueTask InitializeAsync() =>
        _settings = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(await engine.MigratedStoreAsync(_folder)).Build()).Settings!;

    [Fact]
    public async Task No_id_is_made_of_a_time_after_2080_and_none_is_negative()
    {
        var clock = new ManualClock("2080-07-10T17:30:30Z");
        await using var store = await Store.OpenAsync(_settings, clock, default);
        var lease = await store.LeaseAsync(clock, default);
        Assert.True(store.Ids.Next() > 0);

        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Contains("from 2010-11-04 to 2080-07-10", Assert.Throws<HeldException>(() => store.Ids.Next()).Message, StringComparison.Ordinal);
        Assert.True(store.Main.IsUnavailable(new HeldException("")));
        await lease.DisposeAsync();
    }

    [Fact]
    public async Task Operators_hear_that_there_are_no_ids_until_there_are()
    {
        var clock = new ManualClock("2080-07-10T17:30:30Z");
        await using var store = await Store.OpenAsync(_settings, clock, default);
        await store.LeaseAsync(clock, default);
        using var watch = new StoreMonitor(store, new SteadyClock(clock, () => TimeSpan.Zero), NullLogger<StoreMonitor>.Instance);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True(store.Faults.Tell(Assert.Throws<HeldException>(() => store.Ids.Next())));

        watch.Tell();
        Assert.True(store.Problems.Holds(ProblemCause.ClockRefused));
        Assert.Contains("from 2010-11-04 to 2080-07-10", watch.HoldOrNoIds!.Because, StringComparison.Ordinal);
        Assert.Null(watch.Hold);

        clock.AdjustTime(clock.GetUtcNow() - TimeSpan.FromMinutes(1));
        watch.Tell();
        Assert.False(store.Problems.Holds(ProblemCause.ClockRefused));
        Assert.Null(watch.HoldOrNoIds);
    }

    [Theory]
    [InlineData("2080-07-11T00:00:00Z")]
    [InlineData("1970-01-01T00:00:10Z")]
    public async Task A_process_does_not_start_at_a_time_of_which_there_are_no_ids(string now)
    {
        var clock = new ManualClock(now);
        await using var store = await Store.OpenAsync(_settings, clock, default);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => store.LeaseAsync(clock, default));

        Assert.Contains($"clock says {now[..10]}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_number_of_which_ids_of_the_future_were_made_rests_until_then()
    {
        var clock = new ManualClock("2027-01-05T09:00:00Z");
        long wrong;
        await using (var ahead = await Store.OpenAsync(_settings, clock, default))
        {
            await ahead.LeaseAsync(clock, default);
            wrong = ahead.Ids.Next();
        }

        clock.AdjustTime(new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero));
        await using var store = await Store.OpenAsync(_settings, clock, default);
        await store.LeaseAsync(clock, default);
        Assert.True(store.Ids.Next() < wrong);
        Assert.Equal(Snowflakes.FirstOf(clock.GetUtcNow()) >> 22, store.Ids.Next() >> 22);
    }

    [Fact]
    public async Task A_key_that_a_wrong_clock_made_for_ten_years_on_does_not_keep_the_store_from_one_of_today()
    {
        var now = Secrets.Clock.GetUtcNow();
        await using (var store = await Store.OpenAsync(_settings, TimeProvider.System, default))
        {
            await RunAsync(store, "delete from key_ring");
            KeysOf(store).CreateNewKey(now.AddYears(10), now.AddYears(10).AddDays(90));
            await RunAsync(store, FormattableString.Invariant($"update key_ring set created_at = {now.AddYears(10).ToUnixTimeMilliseconds()}"));
        }

        await using var again = await Store.OpenAsync(_settings, TimeProvider.System, default);

        Assert.Single(KeysOf(again).GetAllKeys(), key => key.ActivationDate <= now.AddMinutes(5) && key.ExpirationDate > now);
        Assert.Equal([1, 2, 3], again.Secrets.Unprotect(again.Secrets.Protect([1, 2, 3])));
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private static IKeyManager KeysOf(Store store)
    {
        var services = new ServiceCollection();
        Secrets.AddKeyRing(services, store.Main, null);
        return services.BuildServiceProvider().GetRequiredService<IKeyManager>();
    }

    private static Task<int> RunAsync(Store store, string sql) => store.Main.WriteAsync(session => session.Sql(sql).RunAsync(default), default);
}

public sealed class SqliteClockOutOfRangeTests() : ClockOutOfRangeTests(Engine.Sqlite)
{
    [Fact]
    public async Task A_start_on_a_full_disk_says_that_the_disk_is_full()
    {
        using var folder = TestFolder.Create("full");
        var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Data", folder.Path)]).Build());

        var error = await Assert.ThrowsAsync<CommandException>(() => OpenedStore.ExplainAsync<int>(settings!, () => throw FullDisk()));

        Assert.Contains($"The disk of {folder.Path} is full: make room on it.", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("--data", error.Message, StringComparison.Ordinal);
    }

    /// <summary>What SQLite says when a file cannot grow.</summary>
    private static SqliteException FullDisk()
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "pragma max_page_count=2";
        command.ExecuteScalar();
        command.CommandText = "create table t (a)";
        command.ExecuteNonQuery();
        command.CommandText = "insert into t values (zeroblob(100000))";
        return Assert.Throws<SqliteException>(() => command.ExecuteNonQuery());
    }
}

public sealed class PostgresClockOutOfRangeTests() : ClockOutOfRangeTests(Engine.Postgres);
