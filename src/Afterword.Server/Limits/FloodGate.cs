namespace Afterword.Server.Limits;

/// <summary>Holds back who calls too often: counts calls by key and minute, in fixed memory and without a lock.</summary>
/// <remarks>
/// A key counts in two places, which its hash chooses, and the smaller count is believed: keys that share one place seldom
/// share both. The hash is keyed anew in each process, so that nobody can aim at another's places. Counts are per node: a
/// gate against floods, not a promise like the documented limits.
/// </remarks>
/// <param name="most">Calls in a minute; 0 is no limit.</param>
/// <param name="clock">Tells the minute.</param>
internal sealed class FloodGate(long most, TimeProvider clock)
{
    private const int Places = 1 << 15;

    // The minute in the upper half, the calls in it in the lower.
    private readonly long[] _first = new long[Places];
    private readonly long[] _second = new long[Places];

    /// <summary>Counts a call; false when its key had too many in this minute.</summary>
    /// <param name="key">A hash that differs from process to process.</param>
    public bool TryPass(int key)
    {
        if (most == 0) return true;

        var minute = clock.GetUtcNow().ToUnixTimeSeconds() / 60;
        var first = Count(ref _first[key & (Places - 1)], minute);
        var second = Count(ref _second[(uint)key >> 17], minute);
        return Math.Min(first, second) <= most;
    }

    /// <summary>Whether its key may make another call. Counts nothing.</summary>
    public bool IsOpen(int key)
    {
        if (most == 0) return true;

        var minute = clock.GetUtcNow().ToUnixTimeSeconds() / 60;
        return Math.Min(Counted(ref _first[key & (Places - 1)], minute), Counted(ref _second[(uint)key >> 17], minute)) < most;
    }

    /// <summary>Seconds until the next minute, at least one.</summary>
    public long SecondsToWait => 60 - (clock.GetUtcNow().ToUnixTimeSeconds() % 60);

    private static long Counted(ref long place, long minute) => Volatile.Read(ref place) is var seen && seen >> 32 == minute ? seen & uint.MaxValue : 0;

    private static long Count(ref long place, long minute)
    {
        while (true)
        {
            var seen = Volatile.Read(ref place);
            var counted = seen >> 32 == minute ? seen + 1 : (minute << 32) + 1;
            if (Interlocked.CompareExchange(ref place, counted, seen) == seen) return counted & uint.MaxValue;
        }
    }
}
