using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Afterword.Server.Storage;

/// <summary>One conversation with the store: a transaction, or a read. Not for use by two threads at once.</summary>
internal abstract class Session
{
    /// <summary>A statement of this session. <paramref name="sql"/> is always a constant; values travel in <c>Bind</c>.</summary>
    public abstract Statement Sql([StringSyntax("sql")] string sql);

    /// <summary>Runs <paramref name="sql"/> over all <paramref name="rows"/> and hands each row of the answer to <paramref name="read"/>.</summary>
    /// <param name="sql">
    /// Reads its input <c>from {rows}</c>, a table named <c>item</c> with the columns of <paramref name="rows"/>. PostgreSQL
    /// runs it once over arrays, SQLite once per row: it must not make one input row depend on another.
    /// </param>
    /// <param name="rows">The input; nothing happens when it is empty.</param>
    /// <param name="read">Called for each row of the answer, in no promised order.</param>
    /// <param name="stop">Gives up waiting.</param>
    public abstract Task EachAsync([StringSyntax("sql")] string sql, Rows rows, Action<DbDataReader> read, CancellationToken stop);

    /// <summary>As <see cref="EachAsync"/> for a write whose answer nobody needs: it goes to the server together with the commit.</summary>
    public abstract void Then([StringSyntax("sql")] string sql, Rows rows);
}

/// <summary>A statement with its values.</summary>
internal readonly struct Statement(DbCommand command, bool kept)
{
    public Statement Bind(string name, object? value)
    {
        value ??= DBNull.Value;
        if (command.Parameters.Contains(name))
        {
            command.Parameters[name].Value = value;
            return this;
        }

        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
        return this;
    }

    /// <summary>Gives the number of rows that were changed.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        try
        {
            return await command.ExecuteNonQueryAsync(stop);
        }
        finally
        {
            await LeaveAsync();
        }
    }

    /// <summary>Gives what <paramref name="read"/> makes of the first row, or the default when there is none.</summary>
    public async Task<T?> FirstAsync<T>(Func<DbDataReader, T> read, CancellationToken stop)
    {
        try
        {
            await using var row = await command.ExecuteReaderAsync(stop);
            return await row.ReadAsync(stop) ? read(row) : default;
        }
        finally
        {
            await LeaveAsync();
        }
    }

    /// <summary>Gives what <paramref name="read"/> makes of each row.</summary>
    public async Task<List<T>> ListAsync<T>(Func<DbDataReader, T> read, CancellationToken stop)
    {
        try
        {
            var all = new List<T>();
            await using var row = await command.ExecuteReaderAsync(stop);
            while (await row.ReadAsync(stop)) all.Add(read(row));
            return all;
        }
        finally
        {
            await LeaveAsync();
        }
    }

    private ValueTask LeaveAsync() => kept ? ValueTask.CompletedTask : command.DisposeAsync();
}

internal static class DbDataReaderExtensions
{
    extension(DbDataReader row)
    {
        public string? TextOrNull(int column) => row.IsDBNull(column) ? null : row.GetString(column);

        public long? LongOrNull(int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

        public byte[]? BytesOrNull(int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);

        /// <summary>A flag, kept as 0 or 1; a missing row of an outer join counts as 0.</summary>
        public bool Flag(int column) => !row.IsDBNull(column) && row.GetInt32(column) != 0;
    }
}
