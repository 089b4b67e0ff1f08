using System.Diagnostics.CodeAnalysis;

namespace Afterword.Server.Storage;

/// <summary>One conversation with the store: a transaction, or a read. Not for use by two threads at once.</summary>
internal abstract class Session
{
    private List<Action>? _onCommit;

    /// <summary>A statement of this session. <paramref name="sql"/> is always a constant; values travel in <c>Bind</c>.</summary>
    public abstract Statement Sql([StringSyntax("sql")] string sql);

    /// <summary>Runs lookups one after the other; on PostgreSQL they travel together, in one round trip.</summary>
    public abstract Task EachAsync(IReadOnlyList<Lookup> lookups, CancellationToken stop);

    /// <inheritdoc cref="Lookup"/>
    public Task EachAsync([StringSyntax("sql")] string sql, Rows rows, Action<Row> read, CancellationToken stop) => EachAsync([new(sql, rows, read)], stop);

    /// <summary>A statement over rows, for a write whose answer nobody needs: it goes to the server together with the commit.</summary>
    public abstract void Then([StringSyntax("sql")] string sql, Rows rows);

    /// <summary>Has something done once the transaction is durable, and never if it is undone. It must be quick and must not throw.</summary>
    public void OnCommit(Action then) => (_onCommit ??= []).Add(then);

    /// <summary>Runs <paramref name="act"/> in this transaction, behind all else that it does: for a row that many transactions hold.</summary>
    /// <remarks>Held from here to the commit alone, and in the order of their keys, such rows cannot make two transactions wait for each other.</remarks>
    /// <param name="key">Names the row.</param>
    /// <param name="act">What is done.</param>
    public abstract Task LastAsync(long key, Func<Task> act);

    /// <summary>Called by the engine when the transaction has ended.</summary>
    protected void End(bool committed)
    {
        var then = _onCommit;
        _onCommit = null;
        if (committed) then?.ForEach(act => act());
    }
}

/// <summary>A statement that is run over all of its <paramref name="Rows"/> and hands each row of the answer to <paramref name="Read"/>.</summary>
/// <param name="Sql">
/// Reads its input <c>from {rows}</c>, a table named <c>item</c> with the columns of <paramref name="Rows"/>. PostgreSQL runs it
/// once over arrays, SQLite once per row: it must not make one input row depend on another.
/// </param>
/// <param name="Rows">The input; nothing happens when it is empty.</param>
/// <param name="Read">Called for each row of the answer, in no promised order; null for a statement that has none.</param>
internal sealed record Lookup([StringSyntax("sql")] string Sql, Rows Rows, Action<Row>? Read);

/// <summary>A statement with its values.</summary>
internal abstract class Statement
{
    /// <param name="name">The parameter's name, without @.</param>
    /// <param name="value">A <c>long</c>, <c>string</c> or <c>byte[]</c>, or null.</param>
    public abstract Statement Bind(string name, object? value);

    /// <summary>Gives the number of rows that were changed.</summary>
    public abstract Task<int> RunAsync(CancellationToken stop);

    /// <summary>Gives what <paramref name="read"/> makes of the first row, or the default when there is none.</summary>
    public abstract Task<T?> FirstAsync<T>(Func<Row, T> read, CancellationToken stop);

    /// <summary>Hands each row to <paramref name="read"/> and gives their number.</summary>
    public abstract Task<int> EachAsync(Action<Row> read, CancellationToken stop);

    /// <summary>Gives what <paramref name="read"/> makes of each row.</summary>
    public async Task<List<T>> ListAsync<T>(Func<Row, T> read, CancellationToken stop)
    {
        var all = new List<T>();
        await EachAsync(row => all.Add(read(row)), stop);
        return all;
    }
}
