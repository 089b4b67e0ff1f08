using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Afterword.Server.Tests.Faults;

/// <summary>A SQLite file that cannot be read or written for a while.</summary>
public sealed class FileFaultTests
{
    private const int PageSize = 4_096;

    [Fact]
    public async Task Pages_that_cannot_be_read_are_503_with_the_reason_in_the_log_and_then_all_goes_on()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Sqlite);
        var asked = await fixture.AskAsync(more: ("include_card", "1"));
        var card = new Uri(asked.Text("card_url")).AbsolutePath;
        var file = Path.Combine(fixture.Server.Get<Settings>().Data, "afterword.db");
        await EmptyLogAsync(file);
        var pages = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);

        Overwrite(file, new byte[pages.Length - PageSize]);
        var show = (await fixture.ShowAsync(asked.Text("id"))).Is(503, 130);
        var page = await fixture.Server.SendAsync(null, HttpMethod.Get, card, null);
        Overwrite(file, pages.AsSpan(PageSize));

        Assert.Equal(["The store cannot be reached."], show.Messages);
        Assert.Equal("1", show.Headers["Retry-After"]);
        Assert.Equal("1", page.Is(503).Headers["Retry-After"]);
        Assert.Contains("<html", page.Body, StringComparison.Ordinal);
        Assert.Single(fixture.Server.Log, line => line.Contains("SQLite 11", StringComparison.Ordinal));
        Assert.DoesNotContain(fixture.Server.Log, line => line.StartsWith("Request ", StringComparison.Ordinal));
        (await fixture.ShowAsync(asked.Text("id"))).Is(200);
        await fixture.AskAsync();
    }

    [Theory]
    [InlineData(SQLitePCL.raw.SQLITE_IOERR, true)]
    [InlineData(SQLitePCL.raw.SQLITE_IOERR_READ, true)]
    [InlineData(SQLitePCL.raw.SQLITE_CORRUPT, true)]
    [InlineData(SQLitePCL.raw.SQLITE_NOTADB, true)]
    [InlineData(SQLitePCL.raw.SQLITE_READONLY, true)]
    [InlineData(SQLitePCL.raw.SQLITE_FULL, true)]
    [InlineData(SQLitePCL.raw.SQLITE_CONSTRAINT, false)]
    [InlineData(SQLitePCL.raw.SQLITE_ERROR, false)]
    [InlineData(SQLitePCL.raw.SQLITE_MISUSE, false)]
    public async Task An_error_is_the_files_or_ours(int code, bool isTheFiles)
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);

        Assert.Equal(isTheFiles, server.Server.Store.IsUnavailable(new SqliteException("said so", code)));
    }

    [Fact]
    public async Task A_reason_is_told_once_in_half_a_minute_with_how_often()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        var log = new List<string>();
        var faults = new StoreFaults(server.Server.Store, server.Server.Store.Problems, server.Clock) { Log = LoggerFactory.Create(logging => logging.AddProvider(new ListLog(log))).CreateLogger<StoreFaults>() };
        var (read, full) = (new SqliteException("disk I/O error", SQLitePCL.raw.SQLITE_IOERR), new SqliteException("database or disk is full", SQLitePCL.raw.SQLITE_FULL));

        for (var i = 0; i < 1_000; i++) Assert.True(faults.Tell(read));
        Assert.True(faults.Tell(full));
        Assert.False(faults.Tell(new FormatException()));
        Assert.Equal(2, log.Count);

        server.Clock.Advance(TimeSpan.FromSeconds(29));
        faults.TellRest();
        Assert.True(faults.Tell(read));
        Assert.Equal(2, log.Count);

        server.Clock.Advance(TimeSpan.FromSeconds(2));
        faults.TellRest();
        faults.TellRest();
        Assert.Equal(
            [
                "The store did not take or give data (SQLite 10; 1 times since the last such line): disk I/O error ",
                "The store did not take or give data (SQLite 13; 1 times since the last such line): database or disk is full ",
                "The store did not take or give data (SQLite 10; 1000 times since the last such line): disk I/O error ",
            ],
            log);
    }

    /// <summary>Why it is: PowerCutTests show it.</summary>
    [Fact]
    public async Task A_log_that_somebody_left_is_written_again_with_the_same_bytes_and_one_that_is_in_use_is_left_alone()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Sqlite);
        await fixture.AskAsync();
        var file = Path.Combine(fixture.Server.Get<Settings>().Data, "afterword.db");
        using var left = TestFolder.Create("left");
        var copy = Path.Combine(left.Path, "afterword.db");
        foreach (var end in (string[])["", "-wal"]) File.Copy(file + end, copy + end);
        var log = await File.ReadAllBytesAsync($"{copy}-wal", TestContext.Current.CancellationToken);
        foreach (var wal in (string[])[$"{file}-wal", $"{copy}-wal"]) File.SetLastWriteTimeUtc(wal, DateTime.UnixEpoch);

        SqliteLog.WriteAgain(file, wait: null);
        SqliteLog.WriteAgain(copy, wait: null);

        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc($"{file}-wal"));
        Assert.NotEqual(DateTime.UnixEpoch, File.GetLastWriteTimeUtc($"{copy}-wal"));
        Assert.NotEmpty(log);
        Assert.Equal(log, await File.ReadAllBytesAsync($"{copy}-wal", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_server_writes_a_log_again_beside_those_who_read_and_believes_none_beside_those_who_write()
    {
        using var folder = TestFolder.Create("held");
        var file = Path.Combine(folder.Path, "afterword.db");
        await using var other = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        await using (var server = SqliteDatabase.Open(file, 1, syncEveryCommit: true, checkpoints: true))
        {
            await server.WriteAsync(session => session.Sql("create table thing (id bigint not null primary key)").RunAsync(default), default);
            await other.OpenAsync(TestContext.Current.CancellationToken);
            SqliteConnections.Ask(other, "schema_version");
        }

        // Open, and reading.
        var log = await File.ReadAllBytesAsync($"{file}-wal", TestContext.Current.CancellationToken);
        Assert.NotEmpty(log);
        File.SetLastWriteTimeUtc($"{file}-wal", DateTime.UnixEpoch);
        await using var reading = other.BeginTransaction(deferred: true);
        await using var select = new SqliteCommand("select count(*) from thing", other, reading);
        await select.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        SqliteLog.WriteAgain(file, TimeSpan.Zero);
        Assert.NotEqual(DateTime.UnixEpoch, File.GetLastWriteTimeUtc($"{file}-wal"));
        Assert.Equal(log, await File.ReadAllBytesAsync($"{file}-wal", TestContext.Current.CancellationToken));

        await using var insert = new SqliteCommand("insert into thing values (1)", other, reading);
        await insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var error = Assert.Throws<InvalidOperationException>(() => SqliteLog.WriteAgain(file, TimeSpan.Zero));
        Assert.Contains($"Another program is writing to {file}", error.Message, StringComparison.Ordinal);
        SqliteLog.WriteAgain(file, wait: null);

        // One that ends in time is waited for.
        var waits = Task.Run(() => SqliteLog.WriteAgain(file, TimeSpan.FromMinutes(1)));
        await reading.RollbackAsync(TestContext.Current.CancellationToken);
        await waits;
    }

    private static async Task EmptyLogAsync(string file)
    {
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "pragma wal_checkpoint(truncate)";
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static void Overwrite(string file, ReadOnlySpan<byte> pages)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.Position = PageSize;
        stream.Write(pages);
    }
}
