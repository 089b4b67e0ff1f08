using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>An endpoint that misbehaves harms itself alone.</summary>
public abstract class SickEndpointTests(Engine engine)
{
    [Fact]
    public async Task Healthy_endpoints_are_served_beside_every_kind_of_sick_one()
    {
        // None of those that hang gives up within this test.
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine, "Webhooks:Timeout=00:01:00");
        var sick = Enum.GetValues<Sickness>().Select(sickness => new SickServer(sickness)).ToArray();
        foreach (var server in sick) await fixture.AddAsync(server.Url);
        await fixture.AddAsync(receiver);

        for (var i = 0; i < 30; i++) await fixture.AskAndAnswerAsync();
        while (receiver.All.Count < 90) await Task.Delay(10, TestContext.Current.CancellationToken);

        Assert.Equal(90, receiver.All.Select(got => got.Id).Distinct().Count());
        Assert.All(sick, server => Assert.True(server.Connections > 0, $"{server.Url} was never connected to."));
        Assert.Equal(1, sick[(int)Sickness.Hangs].Connections);
        Assert.Equal(0, await fixture.CountAsync("state = 2"));
        foreach (var server in sick) server.Dispose();
    }

    [Theory]
    [InlineData(Sickness.Hangs, null, "No answer within 1 s")]
    [InlineData(Sickness.Trickles, null, "No answer within 1 s")]
    [InlineData(Sickness.Resets, null, "")]
    [InlineData(Sickness.Fails, 500, null)]
    [InlineData(Sickness.RedirectsInALoop, 307, null)]
    [InlineData(Sickness.SpeaksNoTls, null, "")]
    [InlineData(Sickness.HasABadCertificate, null, "TLS failed")]
    [InlineData(Sickness.SendsEndlessHeaders, null, "")]
    [InlineData(Sickness.SpeaksNonsense, null, "")]
    public async Task What_a_sick_endpoint_does_is_a_failed_attempt_that_says_why(Sickness sickness, int? status, string? error)
    {
        // Only those that never answer are waited for to the end.
        using var server = new SickServer(sickness);
        await using var fixture = await WebhookFixture.StartAsync(engine, $"Webhooks:Timeout=00:00:{(sickness is Sickness.Hangs or Sickness.Trickles ? "01" : "50")}");
        var endpoint = await fixture.AddAsync(server.Url);
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        var attempt = Assert.Single(await AttemptsAsync(fixture, endpoint));
        Assert.Equal(status, attempt.Status);
        if (error is null) Assert.Null(attempt.Error);
        else Assert.Contains(error, attempt.Error, StringComparison.Ordinal);
        Assert.Equal(1, await fixture.CountAsync("state = 0 and failures = 1"));
    }

    [Theory]
    [InlineData(Sickness.NeverEnds)]
    [InlineData(Sickness.SendsABomb)]
    public async Task Of_an_endless_answer_little_is_read_and_less_is_kept(Sickness sickness)
    {
        using var server = new SickServer(sickness);
        await using var fixture = await WebhookFixture.StartAsync(engine, "Webhooks:Timeout=00:00:30");
        var endpoint = await fixture.AddAsync(server.Url);
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        var attempt = Assert.Single(await AttemptsAsync(fixture, endpoint));
        Assert.Equal(200, attempt.Status);
        Assert.True(attempt.Answer!.Length <= 1024);

        // What the system's own buffers hold on the way is never read.
        Assert.True(server.Sent < 16 * 1024 * 1024, $"{server.Sent} bytes were taken.");
    }

    [Fact]
    public async Task An_endpoint_that_drops_every_first_answer_gets_everything_at_least_once_and_in_order()
    {
        var seen = new HashSet<string>();
        await using var receiver = await Receiver.StartAsync((http, got) =>
        {
            bool first;
            lock (seen) first = seen.Add(got.Id);
            if (first) http.Abort();
            else http.Response.StatusCode = 204;
            return Task.CompletedTask;
        });
        await using var fixture = await WebhookFixture.StartAsync(engine, "Webhooks:RetrySchedule=5s 5s 5s 5s 5s 5s 5s 5s 5s");
        await fixture.AddAsync(receiver);
        var feedbacks = new List<string>();
        for (var i = 0; i < 20; i++) feedbacks.Add(await fixture.AskAndAnswerAsync());
        for (var i = 0; i < 6; i++) await fixture.AdvanceAsync(TimeSpan.FromSeconds(7));

        Assert.Equal(60, await fixture.CountAsync("state = 1 and attempts = 2"));
        foreach (var feedback in feedbacks)
        {
            Assert.Equal([0, 0, 1, 1, 2, 2], Order.Of(receiver.All.Where(got => got.Feedback == feedback)));
        }
    }

    private static async Task<IReadOnlyList<ShownDeliveryAttempt>> AttemptsAsync(WebhookFixture fixture, NewEndpoint endpoint) =>
        Assert.Single(await new DeliveryHistory(fixture.Server.Server.Store).LatestAsync(endpoint.Key, deadOnly: false, 10, default)).Attempts;
}

public sealed class SqliteSickEndpointTests() : SickEndpointTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresSickEndpointTests() : SickEndpointTests(Engine.Postgres);
