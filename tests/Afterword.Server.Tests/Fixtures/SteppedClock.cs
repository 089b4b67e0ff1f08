using Microsoft.Extensions.Time.Testing;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>A clock for one service that waits, works and waits again: it goes on when the service waits.</summary>
internal sealed class SteppedClock : FakeTimeProvider
{
    private readonly SemaphoreSlim _waits = new(0);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _waits.Release();
        return timer;
    }

    /// <summary>Returns when the service has done its work and waits.</summary>
    public async Task WaitingAsync()
    {
        await _waits.WaitAsync(TestContext.Current.CancellationToken);
        _waits.Release();
    }

    /// <summary>Lets time pass once the service waits.</summary>
    public async Task StepAsync(TimeSpan by)
    {
        await _waits.WaitAsync(TestContext.Current.CancellationToken);
        Advance(by);
    }
}
