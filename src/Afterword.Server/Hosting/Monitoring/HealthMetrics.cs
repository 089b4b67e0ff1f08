using System.Diagnostics.Metrics;
using Afterword.Server.Backups;
using Afterword.Server.Channels.Email;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Hosting.Monitoring;

/// <summary>What must neither grow old nor run out.</summary>
/// <param name="Backup">What became of the backups that servers take by themselves.</param>
/// <param name="Key">The key that encrypts just now; null when there is none.</param>
/// <param name="WorkerNumbers">How many of the 1,024 are held.</param>
/// <param name="ClockAhead">How far this machine's clock is ahead of the database's, or of the time that it was believed to be.</param>
/// <param name="IsComparedWithDatabase">Whether it is the database's.</param>
/// <param name="StandbyBehind">How many bytes the slowest standby has still to apply; null where there is none to see.</param>
internal sealed record HealthReadings(BackupRun? Backup, ActiveKey? Key, long WorkerNumbers, TimeSpan ClockAhead, bool IsComparedWithDatabase, long? StandbyBehind);

/// <summary>Looks every half minute at backups, keys, worker numbers, clock and standbys, while someone measures them.</summary>
internal sealed partial class HealthMetrics : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(30);

    private readonly Store _store;
    private readonly StoreMonitor _watch;
    private readonly SteadyClock _clock;
    private readonly Settings _settings;
    private readonly EmailTransport _email;
    private readonly ILogger<HealthMetrics> _log;
    private readonly List<Instrument> _instruments = [];
    private volatile HealthReadings? _signs;

    public HealthMetrics(Store store, StoreMonitor watch, SteadyClock clock, Settings settings, EmailTransport email, ILogger<HealthMetrics> log)
    {
        (_store, _watch, _clock, _settings, _email, _log) = (store, watch, clock, settings, email, log);
        StartedAt = clock.GetUtcNow();
        Looked<double>("afterword.backup.age", "s", "How long ago the last backup was whole that a server took by itself.", signs => signs.Backup?.SucceededAt is { } at ? Math.Max(0, (clock.GetUtcNow() - at).TotalSeconds) : null);
        Looked<long>("afterword.backup.failed", "{backups}", "1 while the last backup that a server took by itself has failed, else 0.", signs => signs.Backup?.FailedAt is null ? 0 : 1);
        Looked<double>("afterword.key_ring.age", "s", "How old the key is that encrypts secrets and cookies.", signs => signs.Key is { } key ? (Secrets.Clock.GetUtcNow() - key.MadeAt).TotalSeconds : null);
        Looked<long>("afterword.worker_numbers.held", "{numbers}", "How many of the 1,024 worker numbers are held.", signs => signs.WorkerNumbers);
        Looked<double>("afterword.clock.offset", "s", "How far the clock of this machine is ahead of the database's, or of the time that was believed before it jumped.", signs => signs.ClockAhead.TotalSeconds);
        Looked<long>("afterword.standby.behind", "By", "What of the log of writes the slowest standby has still to apply.", signs => signs.StandbyBehind);
        Now<double>("afterword.mail.failing_for", "s", "How long every email has failed; 0 while the mail server takes them.", () => settings.Mail is null ? null : email.FailingSince is { } since ? Math.Max(0, (clock.GetUtcNow() - since).TotalSeconds) : 0);
        Now<long>("afterword.disk.free", "By", "Room on the disk of the store.", () => FreeSpace);
        store.Problems.Meter.CreateObservableGauge<double>(
            "afterword.write.commit.slowest", () => (Measurement<double>[])[Slowest("main", store.Main), Slowest("admissions", store.Nonces)], "s", "The slowest commit of the last minute or two.");
    }

    /// <summary>When this server began.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>How many bytes a folder's disk has left.</summary>
    public Func<string, long> RoomOf { get; set; } = DiskRoom.Of;

    /// <summary>Since when no email has got through; null while they do, or where there is no mail server.</summary>
    public DateTimeOffset? EmailFailingSince => _settings.Mail is null ? null : _email.FailingSince;

    /// <summary>What the disk of a SQLite store has left; null on PostgreSQL, whose disk is another machine's, and where nobody can tell.</summary>
    public long? FreeSpace
    {
        get
        {
            if (_settings.Database is not null) return null;

            try
            {
                return RoomOf(_settings.Data) is var room and < long.MaxValue ? room : null;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>Looks once, for those who measure.</summary>
    public async Task LookAsync(CancellationToken stop) => _signs = await FindAsync(stop);

    public async Task<HealthReadings> FindAsync(CancellationToken stop)
    {
        var (ahead, isDatabases) = await ClockAheadAsync(stop);
        var behind = await _store.Main.StandbyBehindAsync(stop);
        return await _store.Main.ReadAsync(
            async session => new HealthReadings(
                await BackupRun.FindAsync(session, stop), await KeyRing.FindInForceAsync(session, Secrets.Clock.GetUtcNow(), stop),
                await WorkerLease.CountHeldAsync(session, _clock.GetUtcNow(), stop), ahead, isDatabases, behind),
            stop);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PeriodicWork.RepeatAsync(
        s_every, _clock, stop => _instruments.Exists(instrument => instrument.Enabled) ? LookAsync(stop) : Task.CompletedTask, RoundFailed, stoppingToken, atOnce: true);

    // The database was asked in the middle of the time that this took.
    private async Task<(TimeSpan Ahead, bool IsDatabases)> ClockAheadAsync(CancellationToken stop)
    {
        var before = _clock.Claimed;
        if (_watch.ComparesWithDatabase && await _store.Main.ClockAsync(stop) is { } other) return (before + ((_clock.Claimed - before) / 2) - other, true);

        return (_clock.Claimed - _clock.GetUtcNow(), false);
    }

    private static Measurement<double> Slowest(string name, Database db) => new(db.SlowestCommit.TotalSeconds, new KeyValuePair<string, object?>("store", name));

    private void Looked<T>(string name, string unit, string what, Func<HealthReadings, T?> value)
        where T : struct => Now<T>(name, unit, what, () => _signs is { } signs ? value(signs) : null);

    /// <summary>Measures what there is a value of.</summary>
    private void Now<T>(string name, string unit, string what, Func<T?> value)
        where T : struct => _instruments.Add(_store.Problems.Meter.CreateObservableGauge<T>(name, () => value() is { } known ? [new(known)] : (IEnumerable<Measurement<T>>)[], unit, what));

    private void RoundFailed(Exception error)
    {
        if (!_store.Faults.Tell(error)) LookFailed(_log, error);
    }

    [LoggerMessage(EventId = 1118, Level = LogLevel.Error, Message = "A look at backups, keys, worker numbers, clock and standbys failed; the next one comes in half a minute. Until then metrics show what was found before.")]
    private static partial void LookFailed(ILogger log, Exception error);
}
