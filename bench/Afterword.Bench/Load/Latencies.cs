using System.Diagnostics;

namespace Afterword.Bench.Load;

/// <summary>Counts latencies in whole microseconds, up to a second; longer ones count as a second.</summary>
internal sealed class Latencies
{
    private const int Most = 1_000_000;

    private readonly int[] _counts = new int[Most + 1];
    private long _total;

    public double MaxMillis { get; private set; }

    public void Add(long ticks)
    {
        var micros = ticks * 1_000_000 / Stopwatch.Frequency;
        _counts[Math.Min(micros, Most)]++;
        _total++;
        MaxMillis = Math.Max(MaxMillis, micros / 1000.0);
    }

    /// <summary>The latency in milliseconds that <paramref name="share"/> of the requests did not exceed; 0 when there are none.</summary>
    public double Percentile(double share)
    {
        var wanted = (long)Math.Ceiling(_total * share);
        long seen = 0;
        for (var i = 0; i <= Most && wanted > 0; i++)
        {
            seen += _counts[i];
            if (seen >= wanted) return i / 1000.0;
        }

        return 0;
    }
}
