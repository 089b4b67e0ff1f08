using System.Diagnostics;
using System.Threading.Channels;
using Afterword.Server.Configuration;
using Npgsql;

namespace Afterword.Server.Storage.Postgres;

/// <summary>Runs grouped writes on PostgreSQL: a few queues, each taking what is waiting and committing it as one transaction.</summary>
/// <remarks>A sender's writes always use the same queue, so that two batches of a node never wait for each other's row locks.</remarks>
internal sealed class PostgresWriter : IAsyncDisposable
{
    private const int MaxBatch = 256;

    // Deadlock and serialization failures undo everything and say "again"; lock order makes them rare.
    private const int Tries = 4;

    private readonly NpgsqlDataSource _source;
    private readonly Channel<PendingWrite>[] _queues;
    private readonly Task[] _runs;
    private readonly bool[] _stalled;
    private readonly int _capacity;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _clock;
    private readonly PostgresCommits _commits;

    /// <param name="source">Has a connection for each queue; disposed of with the queues.</param>
    /// <param name="settings">How many writes may wait in all, and how long; how many batches may run at once.</param>
    /// <param name="clock">Measures how long they wait.</param>
    /// <param name="commits">Ends each batch.</param>
    public PostgresWriter(NpgsqlDataSource source, StorageSettings settings, TimeProvider clock, PostgresCommits commits)
    {
        (_source, _clock, _patience, _commits) = (source, clock, settings.CommitWait, commits);
        _capacity = Math.Max(1, settings.WriteQueue / settings.Lanes);
        _queues = new Channel<PendingWrite>[settings.Lanes];
        _runs = new Task[settings.Lanes];
        _stalled = new bool[settings.Lanes];
        for (var i = 0; i < _queues.Length; i++)
        {
            _queues[i] = Channel.CreateBounded<PendingWrite>(_capacity);
            _runs[i] = RunAsync(i);
        }
    }

    /// <summary>Measures their work; null until someone can look.</summary>
    public WriteMetrics? Metrics { get; set; }

    public int Waiting => _queues.Sum(queue => queue.Reader.Count);

    public bool IsFull => Array.Exists(_queues, queue => queue.Reader.Count >= _capacity);

    /// <summary>Whether a batch has waited for the database for so long that what comes now is refused at once.</summary>
    public bool IsStalled => Array.Exists(_stalled, stalled => stalled);

    public void Enqueue(PendingWrite write)
    {
        var queue = (int)((ulong)(write.Key * -7046029254386353131L) >> 33) % _queues.Length;
        if (Volatile.Read(ref _stalled[queue])) throw Stalled();
        if (!_queues[queue].Writer.TryWrite(write)) throw new OverloadedException();

        // It may have come in just after those that waited were refused.
        if (Volatile.Read(ref _stalled[queue])) RefuseWaiting(queue);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var queue in _queues) queue.Writer.TryComplete();
        await Task.WhenAll(_runs);
        await _source.DisposeAsync();
    }

    private async Task RunAsync(int queue)
    {
        var waiting = _queues[queue].Reader;
        var batch = new List<PendingWrite>(MaxBatch);
        while (await waiting.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && waiting.TryRead(out var write)) batch.Add(write);
            var kinds = new Queue<IGrouping<WriteGroup, PendingWrite>>(batch.GroupBy(write => write.Group!));
            while (kinds.TryDequeue(out var kind)) await WatchAsync(queue, CommitAsync(kind.Key, [.. kind]), kinds);
            batch.Clear();
        }
    }

    /// <summary>Waits for a batch, however long it takes. Those behind it, of which nothing was sent, are refused when it takes long.</summary>
    private async Task WatchAsync(int queue, Task commit, Queue<IGrouping<WriteGroup, PendingWrite>> behind)
    {
        try
        {
            await commit.WaitAsync(_patience, _clock);
        }
        catch (TimeoutException)
        {
            Volatile.Write(ref _stalled[queue], true);
            while (behind.TryDequeue(out var kind))
            {
                foreach (var write in kind) write.FailLater(Stalled());
            }

            RefuseWaiting(queue);
            await commit;
            Volatile.Write(ref _stalled[queue], false);
        }
    }

    private void RefuseWaiting(int queue)
    {
        while (_queues[queue].Reader.TryRead(out var write)) write.FailLater(Stalled());
    }

    private static StoreUnavailableException Stalled() => new("The database has not answered a commit for a while.", cause: ProblemCause.CommitsHang);

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
