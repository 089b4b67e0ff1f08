using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Postgres;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Afterword.Server.Tests.Faults;

/// <summary>What is wrong has one name: in the log, in the metrics and on the page Health.</summary>
/// <remarks>A cause that a look sees, such as a clock that is wrong, is shown by the tests of what it is about.</remarks>
public sealed partial class ProblemCauseTests
{
    [Fact]
    public async Task Each_cause_that_an_error_tells_is_in_log_metric_and_page_until_it_is_over()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        var browser = await server.MembershipAsync(Role.Operator);
        var errors = new (ProblemCause Cause, Exception Error)[]
        {
            (ProblemCause.DiskFull, new SqliteException("full", SQLitePCL.raw.SQLITE_FULL)),
            (ProblemCause.ReadOnly, new SqliteException("read only", SQLitePCL.raw.SQLITE_READONLY)),
            (ProblemCause.IoError, new SqliteException("damaged", SQLitePCL.raw.SQLITE_CORRUPT)),
            (ProblemCause.Unreachable, new SqliteException("not opened", SQLitePCL.raw.SQLITE_CANTOPEN)),
            (ProblemCause.NoAnswer, new SqliteException("locked", SQLitePCL.raw.SQLITE_BUSY)),
            (ProblemCause.OutcomeUnknown, new OutcomeUnknownException("broken off")),
            (ProblemCause.OverCapacity, new OverloadedException()),
        };
        Assert.Equal(ProblemCauses.All.Select(cause => (cause.Name, 0)), server.Measure().Select(pair => (pair.Key, pair.Value)));

        foreach (var (cause, error) in errors)
        {
            Assert.True(server.Server.Store.Faults.Tell(error));
            await server.ShowsAsync(browser, cause);
        }

        server.Clock.Advance(TimeSpan.FromSeconds(11));
        await server.Get<ProblemMonitor>().LookAsync(tries: false, default);

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
                if (instrument.Meter == server.Server.Store.Problems.Meter && instrument.Name == "afterword.trouble.met") listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => counted[(string)tags[0].Value!] = counted.GetValueOrDefault((string)tags[0].Value!) + value);
        listener.Start();

        for (var i = 0; i < 3; i++) server.Server.Store.Faults.Tell(new OverloadedException());

        Assert.Equal(3, Assert.Single(counted, pair => pair.Key == "over_capacity").Value);
        Assert.Single(server.Lines("Trouble over_capacity:"));
    }

    [Theory]
    [InlineData("53100", ProblemCause.DiskFull)]
    [InlineData("25006", ProblemCause.ReadOnly)]
    [InlineData("58030", ProblemCause.IoError)]
    [InlineData("XX001", ProblemCause.IoError)]
    [InlineData("57014", ProblemCause.NoAnswer)]
    [InlineData("53300", ProblemCause.Unreachable)]
    [InlineData("28000", ProblemCause.Unreachable)]
    [InlineData("57P01", ProblemCause.Unreachable)]
    public void An_error_of_PostgreSQL_has_its_cause(string state, ProblemCause cause) => Assert.Equal(cause, ProblemCauses.Of(new PostgresException("said so", "ERROR", "ERROR", state)));

    [Fact]
    public void Errors_of_other_kinds_have_theirs()
    {
        Assert.Equal(ProblemCause.NoAnswer, ProblemCauses.Of(new NpgsqlException("slow", new TimeoutException())));
        Assert.Equal(ProblemCause.NoAnswer, ProblemCauses.Of(PostgresFaults.Named(new TimeoutException())));
        Assert.Equal(ProblemCause.Unreachable, ProblemCauses.Of(new NpgsqlException("broken", new IOException())));
        Assert.Equal(ProblemCause.NotDurable, ProblemCauses.Of(new NotDurableException("off", "on")));
        Assert.Equal(ProblemCause.NewerSchema, ProblemCauses.Of(new HeldException("newer", ProblemCause.NewerSchema)));

        // The file that readers and the writer share could not grow.
        Assert.Equal(ProblemCause.DiskFull, ProblemCauses.Of(new SqliteException("no room", SQLitePCL.raw.SQLITE_IOERR, SQLitePCL.raw.SQLITE_IOERR_SHMSIZE)));
    }

    [Fact]
    public void Operators_find_each_cause_in_their_page()
    {
        var listed = Listed().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "operating.md"))).Select(row => row.Groups["name"].Value);

        Assert.Equal(ProblemCauses.All.Select(cause => cause.Name), listed);
        foreach (var cause in ProblemCauses.All) Assert.False(string.IsNullOrEmpty(cause.Title) || string.IsNullOrEmpty(cause.Advice));
    }

    [GeneratedRegex(@"^\| `(?<name>[a-z_]+)` \| \*\*", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Listed();
}
