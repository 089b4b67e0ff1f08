using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Afterword.Server.Access.Console;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Afterword.Server.Tests.World;
using Afterword.Support;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Afterword.Server.Tests.Faults;

/// <summary>What is wrong has one name: in the log, in the metrics and on the page Health.</summary>
/// <remarks>A cause that a look sees, such as a clock that is wrong, is shown by the tests of what it is about.</remarks>
public sealed partial class CauseTests
{
    [Fact]
    public async Task Each_cause_that_an_error_tells_is_in_log_metric_and_page_until_it_is_over()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        var browser = await server.SeatAsync(Role.Operator);
        var errors = new (Cause Cause, Exception Error)[]
        {
            (Cause.DiskFull, new SqliteException("full", SQLitePCL.raw.SQLITE_FULL)),
            (Cause.ReadOnly, new SqliteException("read only", SQLitePCL.raw.SQLITE_READONLY)),
            (Cause.IoError, new SqliteException("damaged", SQLitePCL.raw.SQLITE_CORRUPT)),
            (Cause.Unreachable, new SqliteException("not opened", SQLitePCL.raw.SQLITE_CANTOPEN)),
            (Cause.NoAnswer, new SqliteException("locked", SQLitePCL.raw.SQLITE_BUSY)),
            (Cause.OutcomeUnknown, new OutcomeUnknownException("broken off")),
            (Cause.OverCapacity, new OverloadedException()),
        };
        Assert.Equal(Causes.All.Select(cause => (cause.Name, 0)), server.Measure().Select(pair => (pair.Key, pair.Value)));

        foreach (var (cause, error) in errors)
        {
            Assert.True(server.Server.Store.Faults.Tell(error));
            await server.ShowsAsync(browser, cause);
        }

        server.Clock.Advance(TimeSpan.FromSeconds(11));
        await server.Get<TroubleWatch>().LookAsync(tries: false, default);

        var page = (await browser.GetAsync("/console/admin/health")).Is(200).Html;
        Assert.Contains("The store is read and written.", page, StringComparison.Ordinal);
        Assert.All(server.Measure().Values, value => Assert.Equal(0, value));
        foreach (var (cause, _) in errors)
        {
            Assert.Contains($"09:00 UTC to 09:00 UTC: {cause.Title}", page, StringComparison.Ordinal);
            Assert.Single(server.Lines($"Trouble {cause.Name} is over, after 11 s; it was met 1 times."));
        }
    }

    [Fact]
    public async Task How_often_a_cause_is_met_is_counted()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        var counted = new Dictionary<string, long>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == server.Server.Store.Troubles.Meter && instrument.Name == "afterword.trouble.met") listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => counted[(string)tags[0].Value!] = counted.GetValueOrDefault((string)tags[0].Value!) + value);
        listener.Start();

        for (var i = 0; i < 3; i++) server.Server.Store.Faults.Tell(new OverloadedException());

        Assert.Equal(3, Assert.Single(counted, pair => pair.Key == "over_capacity").Value);
        Assert.Single(server.Lines("Trouble over_capacity:"));
    }

    [Theory]
    [InlineData("53100", Cause.DiskFull)]
    [InlineData("25006", Cause.ReadOnly)]
    [InlineData("58030", Cause.IoError)]
    [InlineData("XX001", Cause.IoError)]
    [InlineData("57014", Cause.NoAnswer)]
    [InlineData("53300", Cause.Unreachable)]
    [InlineData("28000", Cause.Unreachable)]
    [InlineData("57P01", Cause.Unreachable)]
    public void An_error_of_PostgreSQL_has_its_cause(string state, Cause cause) => Assert.Equal(cause, Causes.Of(new PostgresException("said so", "ERROR", "ERROR", state)));

    [Fact]
    public void Errors_of_other_kinds_have_theirs()
    {
        Assert.Equal(Cause.NoAnswer, Causes.Of(new NpgsqlException("slow", new TimeoutException())));
        Assert.Equal(Cause.NoAnswer, Causes.Of(PostgresFaults.Named(new TimeoutException())));
        Assert.Equal(Cause.Unreachable, Causes.Of(new NpgsqlException("broken", new IOException())));
        Assert.Equal(Cause.NotDurable, Causes.Of(new NotDurableException("off", "on")));
        Assert.Equal(Cause.NewerSchema, Causes.Of(new HeldException("newer", Cause.NewerSchema)));

        // The file that readers and the writer share could not grow.
        Assert.Equal(Cause.DiskFull, Causes.Of(new SqliteException("no room", SQLitePCL.raw.SQLITE_IOERR, SQLitePCL.raw.SQLITE_IOERR_SHMSIZE)));
    }

    [Fact]
    public void Operators_find_each_cause_in_their_page()
    {
        var listed = Listed().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "operating.md"))).Select(row => row.Groups["name"].Value);

        Assert.Equal(Causes.All.Select(cause => cause.Name), listed);
        foreach (var cause in Causes.All) Assert.False(string.IsNullOrEmpty(cause.Title) || string.IsNullOrEmpty(cause.Advice));
    }

    [GeneratedRegex(@"^\| `(?<name>[a-z_]+)` \| \*\*", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Listed();
}
