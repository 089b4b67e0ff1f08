using System.Net;
using Afterword.Server.SignIn;

namespace Afterword.Server.Tests.Grants;

/// <summary>Whose password is hashed next.</summary>
public sealed class HashSchedulerTests
{
    private readonly HashScheduler _turns = new(atOnce: 1);
    private readonly List<string> _order = [];

    [Fact]
    public async Task Queues_take_turns_and_so_do_the_addresses_of_a_queue()
    {
        var first = await _turns.TakeAsync(HashQueue.Users, Address(1), 0, default);
        Task[] waiting =
        [
            .. Enumerable.Range(0, 3).Select(_ => WaitAsync(HashQueue.Users, 1)), WaitAsync(HashQueue.Users, 2), WaitAsync(HashQueue.People, 1), WaitAsync(HashQueue.KnownUsers, 3),
        ];

        first!.Dispose();
        await Task.WhenAll(waiting);

        Assert.Equal(["Users 1", "People 1", "KnownUsers 3", "Users 2", "Users 1", "Users 1"], _order);
    }

    [Fact]
    public async Task An_address_waits_with_few_and_gives_way_in_a_full_queue()
    {
        using var first = await _turns.TakeAsync(HashQueue.Users, Address(1), 0, default);
        var crowd = Enumerable.Range(1, 8).SelectMany(address => Enumerable.Range(0, 9).Select(_ => _turns.TakeAsync(HashQueue.Users, Address(address), failures: address, default))).ToArray();
        Assert.Equal(8, crowd.Count(one => one.IsCompleted));

        // Of 64 who wait, the last of those who failed most makes room; and a queue that is full fills no other.
        var waiting = crowd.Where(one => !one.IsCompleted).ToArray();
        var late = _turns.TakeAsync(HashQueue.Users, Address(9), failures: 0, default);
        var other = _turns.TakeAsync(HashQueue.People, Address(1), 0, default);
        Assert.False(late.IsCompleted);
        Assert.False(other.IsCompleted);
        Assert.Null(await waiting[^1]);
        Assert.Equal(1, waiting.Count(one => one.IsCompleted));
    }

    [Fact]
    public async Task Who_failed_least_comes_first()
    {
        var first = await _turns.TakeAsync(HashQueue.Users, Address(1), 0, default);
        Task[] waiting = [WaitAsync(HashQueue.Users, 1, failures: 3), WaitAsync(HashQueue.Users, 2, failures: 1), WaitAsync(HashQueue.Users, 3), WaitAsync(HashQueue.Users, 4, failures: 1)];

        first!.Dispose();
        await Task.WhenAll(waiting);

        Assert.Equal(["Users 3", "Users 2", "Users 4", "Users 1"], _order);
    }

    [Fact]
    public async Task Who_leaves_the_line_costs_nobody_a_turn()
    {
        var first = await _turns.TakeAsync(HashQueue.Users, Address(1), 0, default);
        using var leaves = new CancellationTokenSource();
        var gone = _turns.TakeAsync(HashQueue.Users, Address(2), 0, leaves.Token);
        var stays = WaitAsync(HashQueue.Users, 3);
        await leaves.CancelAsync();
        first!.Dispose();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        await stays;
        Assert.NotNull(await _turns.TakeAsync(HashQueue.People, Address(1), 0, default));
    }

    private async Task WaitAsync(HashQueue queue, int address, long failures = 0)
    {
        using var slot = await _turns.TakeAsync(queue, Address(address), failures, default);
        _order.Add($"{queue} {address}");
    }

    private static IPAddress Address(int last) => IPAddress.Parse($"10.0.0.{last}");
}
