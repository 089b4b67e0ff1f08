namespace Afterword.Server.Storage;

/// <summary>A write that waits for its batch.</summary>
internal abstract class PendingWrite
{
    /// <summary>The kind it belongs to, or null when it is run by itself.</summary>
    public WriteGroup? Group { get; init; }

    /// <summary>Writes with the same key keep out of each other's way.</summary>
    public long Key { get; init; }

    /// <summary>Tells the caller that its write is durable.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception error);
}

/// <summary>A write that has one body of its own.</summary>
internal sealed class SingleWrite<T>(Func<Session, Task<T>> body) : PendingWrite, ISingleWrite
{
    // Callers continue on the pool: the thread that commits must not run their code.
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _outcome;

    public Task<T> Done => _done.Task;

    public async Task RunAsync(Session session) => _outcome = await body(session);

    public override void Complete() => _done.TrySetResult(_outcome!);

    public override void Fail(Exception error) => _done.TrySetException(error);
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
        private readonly TaskCompletionSource<TOutcome> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TRequest Request => request;

        public TOutcome? Outcome { get; set; }

        public Task<TOutcome> Done => _done.Task;

        public override void Complete() => _done.TrySetResult(Outcome!);

        public override void Fail(Exception error) => _done.TrySetException(error);
    }
}
