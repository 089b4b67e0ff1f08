using System.Data.Common;
using Afterword.Server.Storage.Sqlite;
using Afterword.Support;
using Microsoft.Data.Sqlite;

namespace Afterword.EndToEnd.Tests.Servers;

internal sealed class SqliteStore : TestStore
{
    private readonly string _folder;

    private SqliteStore(TestFolder folder) => _folder = folder.Path;

    public override string Engine => "SQLite";

    public override (string Key, string Value) Place => ("Data", _folder);

    public override string Numbers =>
        "(with recursive number(n) as (select 1 union all select n + 1 from number where n < @count) select n from number) as numbers";

    /// <summary>A store of the present schema.</summary>
    public static async Task<SqliteStore> NewAsync() => new(await MigratedStores.FolderAsync("store"));

    /// <summary>An empty store, which the server that is killed begins.</summary>
    public static SqliteStore Empty() => new(TestFolder.Create("store"));

    /// <summary>The store in a folder, which holds its files already.</summary>
    public static SqliteStore In(TestFolder folder) => new(folder);

    public override async Task<DbConnection> ConnectAsync()
    {
        // Some tests run a server within this process. Functions bound before it chooses its library, mixed with those bound
        // after, would work on each other's memory.
        _ = SqliteEngine.Version;
        var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "afterword.db")};Pooling=False");
        await connection.OpenAsync();
        return connection;
    }

    public override async Task<TestStore> CopyAsync()
    {
        var copy = new SqliteStore(TestFolder.Create("copy"));
        await RunAsync("vacuum into @file", ("file", Path.Combine(copy._folder, "afterword.db")));
        return copy;
    }

    public override Task<IReadOnlySet<int>> SessionsAsync() => Task.FromResult<IReadOnlySet<int>>(new HashSet<int>());

    public override Task EndOfAsync(IReadOnlySet<int> sessions) => Task.CompletedTask;
}
