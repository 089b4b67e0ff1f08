using Afterword.Server.Sandbox;

namespace Afterword.Server.Tests.Sandboxes;

/// <summary>A parser refuses a time below zero already; the clock does not rely on that.</summary>
public sealed class SandboxClockTests
{
    [Fact]
    public void It_is_moved_forward_only_and_ten_years_at_most()
    {
        var clock = new SandboxClock(TimeProvider.System);

        Assert.True(clock.TryMove(TimeSpan.FromHours(1)));
        Assert.All((TimeSpan[])[TimeSpan.FromTicks(-1), TimeSpan.MinValue, SandboxClock.MostAhead, TimeSpan.MaxValue], by => Assert.False(clock.TryMove(by)));
        Assert.Equal(TimeSpan.FromHours(1), clock.Ahead);
        Assert.True(clock.TryMove(SandboxClock.MostAhead - TimeSpan.FromHours(1)));
    }
}
