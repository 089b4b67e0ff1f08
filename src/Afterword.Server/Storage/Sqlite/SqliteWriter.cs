using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Afterword.Server.Storage.Sqlite;

/// <summary>The one writer of a SQLite file: takes what is waiting, runs it in one transaction, syncs once, answers all.</summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    // Measured with create's rows: beyond 256 a batch gains nothing, and the last to be answered waits longer.
    private const int MaxBatch = 256;

    private static readonly TimeSpan s_waitForReaders = TimeSpan.FromMilliseconds(200);

    private readonly SqliteSession _session;
    private readonly Channel<PendingWrite> _queue;
    private readonly ConcurrentQueue<TaskCompletionSource<bool>> _emptyings = new();
    private readonly TimeSpan _patience;
    private readonly int _capacity;
    private readonly Thread _thread;
    private volatile bool _isStalled;

    /// <param name="connection">Where it writes; disposed of with it.</param>
    /// <param name="capacity">How many writes may wait.</param>
    /// <param name="patience">How long it waits for the file's lock until those behind are refused; as long again until the batch is, too.</param>
    public SqliteWriter(SqliteConnection connection, int capacity, TimeSpan patience)
    {
        SqliteConnections.WaitForLocks(connection, patience);
        _patience = patience;
        Version = connection.ServerVersion;
        _session = new SqliteSession(connection);
        _capacity = capacity;
        _queue = Channel.CreateBounded<PendingWrite>(new BoundedChannelOptions(capacity) { SingleReader = true });
        _thread = new Thread(Run) { Name = "afterword-writer", IsBackground = true };
        _thread.Start();
    }

    public string Version { get; }

    /// <summary>Measures its work; null until someone can look.</summary>
    public WriteMetrics? Metrics { get; set; }

    public int Waiting => _queue.Reader.Count;

    public bool IsFull => _queue.Reader.Count >= _capacity;

    /// <summary>Whether another program has held the file's lock for so long that what comes now is refused at once.</summary>
    public bool IsStalled => _isStalled;

    public void Enqueue(PendingWrite write)
    {
        if (_isStalled) throw Stalled();
        if (!_queue.Writer.TryWrite(write)) throw new OverloadedException();
    }

    /// <summary>Moves the whole log into the file and cuts it off, between two batches.</summary>
    /// <returns>False while someone reads an older state.</returns>
    public Task<bool> EmptyLogAsync()
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _emptyings.Enqueue(done);

        // Wakes the writer. If it ends before that, it takes the log into the file anyway.
        Enqueue(new SingleWrite<int>(_ => Task.FromResult(0)));
        return done.Task;
    }

    /// <summary>Commits what is waiting and takes no more. The connection stays open until <see cref="DisposeAsync"/>.</summary>
    public Task CompleteAsync()
    {
        _queue.Writer.TryComplete();
        return Task.Run(_thread.Join);
    }

    public async ValueTask DisposeAsync()
    {
        await CompleteAsync();
        _session.Dispose();
    }

    private void Run()
    {
        var batch = new List<PendingWrite>(MaxBatch);
        while (Wait())
        {
            while (batch.Count < MaxBatch && _queue.Reader.TryRead(out var write)) batch.Add(write);
            Commit(batch);
            batch.Clear();
            while (_emptyings.TryDequeue(out var wanted)) EmptyLog(wanted);
            while (_isStalled && !_queue.Reader.Completion.IsCompleted) LookForLock();
        }
    }

    private void EmptyLog(TaskCompletionSource<bool> wanted)
    {
        try
        {
            // Everybody else's writes stand behind this: who reads for long is not waited for.
            SqliteConnections.WaitForLocks(_session.Connection, s_waitForReaders);
            wanted.TrySetResult(SqliteCheckpoints.TryTruncate(_session.Connection));
        }
        catch (SqliteException error)
        {
            wanted.TrySetException(error);
        }
        finally
        {
            SqliteConnections.WaitForLocks(_session.Connection, _patience);
        }
    }

    // A dedicated thread waits here, so that a busy pool never delays a commit.
    private bool Wait()
    {
        var more = _queue.Reader.WaitToReadAsync();
        return more.IsCompleted ? more.Result : more.AsTask().GetAwaiter().GetResult();
    }

    private void Commit(IReadOnlyList<PendingWrite> batch)
    {
        using var span = Tracing.BeginBatch(batch);
        Metrics?.Begin(batch);
        if (Try(batch) is not { } error) return;

        // What a sync that failed leaves on the disk shows when the power goes: then it may be there, though its clients were told to come again.
        if (batch.Count == 1 || error is OutcomeUnknownException || SqliteErrors.IsFault(error))
        {
            foreach (var write in batch) write.FailLater(error);
            return;
        }

        // One write spoiled the batch: each gets a transaction, and an answer, of its own. A store that is in trouble says so once, for each try may wait for it.
        Exception? fault = null;
        foreach (var write in batch)
        {
            if ((fault ?? Try([write])) is not { } own) continue;

            write.FailLater(own);
            if (SqliteErrors.IsFault(own)) fault = own;
        }
    }

    /// <summary>Runs and commits all of <paramref name="batch"/> and tells the callers; or nothing of it, and gives the reason.</summary>
    private Exception? Try(IReadOnlyList<PendingWrite> batch)
    {
        try
        {
            Begin();
            foreach (var kind in batch.GroupBy(write => write.Group))
            {
                if (kind.Key is { } group) Finish(group.RunAsync(_session, [.. kind]));
                else foreach (var write in kind) Finish(((ISingleWrite)write).RunAsync(_session));
            }

            CommitDurably();
        }
#pragma warning disable CA1031 // every reason is led to the callers
        catch (Exception error)
#pragma warning restore CA1031
        {
            RollBack();
            return error;
        }

        PendingWrite.CompleteAll(batch);
        return null;
    }

    /// <summary>Takes the file's lock. Those behind, of which nothing was written, are refused when another program keeps it.</summary>
    private void Begin()
    {
        try
        {
            _session.Begin();
        }
        catch (SqliteException error) when (SqliteErrors.IsLock(error))
        {
            _isStalled = true;
            RefuseWaiting();
            _session.Begin();
        }

        _isStalled = false;
    }

    /// <summary>Finds out whether the lock is free again. Nobody waits for that: a request would wait as long as the last one did.</summary>
    private void LookForLock()
    {
        try
        {
            Begin();
            RollBack();
        }
        catch (SqliteException error)
        {
            // Any other reason is told to whoever writes next.
            if (!SqliteErrors.IsLock(error)) _isStalled = false;
        }
    }

    private void RefuseWaiting()
    {
        while (_queue.Reader.TryRead(out var write)) write.FailLater(Stalled());
    }

    private static StoreUnavailableException Stalled() => new("Another program keeps the store's file locked, so writes wait.", cause: ProblemCause.NoAnswer);

    // The next transaction writes over all that this one left in the log, so a sync that succeeds then says the truth. A log that
    // a process left so is written again before it is believed (SqliteLog).
    private void CommitDurably()
    {
        var began = Stopwatch.GetTimestamp();
        using var span = Tracing.BeginCommit();
        try
        {
            _session.Commit();
            Metrics?.Committed(began);
        }
        catch (SqliteException error) when (error.SqliteExtendedErrorCode == SQLitePCL.raw.SQLITE_IOERR_FSYNC)
        {
            throw new OutcomeUnknownException("The disk did not confirm a commit.", error);
        }
    }

    private void RollBack()
    {
        try
        {
            _session.RollBack();
        }
        catch (SqliteException)
        {
            // The next "begin" will say what is wrong, to callers who wait for an answer; this thread must go on.
        }
    }

    private static void Finish(Task task)
    {
        // The provider is synchronous. A body that waits for anything else would hold up every other writer.
        if (!task.IsCompleted) throw new InvalidOperationException("A write body waited for something other than the store.");
        task.GetAwaiter().GetResult();
    }
}
