namespace Afterword.Server.Reports.Rollups;

/// <summary>How long answers took, counted in buckets of two significant digits, so that the median as it is shown is exact.</summary>
/// <remarks>
/// A bucket is a time as it is written: 4.2 s, 42 s, 4.2 min, 42 min, 4.2 h, 14 h, 4.2 days. Rounding keeps the order, so the
/// median of the rounded times is the rounded median. They are kept as pairs of a bucket, told by its distance to the one before,
/// and how many are in it: two bytes or three for each bucket in use, whatever the number of answers.
/// </remarks>
internal sealed class ResponseTimes
{
    private const long Second = 1_000;
    private const long Minute = 60 * Second;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    // Each ends where the next begins, at a multiple of both steps: otherwise rounding could change the order.
    private static readonly Scale[] s_scales = Scales(
        (Second / 10, 10 * Second), (Second, Minute), (Minute / 10, 10 * Minute), (Minute, Hour), (Hour / 10, 10 * Hour), (Hour, Day), (Day / 10, 10 * Day), (Day, 100 * Day), (10 * Day, 1_000 * Day));

    private readonly SortedDictionary<int, long> _counts = [];

    /// <summary>How many there are.</summary>
    public long Count { get; private set; }

    /// <summary>Whether there is nothing to add.</summary>
    public bool IsEmpty => _counts.Count == 0;

    /// <summary>The bucket of a time; all beyond 990 days share the last one.</summary>
    /// <param name="millis">0 or more.</param>
    public static int BucketOf(long millis)
    {
        foreach (var (step, end, first, skipped) in s_scales)
        {
            var steps = (millis + (step / 2)) / step;
            if (steps * step < end) return (int)(first + steps - skipped);
        }

        return s_scales[^1].FirstBucket + (int)((s_scales[^1].End / s_scales[^1].Step) - s_scales[^1].Skipped) - 1;
    }

    /// <summary>The time that a bucket stands for, in milliseconds.</summary>
    public static long MillisOf(int bucket)
    {
        var (step, _, first, skipped) = Array.FindLast(s_scales, scale => scale.FirstBucket <= bucket)!;
        return (bucket - first + skipped) * step;
    }

    /// <param name="bucket">Of <see cref="BucketOf"/>.</param>
    /// <param name="count">How many; below zero takes away.</param>
    public void Add(int bucket, long count)
    {
        Count += count;
        var sum = _counts.GetValueOrDefault(bucket) + count;
        if (sum == 0) _counts.Remove(bucket);
        else _counts[bucket] = sum;
    }

    /// <param name="others">What is added.</param>
    /// <param name="sign">1 to add them, -1 to take them away.</param>
    public void Add(ResponseTimes others, int sign = 1)
    {
        foreach (var (bucket, count) in others._counts) Add(bucket, sign * count);
    }

    /// <summary>Adds what <see cref="ToBytes"/> gave.</summary>
    public void Add(ReadOnlySpan<byte> stored)
    {
        var bucket = 0;
        while (stored.Length > 0)
        {
            bucket += (int)Next(ref stored);
            Add(bucket, (long)Next(ref stored));
        }
    }

    /// <summary>The time at a rank, in milliseconds.</summary>
    /// <param name="rank">1 for the shortest, <see cref="Count"/> for the longest.</param>
    public long AtRank(long rank)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rank, Count);
        foreach (var (bucket, count) in _counts)
        {
            rank -= count;
            if (rank <= 0) return MillisOf(bucket);
        }

        throw new InvalidOperationException("The counts do not add up.");
    }

    /// <summary>As it is stored; null when there are none.</summary>
    public byte[]? ToBytes()
    {
        if (IsEmpty) return null;

        var bytes = new List<byte>(_counts.Count * 3);
        var last = 0;
        foreach (var (bucket, count) in _counts)
        {
            Put(bytes, (ulong)(bucket - last));
            Put(bytes, (ulong)count);
            last = bucket;
        }

        return [.. bytes];
    }

    private static void Put(List<byte> bytes, ulong number)
    {
        for (; number >= 0x80; number >>= 7) bytes.Add((byte)(number | 0x80));
        bytes.Add((byte)number);
    }

    private static ulong Next(ref ReadOnlySpan<byte> bytes)
    {
        var (number, shift) = (0UL, 0);
        while (true)
        {
            var one = bytes[0];
            bytes = bytes[1..];
            number |= (ulong)(one & 0x7F) << shift;
            if (one < 0x80) return number;
            shift += 7;
        }
    }

    private static Scale[] Scales(params ReadOnlySpan<(long Step, long End)> scales)
    {
        var made = new List<Scale>();
        var (bucket, begin) = (0, 0L);
        foreach (var (step, end) in scales)
        {
            made.Add(new(step, end, bucket, begin / step));
            bucket += (int)((end - begin) / step);
            begin = end;
        }

        return [.. made];
    }

    /// <param name="Skipped">Steps that lie before its begin.</param>
    private sealed record Scale(long Step, long End, int FirstBucket, long Skipped);
}
