namespace Afterword.Server.Storage;

/// <summary>Holds one of the 1,024 worker numbers for this process, so that no two processes make the same id.</summary>
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
    private volatile bool _isLost;

    private WorkerLease(Database db, TimeProvider clock, Snowflakes ids)
    {
        (_db, _clock, _ids) = (db, clock, ids);
        _holder = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));
    }

    public static TimeSpan RenewEvery { get; } = s_length / 10;

    /// <summary>Whether the number may be used just now.</summary>
    /// <remarks>For half of the lease's length: the other half is for clocks that differ.</remarks>
    public bool Holds => !_isLost && _clock.GetElapsedTime(Volatile.Read(ref _renewed)) < s_length / 2;

    /// <exception cref="StoreUnavailableException">All 1,024 numbers are taken.</exception>
    public static async Task<WorkerLease> AcquireAsync(Database db, Snowflakes ids, TimeProvider clock, CancellationToken stop)
    {
        var lease = new WorkerLease(db, clock, ids);
        await lease.TakeOneAsync(stop);
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

    private async Task<bool> ExtendAsync(CancellationToken stop)
    {
        var until = _clock.GetUtcNow() + s_length;
        return await _db.WriteAnywayAsync(session => session.Sql(
            "update worker_lease set held_until = @until, high = @high where worker = @worker and holder = @holder")
            .Bind("until", until.ToUnixTimeMilliseconds()).Bind("high", _ids.LastMillis).Bind("worker", (long)_worker).Bind("holder", _holder)
            .RunAsync(stop), stop) == 1;
    }

    /// <summary>Takes the first number that nobody holds.</summary>
    private async Task TakeOneAsync(CancellationToken stop)
    {
        while (true)
        {
            // Read before the store is asked, which may take long.
            var at = _clock.GetTimestamp();
            var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();

            // A number of which ids of a time to come were made rests until that time: they are not made twice, and none follows them there.
            var taken = await _db.ReadAsync(session => session.Sql("select worker from worker_lease where held_until > @now or high > @ahead")
                .Bind("now", now).Bind("ahead", now + (long)SteadyClock.Tolerance.TotalMilliseconds).ListAsync(row => row.GetInt32(0), stop), stop);

            var free = Enumerable.Range(0, Snowflakes.Workers).Except(taken).Select(worker => (int?)worker).FirstOrDefault()
                ?? throw new StoreUnavailableException("All 1,024 worker numbers are leased: too many processes use this store.", cause: Cause.WorkerNumberLost);

            if (await TakeAsync(free, now, stop) is not { } high) continue;

            _worker = free;
            Volatile.Write(ref _renewed, at);
            _ids.Use(free, high, () => Holds);
            _isLost = false;
            return;
        }
    }

    private Task<long?> TakeAsync(int worker, long now, CancellationToken stop) =>
        _db.WriteAnywayAsync(session => session.Sql(
            """
            insert into worker_lease (worker, holder, held_until, high) values (@worker, @holder, @until, 0)
            on conflict (worker) do update set holder = excluded.holder, held_until = excluded.held_until
            where worker_lease.held_until <= @now
            returning high
            """).Bind("worker", (long)worker).Bind("holder", _holder).Bind("until", now + (long)s_length.TotalMilliseconds).Bind("now", now)
            .FirstAsync(row => (long?)row.GetInt64(0), stop), stop);
}
