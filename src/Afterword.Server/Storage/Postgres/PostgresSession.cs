using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Afterword.Server.Storage.Postgres;

/// <summary>A session on one PostgreSQL connection; inside a transaction when its database began one.</summary>
/// <param name="connection">Used by nobody else meanwhile.</param>
/// <param name="isPatient">Whether statements may take as long as they like.</param>
internal sealed class PostgresSession(NpgsqlConnection connection, bool isPatient = false) : Session
{
    private static readonly ConcurrentDictionary<string, string> s_expanded = new();
    private NpgsqlBatch? _last;
    private List<(long Key, Func<Task> Act)>? _atEnd;

    public NpgsqlConnection Connection => connection;

    public override Statement Sql(string sql)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // every text that gets here is a constant of a feature folder
        command.CommandText = sql;
#pragma warning restore CA2100
        if (isPatient) command.CommandTimeout = 0;
        return new PostgresStatement(command);
    }

    public override async Task EachAsync(IReadOnlyList<Lookup> lookups, CancellationToken stop)
    {
        var asked = lookups.Where(lookup => lookup.Rows.Count > 0).ToArray();
        if (asked.Length == 0) return;

        await using var batch = connection.CreateBatch();
        foreach (var lookup in asked) batch.BatchCommands.Add(Over(lookup.Sql, lookup.Rows));

        await using var reader = await batch.ExecuteReaderAsync(stop);
        var row = new PostgresRow(reader);
        foreach (var lookup in asked)
        {
            // A statement without an answer has no place among the results.
            if (lookup.Read is null) continue;

            while (await row.NextAsync(stop)) lookup.Read(row);
            await reader.NextResultAsync(stop);
        }
    }

    public override void Then(string sql, Rows rows)
    {
        if (rows.Count == 0) return;

        _last ??= connection.CreateBatch();
        _last.BatchCommands.Add(Over(sql, rows));
    }

    public override Task LastAsync(long key, Func<Task> act)
    {
        (_atEnd ??= []).Add((key, act));
        return Task.CompletedTask;
    }

    /// <summary>Sends what <see cref="Then"/> collected and the commit in one round trip.</summary>
    /// <param name="commits">Sends it.</param>
    /// <param name="stop">Gives up before anything of that is sent; never afterwards.</param>
    /// <exception cref="OutcomeUnknownException">It was sent, and what became of it is not known.</exception>
    public async Task CommitAsync(PostgresCommits commits, CancellationToken stop)
    {
        // Sorted stably: what has the same key stays in its order.
        foreach (var (_, act) in (_atEnd ?? []).OrderBy(end => end.Key)) await act();
        _atEnd = null;
        await using var batch = _last ?? connection.CreateBatch();
        _last = null;
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        stop.ThrowIfCancellationRequested();
        await commits.RunAsync(connection, batch);
        End(committed: true);
    }

    private static NpgsqlBatchCommand Over(string sql, Rows rows)
    {
        var command = new NpgsqlBatchCommand(Expand(sql, rows));
        foreach (var (_, values) in rows.Columns)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = values, NpgsqlDbType = NpgsqlDbType.Array | TypeOf(values) });
        }

        return command;
    }

    private static NpgsqlDbType TypeOf(Array values) => values switch
    {
        long[] or long?[] => NpgsqlDbType.Bigint,
        string?[] => NpgsqlDbType.Text,
        byte[]?[] => NpgsqlDbType.Bytea,
        _ => throw new ArgumentException($"Rows hold no {values.GetType().Name}.", nameof(values)),
    };

    private static string Expand(string sql, Rows rows) => s_expanded.GetOrAdd(sql, static (sql, rows) =>
    {
        var arrays = new StringBuilder();
        var names = new StringBuilder();
        for (var i = 0; i < rows.Columns.Count; i++)
        {
            var comma = i == 0 ? "" : ", ";
            arrays.Append(CultureInfo.InvariantCulture, $"{comma}${i + 1}");
            names.Append(comma).Append(rows.Columns[i].Name);
        }

        return sql.Replace("{rows}", $"unnest({arrays}) as item({names})", StringComparison.Ordinal);
    }, rows);
}
