namespace Afterword.Server.Storage;

/// <summary>Holds one of the 1,024 worker numbers for this process, so that no two processes make the same id.</summary>
internal sealed class WorkerLease : IAsyncDisposable
{
    /// <summary>Long, so that clocks of nodes may differ by minutes; a killed node's number simply rests that long.</summary>
    private static readonly TimeSpan s_length = TimeSpan.FromMinutes(5);

    private readonly Database _db;
    private readonly TimeProvider _clock;
    private readonly Snowflakes _ids;
    private readonly int _worker;
    private readonly string _holder;
    private long _renewed;

    private WorkerLease(Database db, TimeProvider clock, Snowflakes ids, int worker, string holder)
    {
        (_db, _clock, _ids, _worker, _holder) = (db, clock, ids, worker, holder);
        _renewed = clock.GetTimestamp();
    }

    public static TimeSpan RenewEvery { get; } = s_length / 10;

    /// <exception cref="InvalidOperationException">All 1,024 numbers are taken.</exception>
    public static async Task<WorkerLease> AcquireAsync(Database db, Snowflakes ids, TimeProvider clock, CancellationToken stop)
    {
        var holder = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));
        while (true)
        {
            var now = clock.GetUtcNow().ToUnixTimeMilliseconds();

            // A number of which ids of a time to come were made rests until that time: they are not made twice, and none follows them there.
            var taken = await db.ReadAsync(session => session.Sql("select worker from worker_lease where held_until > @now or high > @ahead")
                .Bind("now", now).Bind("ahead", now + (long)SteadyClock.Tolerance.TotalMilliseconds).ListAsync(row => row.GetInt32(0), stop), stop);

            var free = Enumerable.Range(0, Snowflakes.Workers).Except(taken).Select(worker => (int?)worker).FirstOrDefault()
                ?? throw new InvalidOperationException("All 1,024 worker numbers are leased: too many processes use this store.");

            if (await TakeAsync(db, free, holder, now, stop) is { } high)
            {
                var lease = new WorkerLease(db, clock, ids, free, holder);
                ids.Use(free, high, lease.Holds);
                return lease;
            }
        }
    }

    /// <summary>Extends the lease. Called every <see cref="RenewEvery"/>; when it fails for long, ids are no longer made.</summary>
    public async Task RenewAsync(CancellationToken stop)
    {
        var at = _clock.GetTimestamp();
        var until = _clock.GetUtcNow() + s_length;
        var kept = await _db.WriteAnywayAsync(session => session.Sql(
            "update worker_lease set held_until = @until, high = @high where worker = @worker and holder = @holder")
            .Bind("until", until.ToUnixTimeMilliseconds()).Bind("high", _ids.LastMillis).Bind("worker", (long)_worker).Bind("holder", _holder)
            .RunAsync(stop), stop);
        if (kept == 1) Volatile.Write(ref _renewed, at);
    }

    /// <summary>Gives the number back, with the latest millisecond it was used for.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _db.WriteAnywayAsync(session => session.Sql(
                "update worker_lease set held_until = 0, high = @high where worker = @worker and holder = @holder")
                .Bind("high", _ids.LastMillis).Bind("worker", (long)_worker).Bind("holder", _holder)
                .RunAsync(CancellationToken.None), CancellationToken.None);
        }
        catch (Exception error) when (_db.IsUnavailable(error) || error is OverloadedException)
        {
            // The lease runs out by itself.
        }
    }

    // Half of the length: the other half is for clocks that differ.
    private bool Holds() => _clock.GetElapsedTime(Volatile.Read(ref _renewed)) < s_length / 2;

    private static Task<long?> TakeAsync(Database db, int worker, string holder, long now, CancellationToken stop) =>
        db.WriteAnywayAsync(session => session.Sql(
            """
            insert into worker_lease (worker, holder, held_until, high) values (@worker, @holder, @until, 0)
            on conflict (worker) do update set holder = excluded.holder, held_until = excluded.held_until
            where worker_lease.held_until <= @now
            returning high
            """).Bind("worker", (long)worker).Bind("holder", holder).Bind("until", now + (long)s_length.TotalMilliseconds).Bind("now", now)
            .FirstAsync(row => (long?)row.GetInt64(0), stop), stop);
}
