namespace Afterword.Server.Storage;

/// <summary>Holds one of the 1,024 worker numbers for this process, so that no two processes make the same id.</summary>
/// <remarks>
/// Two processes may hold one number for a while: one that slept, or whose machine did, learns late that its lease is over. So each
/// lease reserves the milliseconds before a limit, which it notes in the store. Its holder makes no id of that limit or later, and the next holder
/// none of an earlier one. No statement has to ask whose the number is.
/// </remarks>
internal sealed class WorkerLease : IAsyncDisposable
{
    /// <summary>Long, so that clocks of nodes may differ by minutes; a killed node's number simply rests that long.</summary>
    private static readonly TimeSpan s_length = TimeSpan.FromMinutes(5);

    // A commit that hangs must not keep a process from ending.
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(2);

    private readonly Database _db;
    private readonly TimeProvider _clock;
    private readonly Snowflakes _ids;
    private readonly string _holder;
    private readonly SemaphoreSlim _turn = new(1);
    private int _worker;
    private long _renewed;
    private long _limit;
    private volatile bool _isLost;

    private WorkerLease(Database db, TimeProvider clock, Snowflakes ids)
    {
        (_db, _clock, _ids) = (db, clock, ids);
        _holder = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));
    }

    /// <summary>How many processes serve the store on PostgreSQL: each holds a number.</summary>
    public static Task<long> CountHeldAsync(Session session, DateTimeOffset now, CancellationToken stop) =>
        session.Sql("select count(*) from worker_lease where held_until > @now").Bind("now", now.ToUnixTimeMilliseconds()).FirstAsync(row => row.GetInt64(0), stop);

    public static TimeSpan RenewEvery { get; } = s_length / 10;

    /// <summary>Whether the number may be used just now.</summary>
    public bool Holds => HoldsFor(Math.Max(Now, _ids.LastMillis));

    /// <param name="db">The store.</param>
    /// <param name="ids">What makes ids by the number.</param>
    /// <param name="clock">The clock of the ids.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="until">Until when ids are to be made without renewing, by those whose clock runs through a past; null for those who renew.</param>
    /// <exception cref="StoreUnavailableException">All 1,024 numbers are taken.</exception>
    public static async Task<WorkerLease> AcquireAsync(Database db, Snowflakes ids, TimeProvider clock, CancellationToken stop, DateTimeOffset? until = null)
    {
        var lease = new WorkerLease(db, clock, ids);
        await lease.TakeOneAsync(stop, until?.ToUnixTimeMilliseconds() ?? 0);
        return lease;
    }

    /// <summary>Extends the lease. Called every <see cref="RenewEvery"/>; when it fails for long, ids are no longer made.</summary>
    /// <returns>The number that was held before and the one that is held now.</returns>
    /// <remarks>A process that was stopped for longer than the lease, or cut off, may find that another has its number. It takes one anew.</remarks>
    public async Task<(int Before, int Now)> RenewAsync(CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            var before = _worker;
            var at = _clock.GetTimestamp();
            if (await ExtendAsync(stop)) Volatile.Write(ref _renewed, at);
            else
            {
                _isLost = true;
                await TakeOneAsync(stop);
            }

            return (before, _worker);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Gives the number back, with the latest millisecond it was used for.</summary>
    public async ValueTask DisposeAsync()
    {
        // Whoever has it next begins at once.
        _isLost = true;
        try
        {
            await _db.WriteAnywayAsync(session => session.Sql(
                "update worker_lease set held_until = 0, high = @high where worker = @worker and holder = @holder")
                .Bind("high", _ids.LastMillis).Bind("worker", (long)_worker).Bind("holder", _holder)
                .RunAsync(CancellationToken.None), CancellationToken.None).WaitAsync(s_farewell, _clock);
        }
        catch (Exception error) when (_db.IsUnavailable(error) || error is TimeoutException)
        {
            // The lease runs out by itself.
        }

        _turn.Dispose();
    }

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    // For half of the lease's length, since clocks differ; the limit holds even where the clock that measures stood still.
    private bool HoldsFor(long millis) =>
        !_isLost && millis < Volatile.Read(ref _limit) && _clock.GetElapsedTime(Volatile.Read(ref _renewed)) < s_length / 2;

    private async Task<bool> ExtendAsync(CancellationToken stop)
    {
        var now = Now;
        var limit = Math.Max(_limit, LimitAfter(now, _ids.LastMillis));
        if (1 != await _db.WriteAnywayAsync(session => session.Sql(
            "update worker_lease set held_until = @until, high = @limit where worker = @worker and holder = @holder")
            .Bind("until", now + Length).Bind("limit", limit).Bind("worker", (long)_worker).Bind("holder", _holder)
            .RunAsync(stop), stop)) return false;

        Volatile.Write(ref _limit, limit);
        return true;
    }

    private static long Length => (long)s_length.TotalMilliseconds;

    // Ids may be ahead of the clock, after many of one millisecond or when it was set back.
    private static long LimitAfter(long now, long last) => Math.Max(now, last) + Length;

    /// <summary>Takes the first number that nobody holds.</summary>
    private async Task TakeOneAsync(CancellationToken stop, long until = 0)
    {
        while (true)
        {
            // Read before the store is asked, which may take long.
            var at = _clock.GetTimestamp();
            var now = Now;

            // A number of which ids of a time to come were made rests until that time: they are not made twice, and none follows them there.
            var taken = await _db.ReadAsync(session => session.Sql("select worker from worker_lease where held_until > @now or high > @ahead")
                .Bind("now", now).Bind("ahead", now + (long)SteadyClock.Tolerance.TotalMilliseconds).ListAsync(row => row.GetInt32(0), stop), stop);

            var free = Enumerable.Range(0, Snowflakes.Workers).Except(taken).Select(worker => (int?)worker).FirstOrDefault()
                ?? throw new StoreUnavailableException("All 1,024 worker numbers are leased: too many processes use this store.", cause: ProblemCause.WorkerNumberLost);

            if (await TakeAsync(free, now, until, stop) is not var (high, limit)) continue;

            _worker = free;
            Volatile.Write(ref _renewed, at);
            Volatile.Write(ref _limit, limit);
            _ids.Use(free, high, HoldsFor);
            _isLost = false;
            return;
        }
    }

    // Of two that try at once, one changes the row.
    private Task<(long High, long Limit)?> TakeAsync(int worker, long now, long until, CancellationToken stop) => _db.WriteAnywayAsync(
        async session =>
        {
            var taken = await session.Sql(
                """
                insert into worker_lease (worker, holder, held_until, high) values (@worker, @holder, @until, 0)
                on conflict (worker) do update set holder = excluded.holder, held_until = excluded.held_until
                where worker_lease.held_until <= @now
                returning high
                """).Bind("worker", (long)worker).Bind("holder", _holder).Bind("until", Math.Max(now, until) + Length).Bind("now", now)
                .FirstAsync(row => (long?)row.GetInt64(0), stop);
            if (taken is not { } high) return ((long, long)?)null;

            var limit = Math.Max(until, LimitAfter(now, Math.Max(high, _ids.LastMillis)));
            await session.Sql("update worker_lease set high = @limit where worker = @worker").Bind("limit", limit).Bind("worker", (long)worker).RunAsync(stop);
            return (high, limit);
        },
        stop);
}
