using System.Diagnostics;

namespace Afterword.Server.Storage;

/// <summary>A write that waits for its batch.</summary>
internal abstract class PendingWrite
{
    private const int CompletedTogether = 16;

    /// <summary>The kind it belongs to, or null when it is run by itself.</summary>
    public WriteGroup? Group { get; init; }

    /// <summary>Writes with the same key keep out of each other's way.</summary>
    public long Key { get; init; }

    /// <summary>When it was handed in: a time stamp of <see cref="Stopwatch"/>.</summary>
    public long EnqueuedAt { get; } = Stopwatch.GetTimestamp();

    /// <summary>The span that waits for it; null where nobody collects it.</summary>
    public Activity? Caller { get; } = Tracing.Current;

    /// <summary>Tells the caller that its write is durable.</summary>
    protected abstract void Complete();

    protected abstract void Fail(Exception error);

    /// <summary>Tells the caller why its write was not done; like success, on the pool.</summary>
    public void FailLater(Exception error) => ThreadPool.UnsafeQueueUserWorkItem(static told => told.Write.Fail(told.Error), (Write: this, Error: error), preferLocal: false);

    /// <summary>Tells the callers of a committed batch.</summary>
    /// <remarks>
    /// They continue on the pool, several in a row on one thread: the thread that commits must not run their code, and waking a
    /// thread for each costs more than what most of them have left to do.
    /// </remarks>
    public static void CompleteAll(IReadOnlyList<PendingWrite> batch)
    {
        for (var start = 0; start < batch.Count; start += CompletedTogether)
        {
            var some = new PendingWrite[Math.Min(CompletedTogether, batch.Count - start)];
            for (var i = 0; i < some.Length; i++) some[i] = batch[start + i];
            ThreadPool.UnsafeQueueUserWorkItem(static some => Array.ForEach(some, write => write.Complete()), some, preferLocal: false);
        }
    }
}

/// <summary>A write that has one body of its own.</summary>
internal sealed class SingleWrite<T>(Func<Session, Task<T>> body) : PendingWrite, ISingleWrite
{
    private readonly TaskCompletionSource<T> _done = new();
    private T? _outcome;

    public Task<T> Done => _done.Task;

    public async Task RunAsync(Session session) => _outcome = await body(session);

    protected override void Complete() => _done.TrySetResult(_outcome!);

    protected override void Fail(Exception error) => _done.TrySetException(error);
}

/// <summary>What the writer needs of a <see cref="SingleWrite{T}"/> without knowing its type.</summary>
internal interface ISingleWrite
{
    Task RunAsync(Session session);
}

/// <summary>A kind of write of which many are committed together, so that one sync pays for all of them.</summary>
internal abstract class WriteGroup
{
    public abstract Task RunAsync(Session session, IReadOnlyList<PendingWrite> batch);
}

/// <inheritdoc cref="WriteGroup"/>
internal sealed class WriteGroup<TRequest, TOutcome>(
    Func<TRequest, long> key, Func<Session, IReadOnlyList<TRequest>, Task<TOutcome[]>> run, Action<PendingWrite> enqueue) : WriteGroup
{
    /// <summary>Waits until the request's batch is committed and gives what became of it.</summary>
    /// <exception cref="OverloadedException">The write queue is full; nothing was done.</exception>
    public Task<TOutcome> RunAsync(TRequest request)
    {
        var pending = new Pending(request) { Group = this, Key = key(request) };
        enqueue(pending);
        return pending.Done;
    }

    public override async Task RunAsync(Session session, IReadOnlyList<PendingWrite> batch)
    {
        var requests = new TRequest[batch.Count];
        for (var i = 0; i < requests.Length; i++) requests[i] = ((Pending)batch[i]).Request;

        var outcomes = await run(session, requests);

        for (var i = 0; i < requests.Length; i++) ((Pending)batch[i]).Outcome = outcomes[i];
    }

    private sealed class Pending(TRequest request) : PendingWrite
    {
        private readonly TaskCompletionSource<TOutcome> _done = new();

        public TRequest Request => request;

        public TOutcome? Outcome { get; set; }

        public Task<TOutcome> Done => _done.Task;

        protected override void Complete() => _done.TrySetResult(Outcome!);

        protected override void Fail(Exception error) => _done.TrySetException(error);
    }
}
