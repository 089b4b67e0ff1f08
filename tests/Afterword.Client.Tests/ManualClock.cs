using System.Globalization;

namespace Afterword.Client.Tests;

/// <summary>A clock that stands still until somebody waits; then the time has passed at once and the wait is on record.</summary>
internal sealed class ManualClock(string start) : TimeProvider
{
    private readonly List<TimeSpan> _waits = [];
    private DateTimeOffset _now = DateTimeOffset.Parse(start, CultureInfo.InvariantCulture);

    public IReadOnlyList<TimeSpan> Waits => _waits;

    /// <summary>Called when somebody begins to wait; a test that cancels there sees the wait cut short.</summary>
    public Action? OnWait { get; init; }

    public override DateTimeOffset GetUtcNow() => _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _waits.Add(dueTime);
        if (OnWait is { } onWait)
        {
            onWait();
        }
        else
        {
            _now += dueTime;
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }

        return new Timer();
    }

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
