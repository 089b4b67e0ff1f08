using System.Globalization;
using Microsoft.Extensions.Time.Testing;

namespace Afterword.Support;

/// <summary>A clock that stands still until a test moves it. What was measured with it moves along.</summary>
/// <remarks>
/// Timers go by the machine's time: the work that a server does beside its requests must not start in the middle of a test
/// because the test moved the clock by a day.
/// </remarks>
internal sealed class ManualClock(string start) : FakeTimeProvider(DateTimeOffset.Parse(start, CultureInfo.InvariantCulture))
{
    /// <summary>How wrong the wall clock is. What is measured with it is right all the same.</summary>
    public TimeSpan OffBy { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + OffBy;

    public override long GetTimestamp() => base.GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, dueTime, period);
}
