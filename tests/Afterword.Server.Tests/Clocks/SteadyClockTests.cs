using Afterword.Server.Storage;

namespace Afterword.Server.Tests.Clocks;

/// <summary>Which readings of a clock are taken for the time.</summary>
public sealed class SteadyClockTests
{
    private static readonly TimeSpan s_jump = TimeSpan.FromHours(3);

    private readonly TwoHands _machine = new();
    private readonly SteadyClock _clock;
    private TimeSpan _asleep;

    public SteadyClockTests() => _clock = new(_machine, () => _asleep);

    [Fact]
    public void One_wrong_reading_is_not_the_time_and_holds_up_nobody_once_it_is_gone()
    {
        _machine.Pass(TimeSpan.FromMinutes(2));
        _machine.Wall += TimeSpan.FromDays(3_650);

        Assert.Equal(TwoHands.Start.AddMinutes(2), _clock.GetUtcNow());
        Assert.Contains("3,650 days", _clock.HeldBecause, StringComparison.Ordinal);
        Assert.Contains("afterword clock accept", _clock.HeldBecause, StringComparison.Ordinal);

        _machine.Wall -= TimeSpan.FromDays(3_650);
        Assert.Null(_clock.HeldBecause);
        Assert.Equal(TwoHands.Start.AddMinutes(2), _clock.GetUtcNow());
    }

    [Fact]
    public void A_clock_that_goes_on_for_a_minute_after_a_jump_is_believed()
    {
        _machine.Wall += s_jump;
        Assert.NotNull(_clock.HeldBecause);
        _machine.Pass(TimeSpan.FromSeconds(59));
        Assert.NotNull(_clock.HeldBecause);
        Assert.Equal(TwoHands.Start.AddSeconds(59), _clock.GetUtcNow());

        _machine.Pass(TimeSpan.FromSeconds(1));

        Assert.Null(_clock.HeldBecause);
        Assert.Equal(TwoHands.Start + s_jump + TimeSpan.FromMinutes(1), _clock.GetUtcNow());
    }

    [Fact]
    public void A_clock_that_jumps_again_has_to_go_on_for_a_minute_anew()
    {
        _machine.Wall += s_jump;
        Assert.NotNull(_clock.HeldBecause);
        _machine.Pass(TimeSpan.FromSeconds(50));
        _machine.Wall += s_jump;
        Assert.NotNull(_clock.HeldBecause);
        _machine.Pass(TimeSpan.FromSeconds(50));
        Assert.NotNull(_clock.HeldBecause);
        _machine.Pass(TimeSpan.FromSeconds(10));
        Assert.Null(_clock.HeldBecause);
    }

    [Fact]
    public void A_machine_that_hears_the_time_soon_after_the_start_is_believed_after_a_minute()
    {
        _machine.Pass(TimeSpan.FromMinutes(9));
        _machine.Wall += TimeSpan.FromDays(30);
        Assert.NotNull(_clock.HeldBecause);

        _machine.Pass(TimeSpan.FromMinutes(1));

        Assert.Null(_clock.HeldBecause);
    }

    [Fact]
    public void A_jump_of_more_than_a_day_needs_a_person()
    {
        _machine.Pass(TimeSpan.FromMinutes(11));
        Assert.Null(_clock.HeldBecause);
        _machine.Wall += TimeSpan.FromDays(30);
        Assert.NotNull(_clock.HeldBecause);
        _machine.Pass(TimeSpan.FromHours(20));
        Assert.NotNull(_clock.HeldBecause);

        _clock.Accept();

        Assert.Null(_clock.HeldBecause);
        Assert.Equal(_machine.Wall, _clock.GetUtcNow());
    }

    [Fact]
    public void A_machine_that_slept_is_believed_at_once()
    {
        _machine.Wall += TimeSpan.FromDays(30);
        _asleep += TimeSpan.FromDays(30);

        Assert.Null(_clock.HeldBecause);
        Assert.Equal(_machine.Wall, _clock.GetUtcNow());
    }

    [Fact]
    public void Small_steps_are_followed_either_way()
    {
        foreach (var minutes in new[] { 4, -4, 5, -5 })
        {
            _machine.Wall += TimeSpan.FromMinutes(minutes);
            Assert.Equal(_machine.Wall, _clock.GetUtcNow());
            Assert.Null(_clock.HeldBecause);
            _machine.Pass(TimeSpan.FromSeconds(2));
        }
    }

    [Fact]
    public void One_wrong_reading_of_the_past_does_not_make_the_right_one_look_like_a_jump()
    {
        _machine.Wall -= s_jump;
        Assert.Equal(_machine.Wall, _clock.GetUtcNow());
        Assert.Null(_clock.HeldBecause);
        _machine.Pass(TimeSpan.FromSeconds(2));

        _machine.Wall += s_jump;

        Assert.Null(_clock.HeldBecause);
        Assert.Equal(_machine.Wall, _clock.GetUtcNow());
    }

    [Fact]
    public void A_machine_says_how_long_it_has_slept()
    {
        Assert.InRange(MachineSleep.Total(), TimeSpan.FromSeconds(-1), TimeSpan.FromDays(10_000));
        Assert.InRange((MachineSleep.Total() - MachineSleep.Total()).Duration(), TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    /// <summary>A machine with a wall clock that anybody can set and one that only runs.</summary>
    private sealed class TwoHands : TimeProvider
    {
        public static readonly DateTimeOffset Start = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

        private long _ticks;

        public DateTimeOffset Wall { get; set; } = Start;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan time)
        {
            Wall += time;
            _ticks += time.Ticks;
        }

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => _ticks;
    }
}
