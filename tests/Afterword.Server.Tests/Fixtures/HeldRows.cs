using Afterword.Server.Configuration;
using Afterword.Server.Storage.Postgres;
using Npgsql;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>Rows that a transaction of the test holds, so that transactions of the server meet at the moment that the test is about.</summary>
/// <remarks>On SQLite one transaction writes at a time: nothing is held, and each has its turn.</remarks>
internal sealed class HeldRows : IAsyncDisposable
{
    private readonly NpgsqlConnection? _connection;

    private HeldRows(NpgsqlConnection? connection) => _connection = connection;

    /// <param name="server">Whose store.</param>
    /// <param name="sql">Takes the locks.</param>
    public static async Task<HeldRows> TakeAsync(TestServer server, string sql)
    {
        if (server.Get<Settings>().Database is not { } url) return new(null);

        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(PostgresUrl.ConnectionText(url)) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        var held = new HeldRows(connection);
        await held.AskAsync("begin");
        await held.AskAsync(sql);
        return held;
    }

    /// <summary>Waits until each of the tasks has ended, or waits for a lock.</summary>
    public async Task UntilBlockedAsync(params Task[] tasks)
    {
        if (_connection is null) return;

        while (await AskAsync("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") is long waiting
            && waiting < tasks.Count(task => !task.IsCompleted)) await Task.Delay(5, TestContext.Current.CancellationToken);
    }

    /// <summary>Ends the transaction of the test, and undoes what it did.</summary>
    public async Task LetGoAsync()
    {
        if (_connection is not null) await AskAsync("rollback");
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null) await _connection.DisposeAsync();
    }

    private async Task<object?> AskAsync(string sql)
    {
        await using var command = _connection!.CreateCommand();
#pragma warning disable CA2100 // statements of the tests
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }
}
