using Afterword.Server.Limits;
using Afterword.Server.Storage;

namespace Afterword.Server.OAuth;

/// <summary>A signed request whose nonce is looked at.</summary>
/// <param name="Stamp">Its <c>oauth_timestamp</c>, in seconds.</param>
/// <param name="Hash">64 bits of SHA-256 over consumer, token, timestamp and nonce.</param>
/// <param name="UserId">The calling user.</param>
/// <param name="AppId">The calling app.</param>
/// <param name="Endpoint">The limited endpoint it counts for.</param>
internal readonly record struct NonceEntry(long Stamp, long Hash, long UserId, long AppId, LimitedEndpoint Endpoint);

/// <summary>What became of its nonce.</summary>
/// <param name="IsFresh">False for a nonce that was seen before.</param>
/// <param name="Used">Calls in the present window, this one included; 0 where nothing is counted.</param>
/// <param name="WindowStartedAt">Unix milliseconds.</param>
internal readonly record struct NonceResult(bool IsFresh, long Used, long WindowStartedAt);

/// <summary>Remembers nonces and counts calls, durably and for all nodes, many requests to one commit.</summary>
internal sealed class NonceStore
{
    /// <summary>How far a client's clock may be off, either way.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(300);

    private const int FlushedAtOnce = 1_000;

    // So long after a failure nobody tries again to write down what is in memory.
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(1);

    private readonly Store _store;
    private readonly Database _db;
    private readonly TimeProvider _clock;
    private readonly WriteGroup<NonceEntry, NonceResult> _door;
    private readonly NonceCache _remembered = new();
    private int _flushing;

    public NonceStore(Store store, TimeProvider clock)
    {
        _store = store;
        _db = store.Nonces;
        _clock = clock;
        _door = _db.Group<NonceEntry, NonceResult>(request => request.UserId, AdmitAsync);
        store.Problems.Meter.CreateObservableGauge("afterword.nonces.in_memory", () => (long)_remembered.Nonces, "{nonces}", "Nonces that the store could not take.");
    }

    /// <summary>Whether nonces are kept that the store could not take.</summary>
    public bool Remembers => _remembered.Any;

    /// <param name="request">The request.</param>
    /// <param name="reads">Whether it changes nothing: then it is let in even when its nonce can be kept in memory alone.</param>
    public Task<NonceResult> AdmitAsync(NonceEntry request, bool reads = false) => reads || _remembered.Any ? AdmitCarefullyAsync(request, reads) : _door.RunAsync(request);

    private async Task<NonceResult> AdmitCarefullyAsync(NonceEntry request, bool reads)
    {
        if (_remembered.Contains(request)) return default;

        try
        {
            var nonce = await _door.RunAsync(request);
            if (!_remembered.Any) return nonce;

            // It may have been let in meanwhile, by a call that found the store full.
            var isKept = _remembered.Contains(request);
            _ = FlushAsync();
            return isKept ? default : nonce;
        }
        catch (Exception error) when (reads && CannotWrite(error))
        {
            if (await RememberAsync(request) is not { } remembered) throw;

            // Nobody else says why: the caller is served.
            _store.Faults.Tell(error);
            _store.Problems.Meet(ProblemCause.NoncesInMemory);
            return remembered;
        }
    }

    // A store that has too much to do takes nonces all the same. A nonce whose commit is in doubt may be found there, and would be taken for another request's.
    private bool CannotWrite(Exception error) => error is not (OverloadedException or OutcomeUnknownException) && _db.IsUnavailable(error);

