using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Server.Tests.Hosting;

/// <summary>How many connections may go out, and who gets the next. None of them knows the store.</summary>
public sealed class OutgoingConnectionsTests
{
    private readonly ManualClock _clock = new("2026-01-05T09:00:00Z");

    [Fact]
    public void One_sender_has_half_of_them_at_most()
    {
        using var connections = Of(most: 4);
        var furnis = new[] { connections.TryTake(new(1, 1)), connections.TryTake(new(1, 2)) };
        Assert.Equal((true, true, false), (furnis[0] is not null, furnis[1] is not null, connections.TryTake(new(1, 3)) is not null));

        using var another = new Held(connections.TryTake(new(2, 1)));
        using var yetAnother = new Held(connections.TryTake(new(3, 1)));
        Assert.Null(connections.TryTake(new(4, 1)));
        furnis[0]!.Dispose();
        furnis[0]!.Dispose();
        Assert.Equal(3, connections.InUse);
        using var late = new Held(connections.TryTake(new(4, 1)));
        Assert.Equal(4, connections.InUse);
        furnis[1]!.Dispose();
    }

    [Fact]
    public async Task Whose_sender_has_fewest_comes_next_then_whose_endpoint_has_then_who_waited_longest()
    {
        using var connections = Of(most: 6);
        var open = new Queue<OutgoingPermit>(new EndpointKey[] { new(1, 1), new(1, 1), new(1, 2), new(2, 1), new(2, 1), new(3, 1) }.Select(to => connections.TryTake(to)!));
        EndpointKey[] wanted = [new(2, 1), new(2, 1), new(3, 2), new(2, 2), new(4, 1), new(1, 1)];
        var waiting = wanted.Select(to => connections.TakeAsync(to, TestContext.Current.CancellationToken)).ToList();

        foreach (var next in new EndpointKey[] { new(4, 1), new(3, 2), new(1, 1), new(2, 2), new(2, 1), new(2, 1) })
        {
            open.Dequeue().Dispose();
            var permit = await await Task.WhenAny(waiting);
            Assert.Equal(next, permit.To);
            waiting.RemoveAll(one => one.IsCompleted);
            Assert.Equal(6, connections.InUse);
            open.Enqueue(permit);
        }
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_nothing_from_others()
    {
        using var connections = Of(most: 2);
        var (one, other) = (connections.TryTake(new(1, 1))!, connections.TryTake(new(2, 1))!);
        using var over = new CancellationTokenSource();
        var impatient = connections.TakeAsync(new(3, 1), over.Token);
        var patient = connections.TakeAsync(new(3, 1), TestContext.Current.CancellationToken);

        await over.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => impatient);
        one.Dispose();
        (await patient).Dispose();
        other.Dispose();
        Assert.Equal(0, connections.InUse);
    }

    [Fact]
    public async Task Who_looks_again_has_a_permit_when_one_comes_and_gives_back_what_is_not_needed()
    {
        using var connections = Of(most: 2);
        var (one, other) = (connections.TryTake(new(1, 1))!, connections.TryTake(new(2, 1))!);
        using var come = new SemaphoreSlim(0);
        using (var permits = new PermitRequest(connections, new(3, 1), () => come.Release()))
        {
            Assert.Null(permits.TryTake());
            Assert.True(permits.IsWaiting);
            one.Dispose();
            await come.WaitAsync(TestContext.Current.CancellationToken);
            permits.TryTake()!.Dispose();
            Assert.False(permits.IsWaiting);

            using var third = new Held(connections.TryTake(new(1, 1)));
            Assert.Null(permits.TryTake());
        }

        // The one that it still waited for went to nobody who is not there.
        other.Dispose();
        while (connections.InUse > 0) await Task.Yield();
    }

    [Fact]
    public void Connections_that_are_kept_are_used_again_and_give_way_to_those_in_use()
    {
        using var connections = Of(most: 4);
        var kept = Enumerable.Range(1, 3).Select(_ => new Connection()).ToArray();
        for (var i = 0; i < 3; i++) Keep(new(i, 1), kept[i]);

        using (var again = connections.TryTake(new(1, 1))) Assert.Same(kept[1], again!.Connection);
        using (new Held(connections.TryTake(new(7, 1)))) Assert.DoesNotContain(kept, one => one.IsClosed);
        using (new Held(connections.TryTake(new(7, 1))))
        using (new Held(connections.TryTake(new(7, 2))))
        {
            // The one that lay there longest.
            Assert.Equal([true, false, false], kept.Select(one => one.IsClosed));
        }

        _clock.Advance(TimeSpan.FromMinutes(2));
        connections.DropIdle();
        Assert.All(kept, one => Assert.True(one.IsClosed));

        void Keep(EndpointKey to, Connection connection)
        {
            using var permit = connections.TryTake(to)!;
            permit.Connection = connection;
        }
    }

    [Fact]
    public void The_limit_of_open_files_leaves_room_for_them()
    {
        foreach (var (files, set, most) in new[] { (300, "", 134), (1_024, "", 256), (4_096, "", 512), (1_048_576, "", 512), (1_024, "5000", 256), (1_048_576, "5000", 5_000), (20_000, "100", 100), (16, "", 1) })
        {
            using var connections = Of(files, set);
            Assert.Equal((files, most, Math.Max(1, most / 2)), (files, connections.Most, connections.MostOfSender));
        }
    }

    private OutgoingConnections Of(int most) => Of(null, $"{most}");

    private OutgoingConnections Of(int? openFiles, string set)
    {
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Http:MaxOutgoingConnections", (string?)set)]).Build());
        Assert.Empty(errors);
        return new(settings!, openFiles, _clock, NullLogger<OutgoingConnections>.Instance);
    }

    /// <summary>A permit that there must be.</summary>
    private sealed class Held(OutgoingPermit? permit) : IDisposable
    {
        public void Dispose() => Assert.IsType<OutgoingPermit>(permit).Dispose();
    }

    private sealed class Connection : IDisposable
    {
        public bool IsClosed { get; private set; }

        public void Dispose() => IsClosed = true;
    }
}
