using Afterword.Server.Storage;

namespace Afterword.Server.Hosting;

/// <summary>Finds out whether the store can be read and written, by doing both.</summary>
internal sealed class Readiness(Store store, StoreWatch watch, WorkerLease lease, TimeProvider clock)
{
    // Whoever asks more often is told what was found: the route is open to all, and a commit waits for the disk.
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Task<string?>? _written;
    private long _writtenAt;

    /// <summary>Why requests that only read cannot be served; null when they can.</summary>
    public async Task<string?> WhyNoReadsAsync(CancellationToken stop)
    {
        try
        {
            await store.Main.ReadAsync(session => session.Sql("select seen_at from clock_reading where id = 1").FirstAsync(row => row.GetInt64(0), stop), stop);
            return null;
        }
        catch (Exception error) when (store.Faults.Tell(error))
        {
            return "the store cannot be read";
        }
    }

    /// <summary>Why requests that write cannot be served; null when they can.</summary>
    public async Task<string?> WhyNoWritesAsync(CancellationToken stop)
    {
        if (watch.Because is { } held) return held;
        if (store.Main.IsStalled) return "writes wait for the database";
        if (store.Main.IsFull) return "the write queue is full";
        if (!lease.Holds) return "this process holds no worker number";

        Task<string?> written;
        lock (_lock)
        {
            if (_written is null || (_written.IsCompleted && clock.GetElapsedTime(_writtenAt) >= s_fresh)) (_written, _writtenAt) = (WriteAsync(), clock.GetTimestamp());
            written = _written;
        }

        try
        {
            return await written.WaitAsync(s_patience, clock, stop);
        }
        catch (TimeoutException)
        {
            return "writing to the store takes too long";
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
        catch (HeldException error)
        {
            return error.Message;
        }
        catch (Exception error) when (store.Faults.Tell(error))
        {
            return "the store cannot be written";
        }
    }
}
