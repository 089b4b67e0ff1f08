using System.Diagnostics;
using System.Threading.Channels;
using Afterword.Server.Hosting;
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
    private readonly bool[] _stalled;
    private readonly int _capacity;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _clock;
    private readonly PostgresCommits _commits;

    /// <param name="source">Has a connection for each lane; disposed of with the lanes.</param>
    /// <param name="settings">How many writes may wait in all, and how long; how many batches may run at once.</param>
    /// <param name="clock">Measures how long they wait.</param>
    /// <param name="commits">Ends each batch.</param>
    public PostgresLanes(NpgsqlDataSource source, StorageSettings settings, TimeProvider clock, PostgresCommits commits)
    {
        (_source, _clock, _patience, _commits) = (source, clock, settings.CommitWait, commits);
        _capacity = Math.Max(1, settings.WriteQueue / settings.Lanes);
        _lanes = new Channel<PendingWrite>[settings.Lanes];
        _runs = new Task[settings.Lanes];
        _stalled = new bool[settings.Lanes];
        for (var i = 0; i < _lanes.Length; i++)
        {
            _lanes[i] = Channel.CreateBounded<PendingWrite>(_capacity);
            _runs[i] = RunAsync(i);
        }
    }

    /// <summary>Measures their work; null until somebody can look.</summary>
    public WriteMetrics? Metrics { get; set; }

    public int Waiting => _lanes.Sum(lane => lane.Reader.Count);

    public bool IsFull => Array.Exists(_lanes, lane => lane.Reader.Count >= _capacity);

    /// <summary>Whether a batch has waited for the database for so long that what comes now is refused at once.</summary>
    public bool IsStalled => Array.Exists(_stalled, stalled => stalled);

    public void Enqueue(PendingWrite write)
    {
        var lane = (int)((ulong)(write.Key * -7046029254386353131L) >> 33) % _lanes.Length;
        if (Volatile.Read(ref _stalled[lane])) throw Stalled();
        if (!_lanes[lane].Writer.TryWrite(write)) throw new OverloadedException();

        // It may have come in just after those that waited were refused.
        if (Volatile.Read(ref _stalled[lane])) RefuseWaiting(lane);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes) lane.Writer.TryComplete();
        await Task.WhenAll(_runs);
        await _source.DisposeAsync();
    }

    private async Task RunAsync(int lane)
    {
        var waiting = _lanes[lane].Reader;
        var batch = new List<PendingWrite>(MaxBatch);
        while (await waiting.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && waiting.TryRead(out var write)) batch.Add(write);
            var kinds = new Queue<IGrouping<WriteGroup, PendingWrite>>(batch.GroupBy(write => write.Group!));
            while (kinds.TryDequeue(out var kind)) await WatchAsync(lane, CommitAsync(kind.Key, [.. kind]), kinds);
            batch.Clear();
        }
    }

    /// <summary>Waits for a batch, however long it takes. Those behind it, of which nothing was sent, are refused when it takes long.</summary>
    private async Task WatchAsync(int lane, Task commit, Queue<IGrouping<WriteGroup, PendingWrite>> behind)
    {
        try
        {
            await commit.WaitAsync(_patience, _clock);
        }
        catch (TimeoutException)
        {
            Volatile.Write(ref _stalled[lane], true);
            while (behind.TryDequeue(out var kind))
            {
                foreach (var write in kind) write.FailLater(Stalled());
            }

            RefuseWaiting(lane);
            await commit;
            Volatile.Write(ref _stalled[lane], false);
        }
    }

    private void RefuseWaiting(int lane)
    {
        while (_lanes[lane].Reader.TryRead(out var write)) write.FailLater(Stalled());
    }

    private static StoreUnavailableException Stalled() => new("The database has not answered a commit for a while.", cause: Cause.CommitsHang);

    private async Task CommitAsync(WriteGroup group, IReadOnlyList<PendingWrite> batch)
    {
        using var span = Tracing.BeginBatch(batch);
        Metrics?.Begin(batch);
        var error = await TryAsync(group, batch);
        if (error is null) return;

        // Only a refusal that names no reason outside of the batch can be one member's fault.
        if (batch.Count == 1 || error is not PostgresException { InvariantSeverity: "ERROR" })
        {
            foreach (var write in batch) write.FailLater(error);
            return;
        }

        foreach (var write in batch)
        {
            if (await TryAsync(group, [write]) is { } own) write.FailLater(own);
        }
    }

    private async Task CommitAsync(PostgresSession session)
    {
        var began = Stopwatch.GetTimestamp();
        using var span = Tracing.BeginCommit();
        await session.CommitAsync(_commits, CancellationToken.None);
        Metrics?.Committed(began);
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
                await CommitAsync(session);
                break;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure && attempt < Tries)
            {
            }
#pragma warning disable CA1031 // every reason is led to the callers
            catch (Exception e)
#pragma warning restore CA1031
            {
                return PostgresFaults.Named(e);
            }
        }

        PendingWrite.CompleteAll(batch);
        return null;
    }
}
