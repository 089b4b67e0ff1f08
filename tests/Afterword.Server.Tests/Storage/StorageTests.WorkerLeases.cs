using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Microsoft.Extensions.Logging;

namespace Afterword.Server.Tests.Storage;

/// <summary>Ids, and the numbers of the processes that make them.</summary>
public abstract partial class StorageTests
{
    [Fact]
    public async Task Two_processes_never_make_the_same_id()
    {
        await using var second = await OpenAsync();
        var lease = await _store.LeaseAsync(_clock, default);
        var other = await second.LeaseAsync(_clock, default);

        var ids = Enumerable.Range(0, 20_000).SelectMany(_ => new[] { _store.Ids.Next(), second.Ids.Next(), second.Ids.NextPair() }).ToArray();

        Assert.NotSame(lease, other);
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Fact]
    public async Task Processes_that_start_together_make_different_ids()
    {
        var nodes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OpenAsync()));
        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var leases = nodes.Select(node => Task.Run(async () =>
        {
            await together.Task;
            await node.LeaseAsync(_clock, default);
        })).ToArray();
        together.SetResult();
        await Task.WhenAll(leases);

        var ids = nodes.SelectMany(node => Enumerable.Range(0, 100).Select(_ => node.Ids.Next())).ToArray();

        Assert.Equal(ids.Length, ids.Distinct().Count());
        foreach (var node in nodes) await node.DisposeAsync();
    }

    [Fact]
    public async Task Ids_grow_even_if_the_clock_runs_backwards()
    {
        await _store.LeaseAsync(_clock, default);
        var last = _store.Ids.Next();
        foreach (var step in new[] { 0, -100, 50, -1, 1, 0 })
        {
            _clock.AdjustTime(_clock.GetUtcNow().AddMilliseconds(step));
            for (var i = 0; i < 5_000; i++)
            {
                var id = _store.Ids.NextPair();
                Assert.True(id > last);
                last = id + 1;
            }
        }
    }

    [Fact]
    public async Task Without_its_lease_a_process_makes_no_ids()
    {
        Assert.Throws<StoreUnavailableException>(() => _store.Ids.Next());
        var lease = await _store.LeaseAsync(_clock, default);
        _store.Ids.Next();

        _clock.Advance(TimeSpan.FromMinutes(3));
        Assert.Throws<StoreUnavailableException>(() => _store.Ids.Next());
        await lease.RenewAsync(default);
        _store.Ids.Next();
    }

    [Fact]
    public async Task A_process_whose_number_passed_to_another_takes_a_new_one()
    {
        var lease = await _store.LeaseAsync(_clock, default);
        var before = Enumerable.Range(0, 100).Select(_ => _store.Ids.Next()).ToArray();

        // Out for longer than the lease, and someone else has the number now.
        _clock.Advance(TimeSpan.FromMinutes(6));
        await using var second = await OpenAsync();
        await second.LeaseAsync(_clock, default);
        Assert.False(lease.Holds);
        Assert.Throws<StoreUnavailableException>(() => _store.Ids.Next());

        var (old, now) = await lease.RenewAsync(default);

        Assert.NotEqual(old, now);
        Assert.True(lease.Holds);
        var ids = Enumerable.Range(0, 20_000).SelectMany(_ => new[] { _store.Ids.Next(), second.Ids.Next() }).Concat(before).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.Equal((now, now), await lease.RenewAsync(default));
    }

    [Fact]
    public async Task A_process_that_slept_makes_no_id_of_a_number_that_another_has()
    {
        var lease = await _store.LeaseAsync(_clock, default);
        _store.Ids.Next();

        // What measures time stands still while a machine sleeps; the wall clock is right again at once.
        _clock.OffBy = TimeSpan.FromMinutes(6);
        await using var second = await OpenAsync();
        await second.LeaseAsync(_clock, default);
        var theirs = second.Ids.Next();

        Assert.Throws<StoreUnavailableException>(() => _store.Ids.Next());
        Assert.False(lease.Holds);
        var (old, now) = await lease.RenewAsync(default);
        Assert.Equal(old, (int)(theirs >> 12) & 1023);
        Assert.NotEqual(old, now);
        _store.Ids.Next();
    }

    [Fact]
    public async Task Whoever_has_the_number_of_a_process_that_died_begins_after_all_that_it_may_have_made()
    {
        var lease = await _store.LeaseAsync(_clock, default);
        var last = _store.Ids.Next();

        // Its clock is set back, and it goes on from its last id, beyond what it noted when it renewed.
        _clock.OffBy = TimeSpan.FromMinutes(-6);
        await lease.RenewAsync(default);
        for (var i = 0; i < 10_000; i++) last = _store.Ids.Next();

        // Dead without a word; the lease is over.
        _clock.OffBy = TimeSpan.Zero;
        await using var second = await OpenAsync();
        await second.LeaseAsync(_clock, default);
        var next = second.Ids.Next();

        Assert.Equal((last >> 12) & 1023, (next >> 12) & 1023);
        Assert.True(next > last);
    }

    [Fact]
    public async Task A_process_that_ends_makes_no_ids_with_a_number_that_it_has_given_back()
    {
        var lease = await _store.LeaseAsync(_clock, default);
        _store.Ids.Next();

        await lease.DisposeAsync();

        Assert.Throws<StoreUnavailableException>(() => _store.Ids.Next());
    }

    [Fact]
    public async Task The_number_is_renewed_as_soon_as_the_store_answers_again()
    {
        var lease = await _store.LeaseAsync(_clock, default);
        var steps = new SteppedClock();
        var log = new List<string>();
        using var keeper = new KeepWorkerNumber(_store, lease, steps, LoggerFactory.Create(logging => logging.AddProvider(new ListLog(log))).CreateLogger<KeepWorkerNumber>());
        await keeper.StartAsync(default);

        // Away for longer than ids may be made.
        await RenameAsync("worker_lease", "away");
        await steps.StepAsync(WorkerLease.RenewEvery);
        _clock.Advance(TimeSpan.FromMinutes(3));
        await steps.StepAsync(TimeSpan.FromSeconds(1));
        await steps.WaitingAsync();
        Assert.False(lease.Holds);

        await RenameAsync("away", "worker_lease");
        await steps.StepAsync(TimeSpan.FromSeconds(1));
        await steps.WaitingAsync();

        Assert.True(lease.Holds);
        _store.Ids.Next();
        Assert.Single(log);
        await keeper.StopAsync(default);

        Task<int> RenameAsync(string table, string name) => _store.Main.WriteAsync(session => session.Sql($"alter table {table} rename to {name}").RunAsync(default), default);
    }

    [Fact]
    public async Task A_number_that_was_given_back_makes_no_id_again()
    {
        await _store.LeaseAsync(_clock, default);
        _clock.Advance(TimeSpan.FromMinutes(1));
        var last = _store.Ids.Next();
        await _store.DisposeAsync();

        _clock.AdjustTime(_clock.GetUtcNow().AddMinutes(-1));
        _store = await OpenAsync();
        await _store.LeaseAsync(_clock, default);
        Assert.True(_store.Ids.Next() > last);
    }
}
