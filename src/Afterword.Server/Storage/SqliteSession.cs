using System.Data.Common;
using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Afterword.Server.Storage;

/// <summary>A session on one SQLite connection. Statements are prepared once per connection and kept.</summary>
/// <remarks>The provider runs synchronously: every task given out here has ended when it is given out.</remarks>
internal sealed class SqliteSession(SqliteConnection connection) : Session, IDisposable
{
    private readonly Dictionary<string, SqliteCommand> _commands = [];
    private readonly Dictionary<string, sqlite3_stmt> _loops = [];

    public SqliteConnection Connection => connection;

    public override Statement Sql(string sql) => new(Command(sql), kept: true);

    public override async Task EachAsync(string sql, Rows rows, Action<DbDataReader> read, CancellationToken stop)
    {
        var command = Command(Expand(sql, rows));
        for (var i = 0; i < rows.Count; i++)
        {
            foreach (var (name, values) in rows.Columns)
            {
                var value = values.GetValue(i) ?? DBNull.Value;
                if (command.Parameters.Contains(name)) command.Parameters[name].Value = value;
                else command.Parameters.Add(new SqliteParameter(name, value));
            }

            await using var row = await command.ExecuteReaderAsync(stop);
            while (await row.ReadAsync(stop)) read(row);
        }
    }

    public override void Then(string sql, Rows rows)
    {
        if (rows.Count == 0) return;

        // Straight to the library: half the time of a command (2.5 against 5.3 microseconds for a row of eleven columns).
        var statement = Loop(Expand(sql, rows));
        for (var i = 0; i < rows.Count; i++)
        {
            for (var c = 0; c < rows.Columns.Count; c++) Bind(statement, c + 1, rows.Columns[c].Values, i);

            var result = raw.sqlite3_step(statement);
            raw.sqlite3_reset(statement);
            SqliteException.ThrowExceptionForRC(result is raw.SQLITE_DONE or raw.SQLITE_ROW ? raw.SQLITE_OK : result, connection.Handle);
        }
    }

    /// <summary>Runs a word of transaction control.</summary>
    public void Control(string sql)
    {
        var statement = Loop(sql);
        var result = raw.sqlite3_step(statement);
        raw.sqlite3_reset(statement);
        SqliteException.ThrowExceptionForRC(result == raw.SQLITE_DONE ? raw.SQLITE_OK : result, connection.Handle);
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values) command.Dispose();
        foreach (var statement in _loops.Values) statement.Dispose();
        connection.Dispose();
    }

    private SqliteCommand Command(string sql)
    {
        if (_commands.TryGetValue(sql, out var command)) return command;

        command = connection.CreateCommand();
#pragma warning disable CA2100 // every text that gets here is a constant of a feature folder
        command.CommandText = sql;
#pragma warning restore CA2100
        return _commands[sql] = command;
    }

    private sqlite3_stmt Loop(string sql)
    {
        if (_loops.TryGetValue(sql, out var statement)) return statement;

        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(connection.Handle, sql, out statement), connection.Handle);
        return _loops[sql] = statement;
    }

    // Parameters are named in the order of the columns, so the n-th column is parameter n.
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, string> s_expanded = new();

    private static string Expand(string sql, Rows rows) => s_expanded.GetOrAdd(sql, static (sql, rows) =>
    {
        var table = new StringBuilder("(select ");
        for (var i = 0; i < rows.Columns.Count; i++)
        {
            table.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ", ")}@{rows.Columns[i].Name} as {rows.Columns[i].Name}");
        }

        return sql.Replace("{rows}", table.Append(") as item").ToString(), StringComparison.Ordinal);
    }, rows);

    private static void Bind(sqlite3_stmt statement, int parameter, Array values, int row)
    {
        switch (values)
        {
            case long[] numbers: raw.sqlite3_bind_int64(statement, parameter, numbers[row]); break;
            case long?[] numbers when numbers[row] is { } number: raw.sqlite3_bind_int64(statement, parameter, number); break;
            case string?[] texts when texts[row] is { } text: raw.sqlite3_bind_text(statement, parameter, text); break;
            case byte[]?[] blobs when blobs[row] is { } blob: raw.sqlite3_bind_blob(statement, parameter, blob); break;
            default: raw.sqlite3_bind_null(statement, parameter); break;
        }
    }
}
