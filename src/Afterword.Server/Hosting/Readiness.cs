using Afterword.Server.Storage;

namespace Afterword.Server.Hosting;

/// <summary>Finds out whether the store can be read and written, by doing both.</summary>
internal sealed class Readiness(Store store, StoreWatch watch, WorkerLease lease, TimeProvider clock)
{
    // Whoever asks more often is told what was found: the route is open to all, a commit waits for the disk, and a read that hangs keeps a connection.
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    // Strangers hear no more of it: neither how wrong the clock is, nor which version runs elsewhere.
    private const string Held = "writes are held; see the log";

    private readonly Lock _lock = new();
    private Finding? _read;
    private Finding? _written;

    /// <summary>Why requests that only read cannot be served; null when they can. Anybody may hear it.</summary>
    public async Task<string?> WhyNoReadsAsync(CancellationToken stop)
    {
        try
        {
            return await FindAsync(ref _read, ReadAsync).WaitAsync(s_patience, clock, stop);
        }
        catch (TimeoutException)
        {
            return "reading from the store takes too long";
        }
    }

    /// <summary>Why requests that write cannot be served; null when they can. Anybody may hear it; <see cref="StoreWatch.Because"/> says more to operators.</summary>
    public async Task<string?> WhyNoWritesAsync(CancellationToken stop)
    {
        if (watch.Because is not null) return Held;
        if (store.Main.IsStalled) return "writes wait for the database";
        if (store.Main.IsFull) return "the write queue is full";
        if (!lease.Holds) return "this process holds no worker number";

        try
        {
            return await FindAsync(ref _written, WriteAsync).WaitAsync(s_patience, clock, stop);
        }
        catch (TimeoutException)
        {
            return "writing to the store takes too long";
        }
    }

    /// <summary>What was found just now or is being found out; else finds it out.</summary>
    private Task<string?> FindAsync(ref Finding? latest, Func<Task<string?>> find)
    {
        lock (_lock)
        {
            if (latest is null || (latest.Why.IsCompleted && clock.GetElapsedTime(latest.AskedAt) >= s_fresh)) latest = new(find(), clock.GetTimestamp());
            return latest.Why;
        }
    }

    private async Task<string?> ReadAsync()
    {
        try
        {
            await store.Main.ReadAsync(
                session => session.Sql("select seen_at from clock_reading where id = 1").FirstAsync(row => row.GetInt64(0), CancellationToken.None), CancellationToken.None);
            return null;
        }
        catch (Exception error) when (store.Faults.Tell(error))
        {
            return "the store cannot be read";
        }
    }

    private async Task<string?> WriteAsync()
    {
        try
        {
            await ClockReading.NoteAsync(store.Main, clock.GetUtcNow(), CancellationToken.None);
            return null;
        }
        catch (OverloadedException)
        {
            return "the write queue is full";
        }
        catch (HeldException)
        {
            return Held;
        }
        catch (Exception error) when (store.Faults.Tell(error))
        {
            return "the store cannot be written";
        }
    }

    private sealed record Finding(Task<string?> Why, long AskedAt);
}
