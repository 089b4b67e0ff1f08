using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Afterword.Server.Storage.Sqlite;

/// <summary>A session on one SQLite connection. Statements are prepared once per connection and kept.</summary>
/// <remarks>The engine runs synchronously: every task given out here has ended when it is given out.</remarks>
internal sealed partial class SqliteSession(SqliteConnection connection) : Session, IDisposable
{
    private static readonly ConcurrentDictionary<string, string> s_expanded = new();

    private readonly Dictionary<string, SqliteStatement> _statements = [];

    public SqliteConnection Connection => connection;

    public override Statement Sql(string sql) => Prepared(sql);

    public override Task EachAsync(IReadOnlyList<Lookup> lookups, CancellationToken stop)
    {
        foreach (var (sql, rows, read) in lookups) Loop(sql, rows, read);
        return Task.CompletedTask;
    }

    public override void Then(string sql, Rows rows) => Loop(sql, rows, null);

    // One transaction writes at a time: nobody waits for its rows.
    public override Task LastAsync(long key, Func<Task> act) => act();

    public void Begin() => Prepared("begin immediate").Run(null);

    public void Commit()
    {
        Prepared("commit").Run(null);
        End(committed: true);
    }

    public void RollBack()
    {
        End(committed: false);

        // After a full disk or a read error the engine has often rolled back by itself (https://sqlite.org/lang_transaction.html).
        if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0) Prepared("rollback").Run(null);
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values) statement.Dispose();

        // Closed twice, a statement would free its memory twice and end the process.
        _statements.Clear();
        connection.Dispose();
    }

    private void Loop(string sql, Rows rows, Action<Row>? read)
    {
        if (rows.Count == 0) return;

        var statement = Prepared(Expand(sql, rows));
        for (var i = 0; i < rows.Count; i++)
        {
            statement.Bind(rows, i);
            statement.Run(read);
        }
    }

    private SqliteStatement Prepared(string sql)
    {
        if (_statements.TryGetValue(sql, out var statement)) return statement;

        return _statements[sql] = new SqliteStatement(connection, sql);
    }

    private static string Expand(string sql, Rows rows) => s_expanded.GetOrAdd(sql, static (sql, rows) =>
    {
        // Rows are run one at a time: there is nothing to sort, but the engine would open a sorter for each. The transaction itself is the lock.
        sql = RowLocks.Replace(OrderOfLocks.Replace(sql, ""), "");
        return Updates.IsMatch(sql) && NamesAll(sql, rows) ? WithoutTable(sql, rows) : WithTable(sql, rows);
    }, rows);

    // Each column is bound, so the statement must have a place for each.
    private static bool NamesAll(string sql, Rows rows) =>
        ItemColumn.Matches(sql).Select(column => column.Groups["name"].Value).ToHashSet().SetEquals(rows.Columns.Select(column => column.Name));

    // The engine copies what an update is made from into a temporary table first, for each row anew. Its values can stand in the statement itself.
    private static string WithoutTable(string sql, Rows rows)
    {
        var places = rows.Columns.Select((column, i) => (column.Name, Place: $"?{(i + 1).ToString(CultureInfo.InvariantCulture)}")).ToDictionary();
        return ItemColumn.Replace(sql.Replace("from {rows}", "", StringComparison.Ordinal), column => places[column.Groups["name"].Value]);
    }

    // Parameters are numbered by their first appearance, and the input table comes with all of them in the order of its columns.
    private static string WithTable(string sql, Rows rows)
    {
        var table = new StringBuilder("(select ");
        for (var i = 0; i < rows.Columns.Count; i++)
        {
            table.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : ", ")}?{i + 1} as {rows.Columns[i].Name}");
        }

        return sql.Replace("{rows}", table.Append(") as item").ToString(), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"order by [\w, ]+(?=\s+on conflict)", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex OrderOfLocks { get; }

    [GeneratedRegex(@"\s+order by [\w., ]+ for update of \w+\s*\z", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex RowLocks { get; }

    [GeneratedRegex(@"^update\b[^{]+from \{rows\}\s+where\b", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Updates { get; }

    [GeneratedRegex(@"\bitem\.(?<name>\w+)", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex ItemColumn { get; }
}