    /// <summary>Lets in a request whose nonce the store cannot take, if the store can say that it is new. Null when there is no room.</summary>
    private async Task<NonceResult?> RememberAsync(NonceEntry request)
    {
        // First kept, then looked for: of two alike, one that found the store full and one that did not, at most one gets through.
        if (_remembered.TryAdd(request, Refused(_clock.GetUtcNow())) is not { } isNew) return null;
        if (!isNew) return default(NonceResult);

        var (seen, window) = await _db.ReadAsync(
            async session => (
                await session.Sql("select 1 from nonce where stamp = @stamp and hash = @hash").Bind("stamp", request.Stamp).Bind("hash", request.Hash)
                    .FirstAsync(_ => true, CancellationToken.None),
                await session.Sql("select started_at, used from call_window where user_id = @user and app_id = @app and endpoint = @endpoint")
                    .Bind("user", request.UserId).Bind("app", request.AppId).Bind("endpoint", (long)request.Endpoint)
                    .FirstAsync(row => (row.GetInt64(0), row.GetInt64(1)), CancellationToken.None)),
            CancellationToken.None);
        return seen ? default : _remembered.Count(request, window, _clock.GetUtcNow().ToUnixTimeMilliseconds());
    }

    /// <summary>Writes down what was kept in memory, once the store takes it again.</summary>
    private async Task FlushAsync()
    {
        if (Interlocked.Exchange(ref _flushing, 1) == 1) return;

        try
        {
            while (_remembered.Kept(FlushedAtOnce) is { Count: > 0 } some)
            {
                // One write has one place in the queue, however many nonces it brings.
                await _db.WriteAsync(session => AdmitAsync(session, some), CancellationToken.None);
                _remembered.Forget(some);
            }
        }
        catch (Exception error) when (_db.IsUnavailable(error))
        {
            // After the rest, the next request that the store takes goes on, or maintenance does.
            await Task.Delay(s_rest, _clock);
        }
        finally
        {
            Volatile.Write(ref _flushing, 0);
        }
    }

    /// <summary>How far the windows of a user and an app are used up, without using them. An endpoint that was not called is left out.</summary>
    public async Task<Dictionary<LimitedEndpoint, (long StartedAt, long Used)>> WindowsAsync(long userId, long appId, CancellationToken stop)
    {
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var windows = new Dictionary<LimitedEndpoint, (long StartedAt, long Used)>();
        await _db.ReadAsync(
            session => session.Sql("select endpoint, started_at, used from call_window where user_id = @user and app_id = @app and started_at > @ended and started_at <= @ahead")
                .Bind("user", userId).Bind("app", appId).Bind("ended", now - RateWindows.Length).Bind("ahead", now + RateWindows.Ahead)
                .EachAsync(row => windows[(LimitedEndpoint)row.GetInt64(0)] = (row.GetInt64(1), row.GetInt64(2)), stop),
            stop);
        return windows;
    }

    /// <summary>Reads a row, to see whether that can be done.</summary>
    public Task ProbeReadAsync(CancellationToken stop) => _db.ReadAsync(
        session => session.Sql("select used from call_window where user_id = 0 and app_id = 0 and endpoint = 0").FirstAsync(row => row.GetInt64(0), stop), stop);

