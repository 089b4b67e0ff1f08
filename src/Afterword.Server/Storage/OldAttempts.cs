namespace Afterword.Server.Storage;

/// <summary>Forgets attempts that are no longer shown, some at a time.</summary>
/// <param name="Table">Where they are.</param>
/// <param name="Owner">A condition: whose they are.</param>
/// <param name="Item">The column with the id of what was attempted.</param>
internal sealed record OldAttempts(string Table, string Owner, string Item)
{
    private const long AtOnce = 1_000;

    // So that one round of maintenance holds up neither its other duties nor the writers.
    private const int MostChunks = 20;

    /// <summary>The first id of those made at or after a time. An attempt is never older than what is attempted, whose id tells when that was made.</summary>
    public static long IdAt(long time) => (time - Snowflakes.Epoch) << 22;

    /// <param name="db">The store.</param>
    /// <param name="owner">Binds what <see cref="Owner"/> names.</param>
    /// <param name="before">Those that began before this go, Unix milliseconds.</param>
    /// <param name="stop">Gives up between two transactions.</param>
    public async Task ForgetAsync(Database db, Func<Statement, Statement> owner, long before, CancellationToken stop)
    {
        var from = 0L;
        for (var chunk = 0; chunk < MostChunks; chunk++)
        {
            var to = await UpToAsync(db, owner, from, IdAt(before), stop);
            if (to == from) return;

            await db.WriteAsync(
                session => owner(session.Sql($"delete from {Table} where {Owner} and {Item} > @from and {Item} <= @to and started_at < @before"))
                    .Bind("from", from).Bind("to", to).Bind("before", before).RunAsync(stop),
                stop);
            from = to;
        }
    }

    /// <summary>The last item of the next chunk of attempts; <paramref name="from"/> itself when there are none.</summary>
    private Task<long> UpToAsync(Database db, Func<Statement, Statement> owner, long from, long youngest, CancellationToken stop) => db.ReadAsync(
        session => owner(session.Sql(
            $"""
            select coalesce(max({Item}), @from) from (
                select {Item} from {Table} where {Owner} and {Item} > @from and {Item} < @youngest order by {Item}, number limit @most) as chunk
            """))
            .Bind("from", from).Bind("youngest", youngest).Bind("most", AtOnce).FirstAsync(row => row.GetInt64(0), stop),
        stop);
}
