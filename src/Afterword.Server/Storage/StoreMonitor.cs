namespace Afterword.Server.Storage;

/// <summary>Sees every few seconds whether this process may write: whether its clock can be right, and whether it knows the store's schema.</summary>
internal sealed partial class StoreMonitor : BackgroundService
{
    // Nobody leaves a server off for so long; who did says once that the clock is right.
    private static readonly TimeSpan s_longestRest = TimeSpan.FromDays(366);

    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_noteEvery = TimeSpan.FromSeconds(30);

    private readonly Store _store;
    private readonly SteadyClock _clock;
    private readonly ILogger<StoreMonitor> _log;
    private bool _looked;
    private long? _notedAt;
    private bool _restedTooLong;
    private Hold? _hold;

    public StoreMonitor(Store store, SteadyClock clock, ILogger<StoreMonitor> log)
    {
        (_store, _clock, _log) = (store, clock, log);
        ComparesWithDatabase = clock.IsReal;
        store.Main.HoldWhile(() => Hold);
    }

    /// <summary>Why nothing is written just now, though the store could be; null when it is.</summary>
    public Hold? Hold => Volatile.Read(ref _hold) ?? (_clock.HeldBecause is { } because ? new(ProblemCause.ClockRefused, because) : null);

    /// <summary>The same, or why nothing new can be made: there are no ids of this time.</summary>
    public Hold? HoldOrNoIds => Hold ?? (_store.Ids.WhyNone is { } because ? new(ProblemCause.ClockRefused, because) : null);

    public string? Because => Hold?.Because;

    /// <summary>Whether the clock of the database counts. A clock of a test shows another time than it.</summary>
    public bool ComparesWithDatabase { get; set; }

    /// <summary>Looks once. While the store cannot be read, what was known goes on to hold.</summary>
    public async Task LookAsync(CancellationToken stop)
    {
        try
        {
            var (reading, fits) = await _store.Main.ReadAsync(
                async session => (await ClockReading.FindAsync(session, stop), await Migrator.FitsAsync(session, "main", stop)), stop);
            var database = ComparesWithDatabase ? await _store.Main.ClockAsync(stop) : null;
            Volatile.Write(ref _hold, fits ? JudgeClock(reading, database) : new(ProblemCause.NewerSchema, "A newer version has changed the store in a way that this one does not know. Stop this one, or upgrade it."));
            if (Because is null && (_notedAt is not { } noted || _clock.GetElapsedTime(noted) >= s_noteEvery))
            {
                await ClockReading.NoteAsync(_store.Main, _clock.GetUtcNow(), stop);
                _notedAt = _clock.GetTimestamp();
            }
        }
        catch (Exception error) when (_store.Faults.Tell(error))
        {
            // Though nobody else reads or writes just now.
        }

        Tell();
    }

    /// <summary>Notes whether writes are held.</summary>
    public void Tell()
    {
        var hold = HoldOrNoIds;
        if (hold is not null) _store.Problems.Meet(hold.Cause, hold.Because);
        foreach (var cause in (ProblemCause[])[ProblemCause.ClockRefused, ProblemCause.NewerSchema])
        {
            if (hold?.Cause != cause) _store.Problems.End(cause);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PeriodicWork.RepeatAsync(s_every, _clock, LookAsync, error => Failed(_log, error), stoppingToken);

    private Hold? JudgeClock(ClockReading reading, DateTimeOffset? database)
    {
        // Other nodes say the same time, or an operator has said that it is right.
        if (_clock.HeldBecause is not null && (_clock.Claimed - reading.SeenAt).Duration() <= SteadyClock.Tolerance) _clock.Accept();

        var now = _clock.GetUtcNow();
        _restedTooLong = (!_looked || _restedTooLong) && reading.IsKnown && now - reading.SeenAt > s_longestRest;
        _looked = true;
        if (_restedTooLong)
        {
            return new(ProblemCause.ClockRefused, $"This machine's clock is {SteadyClock.Length(now - reading.SeenAt)} ahead of the store's last use. Writes wait until it is set right, or somebody confirms it: afterword clock accept.");
        }

        return database is { } other && now - other > SteadyClock.Tolerance + reading.Ahead
            ? new(ProblemCause.ClockRefused, $"This machine's clock is {SteadyClock.Length(now - other)} ahead of the database's. Writes wait until one of them is set right, or somebody confirms it: afterword clock accept.")
            : null;
    }

    [LoggerMessage(EventId = 1112, Level = LogLevel.Error, Message = "A look at clock and schema failed; the next one comes in five seconds.")]
    private static partial void Failed(ILogger log, Exception error);
}

/// <summary>What the store knows of the time: the newest reading of a clock that was believed.</summary>
/// <param name="SeenAt">When the store was last served; the first instant of all when it never was.</param>
/// <param name="Ahead">By how much more than the tolerance clocks may be ahead of the database's: an operator has said so.</param>
internal readonly record struct ClockReading(DateTimeOffset SeenAt, TimeSpan Ahead)
{
    public bool IsKnown => SeenAt > DateTimeOffset.UnixEpoch;

    public static Task<ClockReading> FindAsync(Session session, CancellationToken stop) =>
        session.Sql("select seen_at, ahead from clock_reading where id = 1")
            .FirstAsync(row => new ClockReading(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)), TimeSpan.FromMilliseconds(row.GetInt64(1))), stop);

    /// <summary>Writes a reading down, if it is newer.</summary>
    public static Task<int> NoteAsync(Database db, DateTimeOffset now, CancellationToken stop) => db.WriteAsync(
        session => session.Sql("update clock_reading set seen_at = case when seen_at < @now then @now else seen_at end where id = 1")
            .Bind("now", now.ToUnixTimeMilliseconds()).RunAsync(stop),
        stop);

    /// <summary>Takes a time for right, whatever was noted before.</summary>
    /// <param name="db">The store.</param>
    /// <param name="now">The time.</param>
    /// <param name="ahead">How far it is ahead of the database's clock; nothing where there is no other clock.</param>
    /// <param name="stop">Gives up.</param>
    public static Task<int> AcceptAsync(Database db, DateTimeOffset now, TimeSpan ahead, CancellationToken stop) => db.WriteAsync(
        session => session.Sql("update clock_reading set seen_at = @now, ahead = @ahead where id = 1")
            .Bind("now", now.ToUnixTimeMilliseconds()).Bind("ahead", (long)Math.Max(0, ahead.TotalMilliseconds)).RunAsync(stop),
        stop);
}
