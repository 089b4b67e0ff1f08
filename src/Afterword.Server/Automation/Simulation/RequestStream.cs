using Afterword.Server.Automation.Rules;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Simulation;

/// <summary>Requests that a sender made, read in their order as they are needed, and in constant memory. Tests are left out.</summary>
/// <param name="store">The store.</param>
/// <param name="sender">Whose requests.</param>
/// <param name="from">The first moment, Unix milliseconds.</param>
/// <param name="to">The first moment behind them.</param>
/// <param name="byHandAlone">Leaves out what the rules asked.</param>
/// <param name="key">Draws for their tickets.</param>
internal sealed class RequestStream(Store store, long sender, long from, long to, bool byHandAlone, byte[] key)
{
    // A connection is held for so many rows, and no longer.
    private const long Piece = 5_000;

    private readonly Queue<(long Customer, long At, Draw? Ticket)> _read = new();
    private long _after = Snowflakes.FirstOf(from);
    private bool _isOver;

    /// <summary>Tells a simulation of all requests up to a time that it was not told of yet.</summary>
    public async ValueTask PassAsync(long time, SimulatedCloses simulation, CancellationToken stop)
    {
        while (true)
        {
            while (_read.TryPeek(out var next) && next.At <= time)
            {
                simulation.Asked(next.Customer, next.At, next.Ticket);
                _read.Dequeue();
            }

            if (_read.Count > 0 || _isOver) return;
            await ReadAsync(stop);
        }
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        var many = await store.Main.ReadAsync(
            session => session.Sql(
                    "select p.id, p.recipient_id, p.created_at, p.test, p.automatic, p.external_id from prompt p where p.sender_id = @sender and p.id > @after and p.id < @before order by p.id limit @most")
                .Bind("sender", sender).Bind("after", _after).Bind("before", Snowflakes.FirstOf(to)).Bind("most", Piece)
                .EachAsync(
                    row =>
                    {
                        _after = row.GetInt64(0);
                        if (!row.Flag(3) && !(byHandAlone && row.Flag(4))) _read.Enqueue((row.GetInt64(1), row.GetInt64(2), row.IsDBNull(5) ? null : Draw.Of(key, row.Utf8(5))));
                    },
                    stop),
            stop);
        _isOver = many < Piece;
    }
}
