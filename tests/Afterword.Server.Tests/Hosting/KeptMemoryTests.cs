using System.Buffers;
using System.Text;
using Afterword.Server.Answers;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Hosting;

/// <summary>What bodies on their way may take is bounded, and what is kept between requests is small, however large they were.</summary>
public sealed class KeptMemoryTests
{
    [Fact]
    public void A_call_that_had_a_large_body_keeps_little_of_it()
    {
        var call = new SignedCall();
        call.Body.Write(new byte[SignatureMiddleware.MaxBody]);
        call.Values.AddForm(Encoding.ASCII.GetBytes($"a={new string('x', SignatureMiddleware.MaxBody)}"));
        Assert.True(call.Body.Capacity >= SignatureMiddleware.MaxBody);

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
        const int least = BodyMemory.Most / (64 * 1024);
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        var begun = new List<RawClient>();
        while (!begun.Exists(one => one.HasAnswer) && begun.Count < 2 * least)
        {
            var one = await RawClient.ConnectAsync(server.Url);
            begun.Add(one);

            // Enough of it that its slowness is not the reason to refuse it.
            await one.SendAsync($"POST /1.1/feedback/create.json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nea60\r\n{new string('x', 60_000)}\r\n");
        }

        Assert.True(begun.Count > least, $"{begun.Count} were enough.");
        Assert.StartsWith("HTTP/1.1 503", await Assert.IsType<RawClient>(begun.Find(one => one.HasAnswer)).ReadAsync(), StringComparison.Ordinal);
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

    [Fact]
    public async Task Bodies_of_one_address_take_a_share_and_a_form_on_a_card_waits_for_room()
    {
        const int share = BodyMemory.MostOfAddress / (64 * 1024);
        var card = $"POST /f/{CardLink.New(1, 1)}";
        await using var server = await TestServer.StartAsync(Engine.Sqlite, "Proxies=127.0.0.1");
        var begun = new List<RawClient>();
        for (var i = 0; i < share; i++) begun.Add(await BeginAsync(server, "POST /1.1/feedback/create.json", "203.0.113.7"));

        // Those that are not read yet claim nothing.
        RawClient? refused = null;
        for (var tries = 0; refused is null && tries < 100; tries++)
        {
            var one = await BeginAsync(server, "POST /1.1/feedback/create.json", "203.0.113.7");
            if (await HasAnswerAsync(one)) refused = one;
            else begun.Add(one);
        }

        Assert.StartsWith("HTTP/1.1 503", await Assert.IsType<RawClient>(refused).ReadAsync(), StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 400", await EndAsync(await BeginAsync(server, "POST /1.1/feedback/create.json", "198.51.100.7")), StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 404", await EndAsync(await BeginAsync(server, "POST /nowhere", "203.0.113.7")), StringComparison.Ordinal);

        // Without room it is told so in a page; where there is some by then, nothing is lost.
        var late = await EndAsync(await BeginAsync(server, card, "203.0.113.7"));
        Assert.StartsWith("HTTP/1.1 503", late, StringComparison.Ordinal);
        Assert.Contains("text/html", late, StringComparison.Ordinal);
        var waits = await BeginAsync(server, card, "203.0.113.7");
        Assert.False(await HasAnswerAsync(waits));
        begun.ForEach(one => one.Dispose());
        Assert.StartsWith("HTTP/1.1 404", await EndAsync(waits), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_does_not_say_how_long_it_is_claims_what_has_come_of_it()
    {
        const int share = BodyMemory.MostOfAddress / (128 * 1024);
        await using var server = await TestServer.StartAsync(Engine.Sqlite, "Proxies=127.0.0.1");
        var begun = new List<RawClient>();
        for (var i = 0; i < 2 * share; i++) begun.Add(await BeginAsync(server, "POST /1.1/feedback/create.json", "203.0.113.7", length: 100));

        // More of them than would have room if each took as much as any route reads; what one more brings is refused for its signature alone.
        Assert.Contains("HTTP/1.1 400", await EndAsync(await BeginAsync(server, "POST /1.1/feedback/create.json", "203.0.113.7")), StringComparison.Ordinal);
        foreach (var one in begun) Assert.Contains("HTTP/1.1 400", await EndAsync(one), StringComparison.Ordinal);
    }

    private static async Task<RawClient> BeginAsync(TestServer server, string what, string from, int length = 60_000)
    {
        var one = await RawClient.ConnectAsync(server.Url);
        await one.SendAsync($"{what} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {from}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{new string('x', length)}\r\n");
        return one;
    }

    private static async Task<string> EndAsync(RawClient one)
    {
        await one.SendAsync("0\r\n\r\n");
        var answer = await one.ReadAsync();
        one.Dispose();
        return answer;
    }

    // A refusal comes at once; that none comes cannot be seen, so a moment is given.
    private static async Task<bool> HasAnswerAsync(RawClient one)
    {
        for (var polls = 0; polls < 10 && !one.HasAnswer; polls++) await Task.Delay(5, TestContext.Current.CancellationToken);
        return one.HasAnswer;
    }
}
