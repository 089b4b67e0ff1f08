using System.Data.Common;
using Afterword.Support;
using Npgsql;

namespace Afterword.EndToEnd.Tests.Servers;

internal sealed class PostgresStore : TestStore
{
    private const int Polls = 3_000;

    private readonly string _url;

    private PostgresStore(string url) => _url = url;

    public override string Engine => "PostgreSQL";

    public override (string Key, string Value) Place => ("Database", _url);

    public override string Numbers => "generate_series(1, @count) as numbers(n)";

    /// <summary>A store of the present schema.</summary>
    public static async Task<PostgresStore> NewAsync() => new(await MigratedStores.DatabaseAsync());

    /// <summary>A database with nothing in it, for tests that begin with the migrations.</summary>
    public static async Task<PostgresStore> EmptyAsync() => new(await PostgresCluster.Shared.NewDatabaseAsync());

    public override async Task<DbConnection> ConnectAsync()
    {
        var url = new Uri(_url);
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder
        {
            Host = url.Host, Port = url.Port, Username = url.UserInfo, Database = url.AbsolutePath[1..], ApplicationName = "test", Pooling = false,
        }.ToString());
        await connection.OpenAsync();
        return connection;
    }

    public override async Task<TestStore> CopyAsync()
    {
        await EndOfAsync(await SessionsAsync());
        return new PostgresStore(await PostgresCluster.Shared.CopyOfAsync(_url));
    }

    public override async Task<IReadOnlySet<int>> SessionsAsync() => await ListAsync();

    public override async Task EndOfAsync(IReadOnlySet<int> sessions)
    {
        for (var poll = 0; poll < Polls; poll++)
        {
            if (!(await ListAsync()).Overlaps(sessions)) return;
            await Task.Delay(10);
        }

        Assert.Fail("Sessions of a server that was killed are still there.");
    }

    private async Task<HashSet<int>> ListAsync()
    {
        await using var connection = await ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
        await using var row = await command.ExecuteReaderAsync();
        var found = new HashSet<int>();
        while (await row.ReadAsync()) found.Add(row.GetInt32(0));
        return found;
    }
}
