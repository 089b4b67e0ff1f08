using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Data.Sqlite;

namespace Afterword.Server.Tests.Backups;

/// <summary>Restores over a SQLite store: no log of one store is read with another.</summary>
public sealed class SqliteTargetTests : IAsyncLifetime
{
    private TestFolder _store = null!;
    private TestFolder _backups = null!;

    private string Db => Path.Combine(_store.Path, "afterword.db");

    private string BackupPath => Path.Combine(_backups.Path, "one.backup");

    public async ValueTask InitializeAsync()
    {
        (_store, _backups) = (await MigratedStores.FolderAsync("store"), TestFolder.Create("backups"));
        await RunAsync(0, "user", "add", "@ana", "--name", "Ana");
        await RunAsync(0, "backup", BackupPath);
    }

    [Fact]
    public async Task A_log_that_another_store_left_is_not_taken_for_the_new_ones()
    {
        File.Delete(Db);
        await File.WriteAllTextAsync($"{Db}-wal", "of another store", TestContext.Current.CancellationToken);

        Assert.Contains("is the log of another store", await RunAsync(1, "restore", BackupPath), StringComparison.Ordinal);
        Assert.False(File.Exists(Db));

        File.Delete($"{Db}-wal");
        await RunAsync(0, "restore", BackupPath);
        await RunAsync(0, "user", "show", "@ana");
    }

    [Fact]
    public async Task A_store_on_which_a_server_was_only_started_gives_way()
    {
        using var folder = TestFolder.Create("fresh");
        Dictionary<string, string?> fresh = new() { ["Data"] = folder.Path };
        await (await TestServer.StartOnAsync(new(fresh), DateTimeOffset.UnixEpoch.AddYears(56))).DisposeAsync();

        await new CommandShell(fresh).RunAsync(0, "restore", BackupPath);
        await new CommandShell(fresh).RunAsync(0, "user", "show", "@ana");
    }

    [Fact]
    public async Task A_program_that_has_the_old_store_open_stops_the_restore()
    {
        await using var other = Open();
        Run(other, "select count(*) from account");

        Assert.Contains("Another process uses", await RunAsync(1, "restore", BackupPath, "--replace"), StringComparison.Ordinal);
        await RunAsync(0, "user", "show", "@ana");
    }

    [Fact]
    public async Task A_program_that_opened_the_old_store_before_writes_no_log_beside_the_new_one()
    {
        await using var late = Open();
        Assert.Contains($"move {Db}, {Db}-wal and {Db}-shm away together", await RunAsync(0, "restore", BackupPath, "--replace"), StringComparison.Ordinal);

        // Of the file that it has open, the name has changed meanwhile.
        Assert.Throws<SqliteException>(() => Run(late, "pragma journal_mode=wal; insert into exempt (user_id, created_at) values (77, 0)"));

        await late.DisposeAsync();
        Assert.DoesNotContain("@77", await RunAsync(0, "exempt", "list"), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_store.Path, "afterword.db.pre-restore-*"));
    }

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        _backups.Dispose();
        return ValueTask.CompletedTask;
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection($"Data Source={Db};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // texts of the tests
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private Task<string> RunAsync(int exitCode, params string[] arguments) => new CommandShell(new Dictionary<string, string?> { ["Data"] = _store.Path }).RunAsync(exitCode, arguments);
}
