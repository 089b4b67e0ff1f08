using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Server.Storage;

/// <summary>A cause that holds, or held.</summary>
/// <param name="Cause">Which.</param>
/// <param name="Since">When it was first met.</param>
/// <param name="Until">When it was over; null while it holds.</param>
/// <param name="Times">How often it was met in that time.</param>
/// <param name="Detail">What there is to say besides; null for nothing.</param>
public sealed record Problem(ProblemCause Cause, DateTimeOffset Since, DateTimeOffset? Until, long Times, string? Detail);

/// <summary>What is wrong just now and since when: one log line when it begins and one when it is over, a metric, and what the page Health shows.</summary>
internal sealed partial class Problems : IDisposable
{
    /// <summary>The name under which collectors find the metrics.</summary>
    public const string MeterName = "Afterword";

    // A cause that comes and goes with each request is told as one.
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _clock;
    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _met;
    private readonly Lock _lock = new();
    private readonly Dictionary<ProblemCause, Problem> _latest = [];
    private readonly Dictionary<ProblemCause, long> _metAt = [];

    public Problems(TimeProvider clock)
    {
        _clock = clock;
        _met = _meter.CreateCounter<long>("afterword.trouble.met", "{times}", "How often a request or a service met a cause.");
        _meter.CreateObservableGauge("afterword.trouble", Measure, "{cause}", "1 while a cause holds, 0 while it does not.");
    }

    /// <summary>Where it is told; nowhere until the server has a log.</summary>
    public ILogger Log { get; set; } = NullLogger.Instance;

    /// <summary>Whose metrics these are, where several servers run in one process.</summary>
    public Meter Meter => _meter;

    /// <summary>What holds, and what is over, the newest first; of each cause the latest time.</summary>
    public IReadOnlyList<Problem> All
    {
        get
        {
            lock (_lock) return [.. _latest.Values.OrderByDescending(problem => problem.Since)];
        }
    }

    public bool Holds(ProblemCause cause)
    {
        lock (_lock) return _latest.TryGetValue(cause, out var problem) && problem.Until is null;
    }

    /// <summary>Notes that a cause holds, and tells the log when it begins.</summary>
    public void Meet(ProblemCause cause, string? detail = null)
    {
        _met.Add(1, Tag(cause));
        lock (_lock)
        {
            _metAt[cause] = _clock.GetTimestamp();
            if (_latest.TryGetValue(cause, out var problem) && problem.Until is null)
            {
                _latest[cause] = problem with { Times = problem.Times + 1, Detail = detail ?? problem.Detail };
                return;
            }

            _latest[cause] = new(cause, _clock.GetUtcNow(), null, 1, detail);
            Began(Log, cause.EndsByItself ? LogLevel.Warning : LogLevel.Error, cause.Name, cause.Title, cause.Advice, detail ?? "");
        }
    }

    /// <summary>Notes that a cause is over, if it held.</summary>
    public void End(ProblemCause cause)
    {
        lock (_lock)
        {
            if (!_latest.TryGetValue(cause, out var problem) || problem.Until is not null) return;

            var now = _clock.GetUtcNow();
            _latest[cause] = problem with { Until = now };
            Ended(Log, cause.Name, (long)(now - problem.Since).TotalSeconds, problem.Times);
        }
    }

    /// <summary>Ends those causes that nobody can see, and that nothing has met for a while.</summary>
    public void EndQuiet()
    {
        foreach (var cause in ProblemCauses.All)
        {
            bool isQuiet;
            lock (_lock) isQuiet = !cause.IsSeen && _metAt.TryGetValue(cause, out var at) && _clock.GetElapsedTime(at) >= s_quiet;
            if (isQuiet) End(cause);
        }
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<int>> Measure() => ProblemCauses.All.Select(cause => new Measurement<int>(Holds(cause) ? 1 : 0, Tag(cause)));

    private static KeyValuePair<string, object?> Tag(ProblemCause cause) => new("cause", cause.Name);

    [LoggerMessage(EventId = 1114, Message = "Trouble {Cause}: {Title} {Advice} {Detail}")]
    private static partial void Began(ILogger log, LogLevel level, string cause, string title, string advice, string detail);

    [LoggerMessage(EventId = 1115, Level = LogLevel.Information, Message = "Trouble {Cause} is over, after {Seconds} s; it was met {Times} times.")]
    private static partial void Ended(ILogger log, string cause, long seconds, long times);
}
