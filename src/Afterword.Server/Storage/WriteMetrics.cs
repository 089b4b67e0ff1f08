using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Afterword.Server.Storage;

/// <summary>How long the writes of one database wait, how many of them share a commit, and how long that takes.</summary>
/// <param name="meter">The store's.</param>
/// <param name="store">Which of its databases: <c>main</c> or <c>admissions</c>.</param>
internal sealed class WriteMetrics(Meter meter, string store)
{
    /// <summary>Seconds: from a commit on a fast disk to one that nobody waits for any more.</summary>
    public static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] };

    /// <summary>How far the slowest commit looks back at least; at most twice as far.</summary>
    private static readonly TimeSpan s_recently = TimeSpan.FromMinutes(1);

    private static readonly InstrumentAdvice<long> s_batches = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] };

    private readonly KeyValuePair<string, object?> _store = new("store", store);
    private readonly Histogram<double> _wait = meter.CreateHistogram("afterword.write.wait", "s", "How long a write waited for its batch to begin.", null, Seconds);
    private readonly Histogram<long> _batch = meter.CreateHistogram("afterword.write.batch", "{writes}", "How many writes were committed together.", null, s_batches);
    private readonly Histogram<double> _commit = meter.CreateHistogram("afterword.write.commit", "s", "How long a commit took until it was durable.", null, Seconds);
    private readonly Lock _lock = new();
    private long _minuteBegan = Stopwatch.GetTimestamp();
    private long _slowest;
    private long _slowestBefore;

    /// <summary>The slowest commit of the last minute or two; zero when nothing was written.</summary>
    public TimeSpan SlowestCommit
    {
        get
        {
            lock (_lock)
            {
                TurnMinute();
                return Stopwatch.GetElapsedTime(0, Math.Max(_slowest, _slowestBefore));
            }
        }
    }

    /// <summary>A batch begins.</summary>
    public void Begin(IReadOnlyList<PendingWrite> batch)
    {
        if (_batch.Enabled) _batch.Record(batch.Count, _store);
        if (!_wait.Enabled) return;

        foreach (var write in batch) _wait.Record(Stopwatch.GetElapsedTime(write.EnqueuedAt).TotalSeconds, _store);
    }

    /// <summary>A commit has ended.</summary>
    /// <param name="began">A time stamp of <see cref="Stopwatch"/>.</param>
    public void Committed(long began)
    {
        var took = Stopwatch.GetTimestamp() - began;
        if (_commit.Enabled) _commit.Record(Stopwatch.GetElapsedTime(0, took).TotalSeconds, _store);
        lock (_lock)
        {
            TurnMinute();
            _slowest = Math.Max(_slowest, took);
        }
    }

    private void TurnMinute()
    {
        var elapsed = Stopwatch.GetElapsedTime(_minuteBegan);
        if (elapsed < s_recently) return;

        (_slowestBefore, _slowest) = (elapsed < 2 * s_recently ? _slowest : 0, 0);
        _minuteBegan = Stopwatch.GetTimestamp();
    }
}
