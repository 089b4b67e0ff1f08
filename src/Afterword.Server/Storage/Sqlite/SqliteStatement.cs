using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Afterword.Server.Storage.Sqlite;

/// <summary>A prepared SQLite statement; it is kept and run again. It is its own row.</summary>
internal sealed class SqliteStatement : Statement, IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly nint _statement;
    private readonly Dictionary<string, int> _parameters = [];
    private readonly Current _row;

    public SqliteStatement(SqliteConnection connection, string sql)
    {
        _connection = connection;
        Check(SqliteNative.Prepare(connection.Handle!.DangerousGetHandle(), Encoding.UTF8.GetBytes(sql), out _statement));
        _row = new Current(_statement);
    }

    public override Statement Bind(string name, object? value)
    {
        if (!_parameters.TryGetValue(name, out var parameter))
        {
            parameter = SqliteNative.Parameter(_statement, Encoding.UTF8.GetBytes($"@{name}\0"));
            if (parameter == 0) throw new ArgumentException($"The statement has no parameter @{name}.", nameof(name));
            _parameters[name] = parameter;
        }

        switch (value)
        {
            case long number: Check(SqliteNative.Bind(_statement, parameter, number)); break;
            case string text: BindText(parameter, text); break;
            case byte[] bytes: Check(SqliteNative.BindBlob(_statement, parameter, bytes)); break;
            case null: Check(SqliteNative.BindNull(_statement, parameter)); break;
            default: throw new ArgumentException($"@{name} is a {value.GetType().Name}; the store holds long, string and byte[].", nameof(value));
        }

        return this;
    }

    /// <summary>Binds a row of input: its n-th column is parameter n.</summary>
    public void Bind(Rows rows, int row)
    {
        for (var i = 0; i < rows.Columns.Count; i++)
        {
            switch (rows.Columns[i].Values)
            {
                case long[] numbers: Check(SqliteNative.Bind(_statement, i + 1, numbers[row])); break;
                case long?[] numbers when numbers[row] is { } number: Check(SqliteNative.Bind(_statement, i + 1, number)); break;
                case string?[] texts when texts[row] is { } text: BindText(i + 1, text); break;
                case byte[]?[] blobs when blobs[row] is { } blob: Check(SqliteNative.BindBlob(_statement, i + 1, blob)); break;
                default: Check(SqliteNative.BindNull(_statement, i + 1)); break;
            }
        }
    }

    /// <summary>Runs to the end, handing each row to <paramref name="read"/>, and gives their number; an exception of that ends it.</summary>
    public int Run(Action<Row>? read)
    {
        try
        {
            var rows = 0;
            for (; Step(); rows++) read?.Invoke(_row);
            return rows;
        }
        finally
        {
            SqliteNative.Reset(_statement);
        }
    }

    public override Task<int> RunAsync(CancellationToken stop)
    {
        Run(null);
        return Task.FromResult(SqliteNative.Changes(_connection.Handle!.DangerousGetHandle()));
    }

    public override Task<T?> FirstAsync<T>(Func<Row, T> read, CancellationToken stop)
        where T : default
    {
        try
        {
            return Task.FromResult(Step() ? read(_row) : default);
        }
        finally
        {
            SqliteNative.Reset(_statement);
        }
    }

    public override Task<int> EachAsync(Action<Row> read, CancellationToken stop) => Task.FromResult(Run(read));

    public void Dispose() => SqliteNative.Close(_statement);

    private bool Step()
    {
        var result = SqliteNative.Step(_statement);
        if (result == SqliteNative.HasRow) return true;
        if (result != SqliteNative.Done) Check(result);
        return false;
    }

    private void BindText(int parameter, string text)
    {
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (most <= 1024)
        {
            Span<byte> utf8 = stackalloc byte[most];
            Check(SqliteNative.BindText(_statement, parameter, utf8[..Encoding.UTF8.GetBytes(text, utf8)]));
            return;
        }

        var rented = ArrayPool<byte>.Shared.Rent(most);
        Check(SqliteNative.BindText(_statement, parameter, rented.AsSpan(0, Encoding.UTF8.GetBytes(text, rented))));
        ArrayPool<byte>.Shared.Return(rented);
    }

    private void Check(int result)
    {
        if (result != SqliteNative.Ok) throw SqliteErrors.Of(result, _connection.Handle!);
    }

    private sealed class Current(nint statement) : Row
    {
        public override bool IsDBNull(int column) => SqliteNative.IsNull(statement, column);

        public override long GetInt64(int column) => SqliteNative.Long(statement, column);

        public override int GetInt32(int column) => checked((int)SqliteNative.Long(statement, column));

        public override string GetString(int column) => Encoding.UTF8.GetString(SqliteNative.Text(statement, column));

        public override ReadOnlySpan<byte> Utf8(int column) => SqliteNative.Text(statement, column);

        public override byte[] GetBytes(int column) => SqliteNative.Blob(statement, column).ToArray();
    }
}
