using System.Diagnostics.Metrics;
using Afterword.Server.Storage.Sqlite;
using Afterword.Support;

namespace Afterword.Server.Tests.Telemetry;

/// <summary>SQLite's log is moved into the file when it has grown, and both are measured.</summary>
public sealed class CheckpointTests
{
    private const int Page = 1_024;
    private const int Frame = Page + 24;
    private const int Pages = 16_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_server_moves_a_log_that_has_grown_and_a_command_leaves_that_to_it(bool serves)
    {
        using var folder = TestFolder.Create("log");
        var file = Path.Combine(folder.Path, "some.db");
        using var meter = new Meter("of this test");
        var (moves, log) = (0, 0L);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == meter) listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => moves += instrument.Name == "afterword.sqlite.checkpoint" && Equals(tags[0].Value, "admissions") ? 1 : 0);
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => log = instrument.Name == "afterword.sqlite.log" ? value : log);
        await using var db = SqliteDatabase.Open(file, 10, syncEveryCommit: false, checkpoints: serves);
        db.Measure(meter, "admissions");
        listener.Start();

        await RunAsync(db, "create table filled (content blob)");
        Assert.Equal(serves, Log() is > 0 and < 100 * Frame);
        Assert.Equal(0, moves);

        await RunAsync(db, $"insert into filled (content) values (zeroblob({Pages * Page}))");
        Assert.Equal(serves ? 1 : 0, moves);
        Assert.Equal(serves, Log() > Pages * Frame);
        Assert.Equal(serves, new FileInfo(file).Length > Pages * Page);

        // The next commit begins the log anew, where all of it has been moved.
        await RunAsync(db, "insert into filled (content) values (zeroblob(1))");
        Assert.Equal(serves, Log() is > 0 and < 100 * Frame);
        Assert.Equal(serves ? 1 : 0, moves);

        long Log()
        {
            log = 0;
            listener.RecordObservableInstruments();
            return log;
        }
    }

    private static Task<int> RunAsync(SqliteDatabase db, string sql) => db.WriteAsync(session => session.Sql(sql).RunAsync(default), default);
}
