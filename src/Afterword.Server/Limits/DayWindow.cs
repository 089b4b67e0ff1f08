namespace Afterword.Server.Limits;

/// <summary>A window of 24 hours, counted from the first that was stored in it, while a batch counts.</summary>
internal sealed class DayWindow
{
    /// <summary>The length of a window, in milliseconds.</summary>
    public const long Length = 24 * 3_600_000;

    private DayWindow(long startedAt, long used) => (StartedAt, Used) = (startedAt, used);

    /// <summary>Unix milliseconds.</summary>
    public long StartedAt { get; }

    public long Used { get; private set; }

    /// <summary>The stored window, or a new one where that has ended, nothing was counted in it, or a wrong clock began it in the future.</summary>
    public static DayWindow At(long now, long startedAt, long used) =>
        used == 0 || now >= startedAt + Length || startedAt > now + RateWindows.Ahead ? new(now, 0) : new(startedAt, used);

    /// <summary>Uses one of <paramref name="most"/>; false when none is left.</summary>
    public bool TryCount(long most)
    {
        if (Used >= most) return false;

        Used++;
        return true;
    }

    public LimitState StateFor(long most) => new(most, Used, StartedAt + Length);
}
