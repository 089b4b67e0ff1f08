using System.Diagnostics.Metrics;

namespace Afterword.Server.Storage;

/// <summary>The store. Two engines stand behind it; what truly differs between them is in the two subclasses.</summary>
/// <remarks>
/// Features write plain SQL against a <see cref="Session"/>. Instants are Unix milliseconds in <c>bigint</c>, ids are
/// <c>bigint</c>, flags are <c>smallint</c> 0 or 1, upserts are <c>on conflict … returning</c>: all of that is the same on both.
/// </remarks>
internal abstract class Database : IAsyncDisposable
{
    private Func<Hold?> _hold = static () => null;

    /// <summary>Name and version of the engine that runs, for the log and for <c>doctor</c>.</summary>
    public abstract string Engine { get; }

    /// <summary>Whether the write queue is full, so that a request may be refused before any work is spent on it.</summary>
    public abstract bool IsFull { get; }

    /// <summary>How many writes wait for their batch.</summary>
    public abstract int Waiting { get; }

    /// <summary>Why further writes are refused at once: one has waited for the engine for so long. Null when none has.</summary>
    public abstract ProblemCause? StalledBy { get; }

    /// <summary>Runs reads. They see a committed state and never wait for a writer.</summary>
    public abstract Task<T> ReadAsync<T>(Func<Session, Task<T>> body, CancellationToken stop);

    /// <summary>Runs reads that all see the same moment, for those who compare; they may read whole tables.</summary>
    public abstract Task<T> SnapshotAsync<T>(Func<Session, Task<T>> body, CancellationToken stop);

    /// <summary>The same for what reads everything: beside writers, for as long as it takes, and in little memory.</summary>
    /// <remarks>
    /// Rows come as they are asked for. Statements walk along the keys of tables. On SQLite the log cannot begin anew meanwhile, and
    /// grows by what is written: see <see cref="LogLength"/>.
    /// </remarks>
    public abstract Task<T> WholeSnapshotAsync<T>(Func<Session, Task<T>> body, CancellationToken stop);

    /// <summary>How long the log is that cannot begin anew while a snapshot is read, in bytes; 0 where there is none.</summary>
    public virtual long LogLength => 0;

    /// <summary>How long that log may become before the disk is too full for the service.</summary>
    public virtual long RoomForLog => long.MaxValue;

    /// <summary>Runs <paramref name="body"/> in one transaction of its own; when this returns, it is durable.</summary>
    /// <remarks>Once the commit is sent, nothing takes it back: neither a timeout nor <paramref name="stop"/>.</remarks>
    /// <exception cref="OverloadedException">The write queue is full; nothing was done.</exception>
    /// <exception cref="OutcomeUnknownException">The commit was sent, and what became of it is not known.</exception>
    /// <exception cref="HeldException">Nothing is to be written just now.</exception>
    public Task<T> WriteAsync<T>(Func<Session, Task<T>> body, CancellationToken stop) =>
        _hold() is { } hold ? Task.FromException<T>(new HeldException(hold.Because, hold.Cause)) : WriteAnywayAsync(body, stop);

    /// <summary>The same for what must be written even while all else is held up, such as the lease of a worker number.</summary>
    public abstract Task<T> WriteAnywayAsync<T>(Func<Session, Task<T>> body, CancellationToken stop);

    /// <summary>Refuses writes for as long as there is a reason.</summary>
    public void HoldWhile(Func<Hold?> hold) => _hold = hold;

    /// <summary>What the engine's own clock says; null where it has none.</summary>
    public virtual Task<DateTimeOffset?> ClockAsync(CancellationToken stop) => Task.FromResult<DateTimeOffset?>(null);

