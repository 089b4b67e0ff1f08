using Afterword.Server.OAuth;
using Afterword.Server.Storage;

namespace Afterword.Server.Hosting.Monitoring;

/// <summary>Why a request cannot be served.</summary>
/// <param name="Cause">For operators.</param>
/// <param name="Words">The few that anybody may hear: neither how wrong the clock is, nor which version runs elsewhere.</param>
internal sealed record Unready(ProblemCause Cause, string Words)
{
    public static Unready Held(ProblemCause cause) => new(cause, "writes are held; see the log");
}

/// <summary>Finds out whether the store can be read and written, by doing both: its data, and the nonces of signed requests, which are in a file or connections of their own.</summary>
internal sealed class Readiness(Store store, StoreMonitor watch, WorkerLease lease, NonceStore nonceStore, TimeProvider clock)
{
    // Whoever asks more often is told what was found: the route is open to all, a commit waits for the disk, and a read that hangs keeps a connection.
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Finding? _read;
    private Finding? _written;

    /// <summary>Why requests that only read cannot be served; null when they can.</summary>
    public async Task<Unready?> WhyNoReadsAsync(CancellationToken stop)
    {
        try
        {
            return await FindAsync(ref _read, ReadAsync).WaitAsync(s_patience, clock, stop);
        }
        catch (TimeoutException)
        {
            return NoAnswer("reading from the store takes too long");
        }
    }

    /// <summary>Why requests that write cannot be served; null when they can.</summary>
    public async Task<Unready?> WhyNoWritesAsync(CancellationToken stop)
    {
        if (watch.HoldOrNoIds is { } hold) return Unready.Held(hold.Cause);
        if ((store.Main.StalledBy ?? store.Nonces.StalledBy) is { } stalled) return new(stalled, "writes wait for the database");
        if (store.Main.IsFull || store.Nonces.IsFull) return Full();
        if (!lease.Holds) return new(ProblemCause.WorkerNumberLost, "this process holds no worker number");

        try
        {
            return await FindAsync(ref _written, WriteAsync).WaitAsync(s_patience, clock, stop);
        }
        catch (TimeoutException)
        {
            return NoAnswer("writing to the store takes too long");
        }
    }

    /// <summary>What was found just now or is being found out; else finds it out.</summary>
    /// <remarks>On SQLite a read runs on the thread that asks for it: a disk that hangs must keep neither the caller nor the lock.</remarks>
    private Task<Unready?> FindAsync(ref Finding? latest, Func<Task<Unready?>> find)
    {
        lock (_lock)
        {
            if (latest is null || (latest.Why.IsCompleted && clock.GetElapsedTime(latest.AskedAt) >= s_fresh)) latest = new(Task.Run(find), clock.GetTimestamp());
            return latest.Why;
        }
    }

    private async Task<Unready?> ReadAsync()
    {
        try
        {
            await store.Main.ReadAsync(
                session => session.Sql("select seen_at from clock_reading where id = 1").FirstAsync(row => row.GetInt64(0), CancellationToken.None), CancellationToken.None);
            await nonceStore.ProbeReadAsync(CancellationToken.None);
            return null;
        }
        catch (Exception error) when (store.Faults.Tell(error))
        {
            return new(ProblemCauses.Of(error), "the store cannot be read");
        }
    }

    private async Task<Unready?> WriteAsync()
    {
        try
        {
            await ClockReading.NoteAsync(store.Main, clock.GetUtcNow(), CancellationToken.None);
            await nonceStore.ProbeWriteAsync(CancellationToken.None);
            return null;
        }
        catch (OverloadedException)
        {
            return Full();
        }
        catch (HeldException held)
        {
            return Unready.Held(held.Cause);
        }
        catch (Exception error) when (store.Faults.Tell(error))
        {
            return new(ProblemCauses.Of(error), "the store cannot be written");
        }
    }

    private static Unready Full() => new(ProblemCause.OverCapacity, "the write queue is full");

    private Unready NoAnswer(string words)
    {
        store.Problems.Meet(ProblemCause.NoAnswer);
        return new(ProblemCause.NoAnswer, words);
    }

    private sealed record Finding(Task<Unready?> Why, long AskedAt);
}
