using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Afterword.Server.Storage;

/// <summary>Tells the log why the store did not take or give data: a line for each kind of reason in half a minute, with how often.</summary>
/// <remarks>While a database is away, every request fails, and every service that looks into it: a line for each would fill the disk.</remarks>
internal sealed partial class StoreFaults(Store store, Problems problems, TimeProvider clock)
{
    private static readonly TimeSpan s_tellEvery = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Kind> _kinds = [];

    /// <summary>Where it is told; nowhere until the server has a log.</summary>
    public ILogger Log { get; set; } = NullLogger.Instance;

    /// <summary>Counts an error, and tells it when its kind was not told just now.</summary>
    /// <returns>Whether it was the store's. If not, nothing is told.</returns>
    public bool Tell(Exception error)
    {
        if (!store.IsUnavailable(error)) return false;

        problems.Meet(ProblemCauses.Of(error), (error as HeldException)?.Message);
        lock (_lock)
        {
            var name = NameOf(error);
            if (!_kinds.TryGetValue(name, out var kind)) _kinds[name] = kind = new Kind();
            (kind.Untold, kind.Latest) = (kind.Untold + 1, error);
            if (kind.ToldAt is not { } told || clock.GetElapsedTime(told) >= s_tellEvery) TellNow(name, kind);
        }

        return true;
    }

    /// <summary>Tells what was only counted so far, when it is time: nothing of that kind may come any more.</summary>
    public void TellRest()
    {
        lock (_lock)
        {
            foreach (var (name, kind) in _kinds)
            {
                if (kind.Untold > 0 && kind.ToldAt is { } told && clock.GetElapsedTime(told) >= s_tellEvery) TellNow(name, kind);
            }
        }
    }

    private void TellNow(string name, Kind kind)
    {
        var reason = string.Join(" ", ErrorReasons.Of(kind.Latest!));
        switch (kind.Latest)
        {
            case OutcomeUnknownException: OutcomeUnknown(Log, kind.Untold, reason); break;
            case OverloadedException: Overloaded(Log, kind.Untold, reason); break;
            default: Unavailable(Log, name, kind.Untold, reason); break;
        }

        (kind.ToldAt, kind.Untold, kind.Latest) = (clock.GetTimestamp(), 0, null);
    }

    private static string NameOf(Exception error) => error switch
    {
        PostgresException { SqlState: var state } => $"PostgreSQL {state}",
        SqliteException { SqliteErrorCode: var code } => $"SQLite {code}",
        { InnerException: { } inner } => $"{error.GetType().Name}, {inner.GetType().Name}",
        _ => error.GetType().Name,
    };

    [LoggerMessage(EventId = 1002, Level = LogLevel.Warning, Message = "The store did not take or give data ({Kind}; {Count} times since the last such line): {Reason}")]
    private static partial void Unavailable(ILogger log, string kind, long count, string reason);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Error, Message = "It is not known whether writes are stored, and their clients were told to come again ({Count} since the last such line): {Reason}")]
    private static partial void OutcomeUnknown(ILogger log, long count, string reason);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Warning, Message = "Requests were refused, for there is more to do than can be done ({Count} since the last such line): {Reason}")]
    private static partial void Overloaded(ILogger log, long count, string reason);

    private sealed class Kind
    {
        public long? ToldAt { get; set; }

        public long Untold { get; set; }

        public Exception? Latest { get; set; }
    }
}