    /// <summary>Writes a row, always the same one, to see whether that can be done. It is a window of nobody's.</summary>
    public Task ProbeWriteAsync(CancellationToken stop) => _db.WriteAsync(
        session => session.Sql(
            """
            insert into call_window (user_id, app_id, endpoint, started_at, used) values (0, 0, 0, @now, 0)
            on conflict (user_id, app_id, endpoint) do update set started_at = excluded.started_at
            """).Bind("now", _clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(stop),
        stop);

    /// <summary>Forgets nonces whose timestamps are no longer accepted, and windows that ended.</summary>
    public async Task<int> PurgeAsync(CancellationToken stop)
    {
        var now = _clock.GetUtcNow();

        var stamp = Refused(now);
        var window = now.ToUnixTimeMilliseconds() - (2 * RateWindows.Length);
        _remembered.Purge(stamp);
        if (_remembered.Any) await FlushAsync();
        return await _db.WriteAsync(
            async session =>
                await session.Sql("delete from nonce where stamp < @stamp").Bind("stamp", stamp).RunAsync(stop)
                + await session.Sql("delete from call_window where started_at < @window").Bind("window", window).RunAsync(stop),
            stop);
    }

    // Twice the tolerance: the timestamp may lie that far ahead of the clock that accepted it.
    private static long Refused(DateTimeOffset now) => now.ToUnixTimeSeconds() - (long)(2 * ClockTolerance.TotalSeconds) - 1;

    private async Task<NonceResult[]> AdmitAsync(Session session, IReadOnlyList<NonceEntry> requests)
    {
        var answers = new NonceResult[requests.Count];
        var fresh = await RememberAsync(session, requests);
        var windows = await CountAsync(session, requests, fresh);
        for (var i = 0; i < answers.Length; i++)
        {
            if (fresh[i]) answers[i] = new(true, 0, 0);
            if (!fresh[i] || requests[i].Endpoint == LimitedEndpoint.None) continue;

            // The rows hold the count after the whole batch: each request takes its own step back from there.
            var window = windows[(requests[i].UserId, requests[i].AppId, requests[i].Endpoint)];
            answers[i] = new(true, window.Used - --window.Ahead, window.StartedAt);
        }

        return answers;
    }

    private static async Task<bool[]> RememberAsync(Session session, IReadOnlyList<NonceEntry> requests)
    {
        var inserted = new HashSet<(long, long)>(requests.Count);
        await session.EachAsync(
            """
            insert into nonce (stamp, hash)
            select stamp, hash from {rows} where true order by stamp, hash
            on conflict (stamp, hash) do nothing
            returning stamp, hash
            """,
            Rows.Of(requests).Long("stamp", r => r.Stamp).Long("hash", r => r.Hash),
            row => inserted.Add((row.GetInt64(0), row.GetInt64(1))),
            CancellationToken.None);

        // Of two alike in one batch the first has it; taking it out leaves nothing for the second.
        return [.. requests.Select(r => inserted.Remove((r.Stamp, r.Hash)))];
    }

    private async Task<Dictionary<(long User, long App, LimitedEndpoint Endpoint), Window>> CountAsync(
        Session session, IReadOnlyList<NonceEntry> requests, bool[] fresh)
    {
        var windows = new Dictionary<(long User, long App, LimitedEndpoint Endpoint), Window>();
        for (var i = 0; i < requests.Count; i++)
        {
            if (!fresh[i] || requests[i].Endpoint == LimitedEndpoint.None) continue;

            var key = (requests[i].UserId, requests[i].AppId, requests[i].Endpoint);
            if (!windows.TryGetValue(key, out var window)) windows[key] = window = new Window();
            window.Ahead++;
        }

        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var counted = windows.Select(pair => (pair.Key, pair.Value.Ahead)).ToArray();
        await session.EachAsync(
            """
            insert into call_window (user_id, app_id, endpoint, started_at, used)
            select user_id, app_id, endpoint, now, ahead from {rows} where true order by user_id, app_id, endpoint
            on conflict (user_id, app_id, endpoint) do update set
                used = case when excluded.started_at >= call_window.started_at + 900000 or excluded.started_at < call_window.started_at - 300000
                    then excluded.used else call_window.used + excluded.used end,
                started_at = case when excluded.started_at >= call_window.started_at + 900000 or excluded.started_at < call_window.started_at - 300000
                    then excluded.started_at else call_window.started_at end
            returning user_id, app_id, endpoint, started_at, used
            """,
            Rows.Of(counted).Long("user_id", c => c.Key.User).Long("app_id", c => c.Key.App).Long("endpoint", c => (long)c.Key.Endpoint)
                .Long("now", _ => now).Long("ahead", c => c.Ahead),
            row =>
            {
                var window = windows[(row.GetInt64(0), row.GetInt64(1), (LimitedEndpoint)row.GetInt64(2))];
                (window.StartedAt, window.Used) = (row.GetInt64(3), row.GetInt64(4));
            },
            CancellationToken.None);
        return windows;
    }

    private sealed class Window
    {
        public long Ahead { get; set; }

        public long StartedAt { get; set; }

        public long Used { get; set; }
    }
}
