using System.Globalization;
using Microsoft.Extensions.Time.Testing;

namespace Afterword.Client.Tests;

/// <summary>A clock that stands still until someone waits; then the time has passed at once and the wait is on record.</summary>
internal sealed class ManualClock(string start) : FakeTimeProvider(DateTimeOffset.Parse(start, CultureInfo.InvariantCulture))
{
    private readonly List<TimeSpan> _waits = [];

    public IReadOnlyList<TimeSpan> Waits => _waits;

    /// <summary>Called when someone begins to wait; a test that cancels there sees the wait cut short.</summary>
    public Action? OnWait { get; init; }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _waits.Add(dueTime);
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (OnWait is { } onWait) onWait();
        else ThreadPool.QueueUserWorkItem(_ => Advance(dueTime));
        return timer;
    }
}
