using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;
using Afterword.Support;
using Microsoft.Data.Sqlite;

namespace Afterword.Server.Tests.Faults;

/// <summary>The one writer of a SQLite file, while another program keeps the file locked or the file gives errors.</summary>
public sealed class LockedFileTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create("locked");

    private string File => Path.Combine(_folder.Path, "one.db");

    [Fact]
    public async Task While_another_program_keeps_the_lock_few_wait_and_what_comes_next_is_refused_at_once()
    {
        await using var db = Open(TimeSpan.FromMilliseconds(50));
        var group = db.Group<int, int>(_ => 0, (_, all) => Task.FromResult(all.ToArray()));
        Assert.Equal(1, await group.RunAsync(1));
        await using var other = await OtherAsync();
        await RunAsync(other, "begin immediate");

        var waits = group.RunAsync(2);
        await UntilAsync(() => db.StalledBy == ProblemCause.NoAnswer);
        Assert.Equal(ProblemCause.NoAnswer, (await Assert.ThrowsAsync<StoreUnavailableException>(() => group.RunAsync(3))).Cause);
        Assert.Equal(SQLitePCL.raw.SQLITE_BUSY, (await Assert.ThrowsAsync<SqliteException>(() => waits)).SqliteErrorCode);

        // Nobody else is let in to find out that it goes on.
        Assert.Equal(ProblemCause.NoAnswer, db.StalledBy);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => group.RunAsync(4));

        await RunAsync(other, "rollback");
        await UntilAsync(() => db.StalledBy is null);
        Assert.Equal(5, await group.RunAsync(5));
    }

    [Theory]
    [InlineData(SQLitePCL.raw.SQLITE_BUSY)]
    [InlineData(SQLitePCL.raw.SQLITE_LOCKED)]
    [InlineData(SQLitePCL.raw.SQLITE_IOERR)]
    [InlineData(SQLitePCL.raw.SQLITE_CANTOPEN)]
    [InlineData(SQLitePCL.raw.SQLITE_FULL)]
    [InlineData(SQLitePCL.raw.SQLITE_READONLY)]
    [InlineData(SQLitePCL.raw.SQLITE_CORRUPT)]
    public async Task A_batch_that_meets_a_fault_of_the_file_is_refused_as_one(int code) =>
        Assert.Equal([6], await BatchesAsync(_ => throw new SqliteException("said so", code)));

    /// <summary>It may be stored: a second try would store it twice.</summary>
    [Fact]
    public async Task A_batch_of_which_nobody_knows_what_became_of_it_is_not_tried_again() =>
        Assert.Equal([6], await BatchesAsync(_ => throw new OutcomeUnknownException("The disk did not confirm a commit.")));

    [Fact]
    public async Task A_fault_of_the_file_that_comes_while_a_batch_is_tried_one_by_one_is_met_once() => Assert.Equal(
        [6, 1, 1], await BatchesAsync(n => throw new SqliteException("said so", n < 2 ? SQLitePCL.raw.SQLITE_CONSTRAINT : SQLitePCL.raw.SQLITE_BUSY)));

    public void Dispose() => _folder.Dispose();

    /// <summary>Gives the sizes of the batches in which six writes that wait together are tried; each of them fails.</summary>
    /// <param name="fail">Throws, at the n-th batch.</param>
    private async Task<List<int>> BatchesAsync(Action<int> fail)
    {
        await using var db = Open(null);
        using var begun = new SemaphoreSlim(0);
        using var letGo = new ManualResetEventSlim();
        var batches = new List<int>();
        var group = db.Group<int, int>(_ => 0, (_, all) =>
        {
            if (all[0] > 0)
            {
                batches.Add(all.Count);
                fail(batches.Count - 1);
            }

            begun.Release();
            letGo.Wait();
            return Task.FromResult(all.ToArray());
        });
        var first = group.RunAsync(0);
        await begun.WaitAsync(TestContext.Current.CancellationToken);
        var writes = Enumerable.Range(1, 6).Select(group.RunAsync).ToArray();
        letGo.Set();
        await first;

        foreach (var write in writes) Assert.True(db.IsUnavailable((await Record.ExceptionAsync(() => write))!) || batches.Count > 1);
        return batches;
    }

    private SqliteDatabase Open(TimeSpan? patience) => SqliteDatabase.Open(File, 100, syncEveryCommit: false, checkpoints: true, patience);

    private async Task<SqliteConnection> OtherAsync()
    {
        var other = new SqliteConnection($"Data Source={File};Pooling=False");
        await other.OpenAsync(TestContext.Current.CancellationToken);
        return other;
    }

    private static async Task RunAsync(SqliteConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // constants of this class
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds()) await Task.Delay(5, TestContext.Current.CancellationToken);
    }
}
