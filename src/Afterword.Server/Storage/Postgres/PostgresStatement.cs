using Npgsql;

namespace Afterword.Server.Storage.Postgres;

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
            for (; await row.NextAsync(stop); rows++) read(row);
            return rows;
        }
    }
}

internal sealed class PostgresRow(NpgsqlDataReader reader) : Row
{
    private const int LeastRoom = 1024;

    private byte[] _texts = [];
    private int _taken;

    /// <summary>Goes to the next row, which takes the room of this one's texts.</summary>
    public Task<bool> NextAsync(CancellationToken stop)
    {
        _taken = 0;
        return reader.ReadAsync(stop);
    }

    public override bool IsDBNull(int column) => reader.IsDBNull(column);

    public override long GetInt64(int column) => reader.GetInt64(column);

    public override int GetInt32(int column) => reader.GetInt32(column);

    public override string GetString(int column) => reader.GetString(column);

    // Texts travel as UTF-8. The driver lends no span of its buffer, so they are copied, into room that is used again.
    public override ReadOnlySpan<byte> Utf8(int column)
    {
        var length = (int)reader.GetBytes(column, 0, null, 0, 0);
        if (length > _texts.Length - _taken)
        {
            // Spans that were given out keep the old room.
            _texts = new byte[Math.Max(length, Math.Max(LeastRoom, 2 * _texts.Length))];
            _taken = 0;
        }

        var text = _texts.AsSpan(_taken, (int)reader.GetBytes(column, 0, _texts, _taken, length));
        _taken += length;
        return text;
    }

    public override byte[] GetBytes(int column) => reader.GetFieldValue<byte[]>(column);
}
