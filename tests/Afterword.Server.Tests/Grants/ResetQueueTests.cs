using System.Net;
using Afterword.Server.SignIn;

namespace Afterword.Server.Tests.Grants;

/// <summary>Whose link to choose a new password is mailed next.</summary>
public sealed class ResetQueueTests : IDisposable
{
    private readonly ResetQueue<string> _queue = new();

    [Fact]
    public async Task Networks_take_turns_and_one_whose_email_hangs_holds_up_its_own_alone()
    {
        foreach (var (network, request) in new[] { (1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (3, "c1"), (2, "b2") }) Assert.True(_queue.TryAdd(Address(network), request));

        var hangs = await TakeAsync();
        var order = new List<string>();
        for (var n = 0; n < 3; n++)
        {
            using var slot = await TakeAsync();
            order.Add(slot.Request);
        }

        Assert.Equal("a1", hangs.Request);
        Assert.Equal(["b1", "c1", "b2"], order);
        var next = TakeAsync();
        Assert.False(next.IsCompleted);

        hangs.Dispose();
        Assert.Equal("a2", (await next).Request);
    }

    [Fact]
    public async Task A_network_waits_with_few_and_gives_way_in_a_full_queue()
    {
        for (var n = 0; n < 5; n++) Assert.True(_queue.TryAdd(Address(1), $"a{n}"));
        Assert.False(_queue.TryAdd(Address(1), "a5"));
        for (var network = 2; network <= 52; network++)
        {
            for (var n = 0; n < 5; n++) _queue.TryAdd(Address(network), $"{network}");
        }

        // Of 256 that wait, the last of those who wait with most makes room; a network has no more than its share for that.
        Assert.True(_queue.TryAdd(Address(53), "late"));
        Assert.False(_queue.TryAdd(Address(1), "a5"));
        var taken = new List<string>();
        for (var n = 0; n < 53; n++) taken.Add((await TakeAsync()).Request);
        Assert.Equal("late", taken[^1]);
    }

    public void Dispose() => _queue.Dispose();

    private Task<ResetQueue<string>.ResetSlot> TakeAsync() => _queue.TakeAsync(TestContext.Current.CancellationToken);

    private static IPAddress Address(int last) => IPAddress.Parse($"10.0.0.{last}");
}
