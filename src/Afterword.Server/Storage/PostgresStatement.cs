using System.Text;
using Npgsql;

namespace Afterword.Server.Storage;

/// <summary>A statement on a PostgreSQL connection. The driver prepares by itself what it sees again.</summary>
internal sealed class PostgresStatement(NpgsqlCommand command) : Statement
{
    public override Statement Bind(string name, object? value)
    {
        command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return this;
    }

    public override async Task<int> RunAsync(CancellationToken stop)
    {
        await using (command) return await command.ExecuteNonQueryAsync(stop);
    }

    public override async Task<T?> FirstAsync<T>(Func<Row, T> read, CancellationToken stop)
        where T : default
    {
        await using (command)
        {
            await using var reader = await command.ExecuteReaderAsync(stop);
            return await reader.ReadAsync(stop) ? read(new PostgresRow(reader)) : default;
        }
    }

    public override async Task<int> EachAsync(Action<Row> read, CancellationToken stop)
    {
        await using (command)
        {
            await using var reader = await command.ExecuteReaderAsync(stop);
            var row = new PostgresRow(reader);
            var rows = 0;
            for (; await reader.ReadAsync(stop); rows++) read(row);
            return rows;
        }
    }
}

internal sealed class PostgresRow(NpgsqlDataReader reader) : Row
{
    public override bool IsDBNull(int column) => reader.IsDBNull(column);

    public override long GetInt64(int column) => reader.GetInt64(column);

    public override int GetInt32(int column) => reader.GetInt32(column);

    public override string GetString(int column) => reader.GetString(column);

    public override ReadOnlySpan<byte> Utf8(int column) => Encoding.UTF8.GetBytes(reader.GetString(column));

    public override byte[] GetBytes(int column) => reader.GetFieldValue<byte[]>(column);
}
