namespace Afterword.Server.Sandbox;

/// <summary>A clock that goes as the machine's does, ahead of it by as much as it was moved. It is never set back.</summary>
/// <remarks>Waits take as long as ever: what is due by this clock is found at the next look, within a second or two.</remarks>
internal sealed class SandboxClock(TimeProvider machine) : TimeProvider
{
    /// <summary>Ten years: ids have room for more, and no rule, card or retention looks further.</summary>
    public static readonly TimeSpan MostAhead = TimeSpan.FromDays(3_653);

    private long _ahead;

    public TimeSpan Ahead => TimeSpan.FromTicks(Volatile.Read(ref _ahead));

    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    public override long TimestampFrequency => machine.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => machine.GetUtcNow() + Ahead;

    public override long GetTimestamp() => machine.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>Moves it forward; false when it would be too far ahead.</summary>
    public bool TryMove(TimeSpan by)
    {
        while (true)
        {
            var ahead = Volatile.Read(ref _ahead);
            if (by < TimeSpan.Zero || by > MostAhead - TimeSpan.FromTicks(ahead)) return false;
            if (Interlocked.CompareExchange(ref _ahead, ahead + by.Ticks, ahead) == ahead) return true;
        }
    }
}
