using System.Threading.Channels;
using Npgsql;

namespace Afterword.Server.Storage;

/// <summary>Runs grouped writes on PostgreSQL: a few lanes, each taking what is waiting and committing it as one transaction.</summary>
/// <remarks>A sender's writes always use the same lane, so that two batches of a node never wait for each other's row locks.</remarks>
internal sealed class PostgresLanes : IAsyncDisposable
{
    private const int MaxBatch = 256;

    // Deadlock and serialization failures undo everything and say "again"; lock order makes them rare.
    private const int Tries = 4;

    private readonly NpgsqlDataSource _source;
    private readonly Channel<PendingWrite>[] _lanes;
    private readonly Task[] _runs;
    private readonly int _capacity;

    /// <param name="source">Has a connection for each lane; disposed of with the lanes.</param>
    /// <param name="capacity">How many writes may wait in all.</param>
    /// <param name="lanes">How many batches may run at once.</param>
    public PostgresLanes(NpgsqlDataSource source, int capacity, int lanes)
    {
        _source = source;
        _capacity = Math.Max(1, capacity / lanes);
        _lanes = new Channel<PendingWrite>[lanes];
        _runs = new Task[lanes];
        for (var i = 0; i < lanes; i++)
        {
            _lanes[i] = Channel.CreateBounded<PendingWrite>(new BoundedChannelOptions(_capacity) { SingleReader = true });
            _runs[i] = RunAsync(_lanes[i].Reader);
        }
    }

    public bool IsFull => Array.Exists(_lanes, lane => lane.Reader.Count >= _capacity);

    public void Enqueue(PendingWrite write)
    {
        var lane = (int)((ulong)(write.Key * -7046029254386353131L) >> 33) % _lanes.Length;
        if (!_lanes[lane].Writer.TryWrite(write)) throw new OverloadedException();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes) lane.Writer.TryComplete();
        await Task.WhenAll(_runs);
        await _source.DisposeAsync();
    }

    private async Task RunAsync(ChannelReader<PendingWrite> waiting)
    {
        var batch = new List<PendingWrite>(MaxBatch);
        while (await waiting.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && waiting.TryRead(out var write)) batch.Add(write);
            foreach (var kind in batch.GroupBy(write => write.Group!)) await CommitAsync(kind.Key, [.. kind]);
            batch.Clear();
        }
    }

    private async Task CommitAsync(WriteGroup group, IReadOnlyList<PendingWrite> batch)
    {
        var error = await TryAsync(group, batch);
        if (error is null) return;

        // Only a refusal that names no reason outside of the batch can be one member's fault.
        if (batch.Count == 1 || error is not PostgresException)
        {
            foreach (var write in batch) write.FailLater(error);
            return;
        }

        foreach (var write in batch)
        {
            if (await TryAsync(group, [write]) is { } own) write.FailLater(own);
        }
    }

    private async Task<Exception?> TryAsync(WriteGroup group, IReadOnlyList<PendingWrite> batch)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync();
                await using var transaction = await connection.BeginTransactionAsync();
                var session = new PostgresSession(connection);
                await group.RunAsync(session, batch);
                await session.CommitAsync(CancellationToken.None);
                break;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure && attempt < Tries)
            {
            }
#pragma warning disable CA1031 // every reason is led to the callers
            catch (Exception e)
#pragma warning restore CA1031
            {
                return e;
            }
        }

        PendingWrite.CompleteAll(batch);
        return null;
    }
}
