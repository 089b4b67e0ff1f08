using System.Globalization;

namespace Afterword.Support;

/// <summary>A clock that stands still until a test moves it. What was measured with it moves along.</summary>
internal sealed class ManualClock(string start) : TimeProvider
{
    private long _ticks = DateTimeOffset.Parse(start, CultureInfo.InvariantCulture).UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    /// <summary>Sets the clock, backwards too, as an operator might.</summary>
    public void Set(DateTimeOffset now) => Interlocked.Exchange(ref _ticks, now.UtcTicks);
}
