using System.Buffers;
using System.Text;
using Afterword.Server.Access;
using Afterword.Server.Hosting;
using Afterword.Server.Tests.World;

namespace Afterword.Server.Tests.Hosting;

/// <summary>What bodies on their way may take is bounded, and what is kept between requests is small, however large they were.</summary>
public sealed class KeptMemoryTests
{
    [Fact]
    public void A_call_that_had_a_large_body_keeps_little_of_it()
    {
        var call = new SignedCall();
        call.Body.Write(new byte[SignedRequests.MaxBody]);
        call.Values.AddForm(Encoding.ASCII.GetBytes($"a={new string('x', SignedRequests.MaxBody)}"));
        Assert.True(call.Body.Capacity >= SignedRequests.MaxBody);

        call.Reset();

        Assert.Equal(0, call.Body.WrittenCount);
        Assert.True(call.Body.Capacity <= 16 * 1024, $"{call.Body.Capacity} bytes are kept.");
    }

    [Fact]
    public void A_flood_of_answers_leaves_few_buffers_and_none_that_is_large()
    {
        var rented = Enumerable.Range(0, 500).Select(_ => Buffers.Rent()).ToList();
        rented[0].Write(new byte[1_000_000]);
        rented.ForEach(Buffers.Return);

        var again = Enumerable.Range(0, 500).Select(_ => Buffers.Rent()).ToHashSet();
        var kept = rented.Count(again.Contains);
        again.ToList().ForEach(Buffers.Return);
        Assert.DoesNotContain(rented[0], again);
        Assert.True(kept <= 80, $"{kept} are kept.");
    }

    [Fact]
    public async Task Large_bodies_on_their_way_take_a_bounded_amount_of_memory_and_small_ones_pass()
    {
        const int least = BodyMemory.Most / 65_536;
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        var begun = new List<RawClient>();
        while (!begun.Exists(one => one.HasAnswer) && begun.Count < 2 * least)
        {
            var one = await RawClient.ConnectAsync(server.Url);
            begun.Add(one);

            // Enough of it that its slowness is not the reason to refuse it.
            await one.SendAsync($"POST /1.1/feedback/create.json HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n{new string('x', 16_000)}");
        }

        Assert.True(begun.Count > least, $"{begun.Count} were enough.");
        Assert.StartsWith("HTTP/1.1 503", await begun.Find(one => one.HasAnswer)!.ReadAsync(), StringComparison.Ordinal);
        (await server.SendAsync(null, HttpMethod.Post, "/1.1/feedback/create.json", TestServer.Form(("type", "csat")))).Is(400);

        // Those that have gone make room.
        begun.ForEach(one => one.Dispose());
        var large = TestServer.Form(("message", new string('x', 60_000)));
        var answer = await server.SendAsync(null, HttpMethod.Post, "/1.1/feedback/create.json", large);
        for (var again = 0; again < 500 && answer.Status == 503; again++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
            answer = await server.SendAsync(null, HttpMethod.Post, "/1.1/feedback/create.json", large);
        }

        answer.Is(400);
    }
}