    /// <summary>A kind of write of which many are committed together. See <see cref="WriteGroup{TRequest,TOutcome}"/>.</summary>
    /// <param name="key">Requests with the same key are never run by two batches of this process at once.</param>
    /// <param name="run">Gives one outcome per request, in their order. It may be run again after a failure.</param>
    public WriteGroup<TRequest, TOutcome> Group<TRequest, TOutcome>(
        Func<TRequest, long> key, Func<Session, IReadOnlyList<TRequest>, Task<TOutcome[]>> run) => new(
        key, run, write =>
        {
            if (_hold() is { } hold) throw new HeldException(hold.Because, hold.Cause);
            Enqueue(write);
        });

    /// <summary>Lets a write of a group wait for its batch.</summary>
    /// <exception cref="OverloadedException">The write queue is full.</exception>
    protected abstract void Enqueue(PendingWrite write);

    /// <summary>Whether <paramref name="error"/> means that the store cannot be reached, read or written just now.</summary>
    public bool IsUnavailable(Exception error) => error is StoreUnavailableException || IsFault(error);

    /// <inheritdoc cref="IsUnavailable"/>
    /// <remarks>Asked of errors that are the engine's own.</remarks>
    protected abstract bool IsFault(Exception error);

    /// <summary>Turns the few words of a migration that the engines spell differently into this engine's.</summary>
    public abstract string Translate(string migration);

    /// <summary>Lists all columns: table, name, type, and the place in the primary key, counted from 1, or 0.</summary>
    public abstract string ListColumns { get; }

    /// <summary>Lists the indexes that no key made: name, table, and the statement that makes each.</summary>
    public abstract string ListIndexes { get; }

    /// <summary>Runs <paramref name="body"/> while no other process migrates the same store.</summary>
    public abstract Task<T> MigrateAsync<T>(Func<Session, Task<T>> body, CancellationToken stop);

    /// <summary>Tells other processes on this store something, soon after; those that do not listen just then never hear it.</summary>
    /// <param name="channel">A lower-case word.</param>
    /// <param name="text">At most 7,999 bytes.</param>
    /// <param name="stop">Gives up.</param>
    public abstract Task NotifyAsync(string channel, string text, CancellationToken stop);

    /// <summary>Hands what other processes tell to <paramref name="heard"/>, until it is stopped or the connection is lost.</summary>
    /// <param name="channel">As for <see cref="NotifyAsync"/>.</param>
    /// <param name="listening">Called once, when nothing is missed any more: the time to look for what was told before.</param>
    /// <param name="heard">Gets each text.</param>
    /// <param name="stop">Ends it.</param>
    public abstract Task ListenAsync(string channel, Action listening, Action<string> heard, CancellationToken stop);

    /// <summary>Problems of durability or of the files themselves, for <c>doctor</c>; none when all is well.</summary>
    public abstract Task<IReadOnlyList<string>> InspectAsync(CancellationToken stop);

    /// <summary>Takes out of the log what was overwritten in the store, as far as nobody reads an older state.</summary>
    /// <returns>False while someone does: the log still holds it.</returns>
    public virtual Task<bool> EmptyLogAsync(CancellationToken stop) => Task.FromResult(true);

    /// <summary>Has the database's planner learn of tables that have grown since it last knew anything of them.</summary>
    /// <returns>How many.</returns>
    public virtual Task<int> AnalyzeNewTablesAsync(CancellationToken stop) => Task.FromResult(0);

    /// <summary>Has its writes measured from now on.</summary>
    /// <param name="meter">The store's.</param>
    /// <param name="name">What this one is called in metrics.</param>
    public abstract void Measure(Meter meter, string name);

    /// <summary>The slowest commit of the last minute or two; zero when nothing was written.</summary>
    public abstract TimeSpan SlowestCommit { get; }

    /// <summary>How many bytes of the log of writes the slowest standby has still to apply; null where there is none, or where this role may not see them.</summary>
    public virtual Task<long?> StandbyBehindAsync(CancellationToken stop) => Task.FromResult<long?>(null);

    /// <summary>The process is to end: after that time, commits that hang are waited for no longer.</summary>
    public abstract void EndWaitingIn(TimeSpan time);

    public abstract ValueTask DisposeAsync();
}
