using Afterword.Server.Storage.Postgres;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Npgsql;

namespace Afterword.Server.Tests.Backups;

/// <summary>Restores over a store of PostgreSQL, by a user who may do little.</summary>
public sealed class PostgresTargetTests
{
    [Fact]
    public async Task Who_may_make_no_schema_is_told_what_to_grant()
    {
        using var folder = TestFolder.Create("narrow");
        var backup = Path.Combine(folder.Path, "one.backup");
        var database = await PostgresCluster.Shared.NewDatabaseAsync();
        await using var owner = new NpgsqlConnection(PostgresUrl.ConnectionText(database));
        await owner.OpenAsync(TestContext.Current.CancellationToken);
        await RunAsync(owner, "create role restorer_of_tests login");
        await RunAsync(owner, "grant usage, create on schema public to restorer_of_tests");
        var place = new Uri(database);
        var shell = new CommandShell(new Dictionary<string, string?> { ["Data"] = folder.Path, ["Database"] = $"postgres://restorer_of_tests@127.0.0.1:{place.Port}{place.AbsolutePath}" });
        try
        {
            await shell.RunAsync(0, "migrate");
            await shell.RunAsync(0, "user", "add", "@ana", "--name", "Ana");
            await shell.RunAsync(0, "backup", backup);

            Assert.Contains($"grant create on database \"{place.AbsolutePath[1..]}\" to \"restorer_of_tests\"", await shell.RunAsync(1, "restore", backup, "--replace"), StringComparison.Ordinal);
            await shell.RunAsync(0, "user", "show", "@ana");

            await RunAsync(owner, $"grant create on database \"{place.AbsolutePath[1..]}\" to restorer_of_tests");
            await shell.RunAsync(0, "restore", backup, "--replace");
        }
        finally
        {
            await RunAsync(owner, "drop owned by restorer_of_tests cascade");
            await RunAsync(owner, "drop role restorer_of_tests");
            await owner.CloseAsync();
            await PostgresCluster.Shared.DropAsync(database);
        }
    }

    private static async Task RunAsync(NpgsqlConnection on, string sql)
    {
#pragma warning disable CA2100 // texts of the tests
        await using var command = new NpgsqlCommand(sql, on);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
