using System.Globalization;

namespace Afterword.Server.Storage;

/// <summary>The clock of a server: the machine's, but for a jump forward that nothing explains.</summary>
/// <remarks>
/// One wrong reading would put a sender's stamps into the future, and all that follow it (docs/decisions/0027). So each reading is
/// compared with the clock that nobody can set. While the two disagree by too much, the time goes on from where they agreed, and
/// <see cref="HeldBecause"/> says that nothing should be written.
/// </remarks>
/// <param name="machine">The machine's clock.</param>
/// <param name="asleep">How long the machine has slept since it was started: its other clock stood still meanwhile.</param>
internal sealed class SteadyClock(TimeProvider machine, Func<TimeSpan> asleep) : TimeProvider
{
    /// <summary>A jump that is followed without a word: what the clocks of clients may be off, too.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>How long a clock must go on after a jump to be believed: a wrong reading does not last.</summary>
    public static readonly TimeSpan Confirmation = TimeSpan.FromMinutes(1);

    /// <summary>The largest jump that is believed so. A machine that was halted for longer needs a person who says so.</summary>
    public static readonly TimeSpan MostConfirmed = TimeSpan.FromDays(1);

    /// <summary>The same soon after the start: a machine that has no clock while it is off hears the time when others are up.</summary>
    public static readonly TimeSpan MostAfterStart = TimeSpan.FromDays(366);

    private static readonly TimeSpan s_soonAfterStart = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_anchorFor = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly long _startedAt = machine.GetTimestamp();
    private Agreement _agreed = new(machine.GetUtcNow(), machine.GetTimestamp(), asleep());
    private Jump? _jump;

    /// <param name="machine">The machine's clock.</param>
    public SteadyClock(TimeProvider machine)
        : this(machine, MachineSleep.Total)
    {
    }

    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    public override long TimestampFrequency => machine.TimestampFrequency;

    /// <summary>Whether this is the time of the machine, and not one that a test made.</summary>
    public bool IsReal => ReferenceEquals(machine, System);

    /// <summary>What the machine's clock says, believed or not.</summary>
    public DateTimeOffset Claimed => machine.GetUtcNow();

    /// <summary>Why nothing should be written just now; null when all is well.</summary>
    public string? HeldBecause
    {
        get
        {
            // Looked at anew: a clock that is right again holds up nobody for longer.
            GetUtcNow();
            return Volatile.Read(ref _jump) is { } jump && jump.By > TimeSpan.Zero
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"This machine's clock went forward by {Length(jump.By)} at once. Writes wait until it is set back, {(jump.By <= MostOf(jump) ? "or has gone on for a minute" : "or somebody confirms it: afterword clock accept")}.")
                : null;
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        // In this order: when the process is stopped in between, the time is one that is past and not one that is to come.
        var wall = machine.GetUtcNow();
        var at = machine.GetTimestamp();
        var agreed = Volatile.Read(ref _agreed);
        var elapsed = machine.GetElapsedTime(agreed.At, at);
        if ((wall - agreed.Wall - elapsed).Duration() > Tolerance) return Judge(wall, at);

        if (Volatile.Read(ref _jump) is not null || elapsed > s_anchorFor) Agree(wall, at);
        return wall;
    }

    public override long GetTimestamp() => machine.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>Believes the machine's clock, because someone who knows has said that it is right.</summary>
    public void Accept() => Agree(machine.GetUtcNow(), machine.GetTimestamp());

    /// <summary>A length of time as a person says it.</summary>
    public static string Length(TimeSpan length) => length.Duration() switch
    {
        { TotalDays: >= 2 and var days } => string.Create(CultureInfo.InvariantCulture, $"{days:N0} days"),
        { TotalHours: >= 2 and var hours } => string.Create(CultureInfo.InvariantCulture, $"{hours:N0} hours"),
        { TotalMinutes: var minutes } => string.Create(CultureInfo.InvariantCulture, $"{minutes:N0} minutes"),
    };

    private DateTimeOffset Judge(DateTimeOffset wall, long at)
    {
        lock (_lock)
        {
            var agreed = _agreed;
            var expected = agreed.Wall + machine.GetElapsedTime(agreed.At, at) + (asleep() - agreed.Asleep);
            var by = wall - expected;
            if (by.Duration() <= Tolerance) return Agree(wall, at);

            // Set again meanwhile, it has to go on for as long anew.
            if (_jump is not { } jump || (wall - jump.To - machine.GetElapsedTime(jump.At, at)).Duration() > Tolerance) Volatile.Write(ref _jump, new(wall, at, by));
            else if (by <= MostOf(jump) && machine.GetElapsedTime(jump.At, at) >= Confirmation) return Agree(wall, at);

            // A clock that is set back harms no stamp: whoever stamps goes on from the latest.
            return by > TimeSpan.Zero ? expected : wall;
        }
    }

    private TimeSpan MostOf(Jump jump) => machine.GetElapsedTime(_startedAt, jump.At) < s_soonAfterStart ? MostAfterStart : MostConfirmed;

    private DateTimeOffset Agree(DateTimeOffset wall, long at)
    {
        lock (_lock)
        {
            Volatile.Write(ref _agreed, new(wall, at, asleep()));
            Volatile.Write(ref _jump, null);
            return wall;
        }
    }

    /// <summary>When both clocks agreed last.</summary>
    private sealed record Agreement(DateTimeOffset Wall, long At, TimeSpan Asleep);

    /// <summary>A disagreement: what the clock went to, when, and by how much.</summary>
    private sealed record Jump(DateTimeOffset To, long At, TimeSpan By);
}
