using Afterword.Server.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;

namespace Afterword.Server.Storage;

/// <summary>Fills one empty table with rows, the fastest way that the engine has.</summary>
internal abstract class TableLoader : IDisposable
{
    public abstract void BeginRow();

    public abstract void AddNull(int column);

    public abstract void Add(int column, long value);

    /// <param name="column">A column of text or bytes.</param>
    /// <param name="value">Text as UTF-8.</param>
    public abstract void Add(int column, ReadOnlyMemory<byte> value);

    public abstract void EndRow();

    /// <summary>All rows are there.</summary>
    public abstract void Complete();

    public abstract void Dispose();
}

internal sealed class SqliteTableLoader : TableLoader
{
    private readonly SqliteConnection _connection;
    private readonly StoredTable _table;
    private readonly nint _statement;

    /// <param name="connection">In a transaction.</param>
    /// <param name="table">With its columns in the order in which the values come.</param>
    public SqliteTableLoader(SqliteConnection connection, StoredTable table)
    {
        (_connection, _table) = (connection, table);
        var sql = $"insert into {table.Name} ({string.Join(", ", table.Columns.Select(column => column.Name))}) values ({string.Join(", ", table.Columns.Select(_ => "?"))})";
        Check(SqliteNative.Prepare(connection.Handle!.DangerousGetHandle(), System.Text.Encoding.UTF8.GetBytes(sql), out _statement));
    }

    public override void BeginRow()
    {
    }

    public override void AddNull(int column) => Check(SqliteNative.BindNull(_statement, column + 1));

    public override void Add(int column, long value) => Check(SqliteNative.Bind(_statement, column + 1, value));

    public override void Add(int column, ReadOnlyMemory<byte> value) => Check(
        _table.Columns[column].Kind == ColumnKind.Text ? SqliteNative.BindText(_statement, column + 1, value.Span) : SqliteNative.BindBlob(_statement, column + 1, value.Span));

    public override void EndRow()
    {
        var result = SqliteNative.Step(_statement);
        SqliteNative.Reset(_statement);
        if (result != SqliteNative.Done) Check(result);
    }

    public override void Complete()
    {
    }

    public override void Dispose() => SqliteNative.Close(_statement);

    private void Check(int result)
    {
        if (result != SqliteNative.Ok) SqliteException.ThrowExceptionForRC(result, _connection.Handle);
    }
}

internal sealed class PostgresTableLoader : TableLoader
{
    private readonly NpgsqlBinaryImporter _import;
    private readonly NpgsqlDbType[] _types;

    /// <param name="connection">In a transaction.</param>
    /// <param name="table">With its columns in the order in which the values come.</param>
    public PostgresTableLoader(NpgsqlConnection connection, StoredTable table)
    {
        _types = [.. table.Columns.Select(column => column.Type switch
        {
            "int2" => NpgsqlDbType.Smallint,
            "int8" => NpgsqlDbType.Bigint,
            "text" => NpgsqlDbType.Text,
            _ => NpgsqlDbType.Bytea,
        })];
        _import = connection.BeginBinaryImport($"copy {table.Name} ({string.Join(", ", table.Columns.Select(column => column.Name))}) from stdin (format binary)");
        _import.Timeout = TimeSpan.Zero;
    }

    public override void BeginRow() => _import.StartRow();

    public override void AddNull(int column) => _import.WriteNull();

    public override void Add(int column, long value)
    {
        if (_types[column] == NpgsqlDbType.Smallint) _import.Write(checked((short)value), NpgsqlDbType.Smallint);
        else _import.Write(value, NpgsqlDbType.Bigint);
    }

    public override void Add(int column, ReadOnlyMemory<byte> value) => _import.Write(value, _types[column]);

    public override void EndRow()
    {
    }

    public override void Complete() => _import.Complete();

    // Without completion, it is undone.
    public override void Dispose() => _import.Dispose();
}
