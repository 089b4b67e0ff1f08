using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>What reaches an endpoint, and when.</summary>
public abstract class DeliveryTests(Engine engine)
{
    [Fact]
    public async Task Every_change_is_delivered_as_it_stood_when_it_happened()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        await fixture.AddAsync(receiver, "/in?key=1");

        var id = await fixture.AskAndAnswerAsync();
        await fixture.DrainAsync();

        var all = receiver.All.ToArray();
        Assert.Equal(["feedback.created", "feedback.updated", "feedback.updated"], all.Select(one => one.EventType));
        Assert.All(all, one => Assert.Equal((id, "application/json", "/in"), (one.Feedback, one.ContentType, one.Path)));
        Assert.False(all[0].Json.GetProperty("feedback").TryGetProperty("response", out _));
        var first = all[1].Json.GetProperty("feedback").GetProperty("response");
        Assert.True(first.TryGetProperty("score", out _) && !first.TryGetProperty("text", out _));
        Assert.Equal("Gern wieder!", all[2].Json.GetProperty("feedback").GetProperty("response").GetProperty("text").GetProperty("value").GetString());

        await fixture.AdvanceAsync(TimeSpan.FromSeconds(1));
        var events = (await fixture.Server.GetAsync(fixture.Fixture.Sender, $"/1.1/feedback/events.json?from_time=0&to_time={fixture.Clock.GetUtcNow().ToUnixTimeMilliseconds()}")).Is(200);
        Assert.Equal(Encoding.UTF8.GetString(all[2].Body), events.Json.GetProperty("events")[2].GetRawText());
        Assert.Equal(3, await fixture.CountAsync("state = 1 and attempts = 1"));
    }

    [Fact]
    public async Task Score_and_text_in_one_call_are_two_events_each_as_of_its_own()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        await fixture.AddAsync(receiver);

        var id = (await fixture.Fixture.AskAsync("nps", ("test", "true"))).Text("id");
        (await fixture.Fixture.SubmitAsync(id, ("score", "9"), ("text", "Fine"))).Is(200);
        await fixture.DrainAsync();

        var responses = receiver.All.Skip(1).Select(one => one.Json.GetProperty("feedback").GetProperty("response").GetRawText()).ToArray();
        Assert.Equal(2, responses.Length);
        Assert.DoesNotContain("Fine", responses[0], StringComparison.Ordinal);
        Assert.Contains("Fine", responses[1], StringComparison.Ordinal);
        Assert.All(receiver.All, one => Assert.True(one.Json.GetProperty("feedback").GetProperty("test").GetBoolean()));
        Assert.Equal(3, receiver.All.Select(one => one.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_delivery_is_signed_and_carries_the_credentials()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        var endpoint = await fixture.AddAsync(receiver, basic: "furni:s3cret:ü");

        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        var got = Assert.Single(receiver.All);
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("furni:s3cret:ü")), got.Authorization);
        Assert.Equal(fixture.Clock.GetUtcNow().ToUnixTimeSeconds(), got.Timestamp);
        Assert.Equal(SignatureOf(endpoint.Secret, got), got.Signature);
    }

    [Fact]
    public async Task A_rotated_out_secret_signs_too_until_its_time_is_over()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        var endpoint = await fixture.AddAsync(receiver);

        var secret = await fixture.Endpoints.RotateAsync(endpoint.Key, default);
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();
        await fixture.AdvanceAsync(TimeSpan.FromHours(24));
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        var got = receiver.All.ToArray();
        Assert.Equal($"{SignatureOf(secret!, got[0])} {SignatureOf(endpoint.Secret, got[0])}", got[0].Signature);
        Assert.Equal(SignatureOf(secret!, got[1]), got[1].Signature);
    }

    [Fact]
    public async Task Each_endpoint_gets_every_change_from_its_addition_to_its_removal()
    {
        await using var one = await Receiver.StartAsync();
        await using var other = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        await fixture.Fixture.AskAsync();
        var first = await fixture.AddAsync(one);
        var between = (await fixture.Fixture.AskAsync()).Text("id");
        await fixture.AddAsync(other);
        var both = (await fixture.Fixture.AskAsync()).Text("id");
        await fixture.DrainAsync();
        Assert.True(await fixture.Endpoints.RemoveAsync(first.Key, _ => { }, default));
        var last = (await fixture.Fixture.AskAsync()).Text("id");
        await fixture.DrainAsync();

        Assert.Equal([between, both], one.All.Select(got => got.Feedback).Order());
        Assert.Equal([both, last], other.All.Select(got => got.Feedback).Order());
        Assert.Equal(4, await fixture.CountAsync());
    }

    [Fact]
    public async Task Another_senders_changes_go_to_another_sender()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        var (other, _) = await fixture.Server.SenderAsync(fixture.Fixture.App, "other");
        await fixture.Endpoints.AddAsync(other.Id, receiver.Url, null, Approval.NeededIfOwned, default);

        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        Assert.Empty(receiver.All);
        Assert.Equal(0, await fixture.CountAsync());
    }

    [Fact]
    public async Task A_failed_delivery_comes_again_by_the_schedule_and_then_is_dead_and_can_be_replayed()
    {
        var healthy = false;
        await using var receiver = await Receiver.StartAsync((http, _) => Answer(http, healthy ? 200 : 500, "no luck"));
        await using var fixture = await WebhookFixture.StartAsync(engine, "Webhooks:DisableAfter=1000.00:00:00");
        var endpoint = await fixture.AddAsync(receiver);
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        foreach (var (wait, attempts) in s_waits.Select((wait, i) => (TimeSpan.FromSeconds(wait), i + 2)))
        {
            await fixture.AdvanceAsync(wait * 0.79);
            Assert.Equal(attempts - 1, receiver.All.Count);
            await fixture.AdvanceAsync(wait * 0.42);
            Assert.Equal(attempts, receiver.All.Count);
        }

        await fixture.AdvanceAsync(TimeSpan.FromDays(30));
        Assert.Equal(10, receiver.All.Count);
        Assert.Single(receiver.All.Select(got => got.Id).Distinct());
        Assert.True(receiver.All.Select(got => got.Timestamp).Distinct().Count() == 10);
        Assert.Equal(1, await fixture.CountAsync("state = 2 and attempts = 10"));
        Assert.Equal(10, await fixture.Server.CountAsync("delivery_attempt", "status = 500 and answer is not null"));

        healthy = true;
        Assert.Equal(1, await fixture.Server.Get<ReplayDeliveries>().RunAsync(endpoint.Key, new(null, 0, long.MaxValue, DeadOnly: true), _ => { }, default));
        await fixture.DrainAsync();
        Assert.Equal(1, await fixture.CountAsync("state = 1 and attempts = 11"));
        Assert.Equal(receiver.All.First().Body, receiver.All.Last().Body);
    }

    [Fact]
    public async Task A_later_change_of_a_feedback_waits_for_the_earlier_one()
    {
        var failing = true;
        await using var receiver = await Receiver.StartAsync((http, got) => Answer(http, failing && got.EventType == "feedback.created" ? 503 : 204));
        await using var fixture = await WebhookFixture.StartAsync(engine);
        await fixture.AddAsync(receiver);

        var id = (await fixture.Fixture.AskAsync()).Text("id");
        await fixture.DrainAsync();
        (await fixture.Fixture.SubmitAsync(id, ("score", "2"))).Is(200);
        await fixture.DrainAsync();
        (await fixture.Fixture.SubmitAsync(id, ("text", "Hm"))).Is(200);
        var other = await fixture.AskAndAnswerAsync();
        await fixture.DrainAsync();
        Assert.All(receiver.All, got => Assert.Equal("feedback.created", got.EventType));

        failing = false;
        await fixture.AdvanceAsync(TimeSpan.FromSeconds(7));
        Assert.Equal(6, await fixture.CountAsync("state = 1"));
        foreach (var feedback in (string[])[id, other])
        {
            Assert.Equal(["feedback.created", "feedback.updated", "feedback.updated"], receiver.All.Where(got => got.Feedback == feedback).TakeLast(3).Select(got => got.EventType));
        }
    }

    [Fact]
    public async Task A_dead_change_does_not_hold_up_the_next_one()
    {
        await using var receiver = await Receiver.StartAsync((http, got) => Answer(http, got.EventType == "feedback.created" ? 500 : 204));
        await using var fixture = await WebhookFixture.StartAsync(engine, "Webhooks:RetrySchedule=5s");
        await fixture.AddAsync(receiver);
        await fixture.AskAndAnswerAsync();
        await fixture.DrainAsync();

        await fixture.AdvanceAsync(TimeSpan.FromSeconds(7));

        Assert.Equal(["feedback.created", "feedback.created", "feedback.updated", "feedback.updated"], receiver.All.Select(got => got.EventType));
        Assert.Equal(1, await fixture.CountAsync("state = 2"));
    }

    [Theory]
    [InlineData("3600", 3600)]
    [InlineData("Mon, 05 Jan 2026 11:00:00 GMT", 7200)]
    [InlineData("999999999", 86_400)]
    public async Task An_endpoint_that_asks_for_time_gets_it_up_to_a_day(string asked, int seconds)
    {
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.Headers.RetryAfter = asked;
            return Answer(http, 429);
        });
        await using var fixture = await WebhookFixture.StartAsync(engine);
        await fixture.AddAsync(receiver);
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        await fixture.AdvanceAsync(TimeSpan.FromSeconds(seconds - 1));
        Assert.Single(receiver.All);
        await fixture.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(2, receiver.All.Count);
    }

    [Fact]
    public async Task An_endpoint_that_is_gone_is_switched_off_at_once_and_what_follows_waits_for_it()
    {
        var status = 410;
        await using var receiver = await Receiver.StartAsync((http, _) => Answer(http, status));
        await using var fixture = await WebhookFixture.StartAsync(engine);
        var endpoint = await fixture.AddAsync(receiver);
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();
        Assert.Contains("410", (await fixture.ShowAsync(endpoint)).DisabledReason, StringComparison.Ordinal);
        var id = await fixture.AskAndAnswerAsync();
        await fixture.AdvanceAsync(TimeSpan.FromDays(2));
        Assert.Single(receiver.All);
        Assert.Equal(4, await fixture.CountAsync("state = 0"));

        status = 204;
        Assert.True(await fixture.Endpoints.EnableAsync(endpoint.Key, default));
        await fixture.DrainAsync();

        Assert.Equal(4, await fixture.CountAsync("state = 1"));
        Assert.Equal(["feedback.created", "feedback.updated", "feedback.updated"], receiver.All.Where(got => got.Feedback == id).Select(got => got.EventType));
    }

    [Fact]
    public async Task An_endpoint_that_takes_nothing_for_five_days_is_switched_off()
    {
        await using var receiver = await Receiver.StartAsync((http, _) => Answer(http, 500));
        await using var fixture = await WebhookFixture.StartAsync(engine);
        var endpoint = await fixture.AddAsync(receiver);
        for (var hour = 0; hour < 5 * 24; hour += 6)
        {
            await fixture.Fixture.AskAsync();
            await fixture.DrainAsync();
            Assert.True((await fixture.ShowAsync(endpoint)).IsActive);
            await fixture.AdvanceAsync(TimeSpan.FromHours(6));
        }

        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        Assert.Contains("Every attempt since 2026-01-05 09:00:00Z failed", (await fixture.ShowAsync(endpoint)).DisabledReason, StringComparison.Ordinal);
        var attempts = receiver.All.Count;
        await fixture.AdvanceAsync(TimeSpan.FromDays(1));
        Assert.Equal(attempts, receiver.All.Count);
    }

    [Fact]
    public async Task One_success_in_between_keeps_an_endpoint_on()
    {
        var status = 500;
        await using var receiver = await Receiver.StartAsync((http, _) => Answer(http, status));
        await using var fixture = await WebhookFixture.StartAsync(engine);
        var endpoint = await fixture.AddAsync(receiver);
        for (var day = 0; day < 12; day++)
        {
            status = day % 4 == 3 ? 200 : 500;
            await fixture.Fixture.AskAsync();
            await fixture.AdvanceAsync(TimeSpan.FromDays(1));
        }

        Assert.True((await fixture.ShowAsync(endpoint)).IsActive);
    }

    [Fact]
    public async Task A_server_that_starts_again_delivers_what_was_left()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        await fixture.AddAsync(receiver);
        await fixture.Server.Get<WebhookWorker>().StopAsync(default);
        await fixture.AskAndAnswerAsync();
        Assert.Empty(receiver.All);

        await fixture.Server.RestartAsync();
        await fixture.DrainAsync();

        Assert.Equal(3, receiver.All.Count);
    }

    [Fact]
    public async Task A_worker_that_meets_an_error_goes_on_and_so_does_the_api()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        await fixture.AddAsync(receiver);
        await RunAsync(fixture, "alter table delivery rename to lost");
        while (!Logged(fixture, "A round of webhook dispatch failed")) await Task.Delay(10, TestContext.Current.CancellationToken);
        (await fixture.Server.GetAsync(fixture.Fixture.Sender, "/1.1/feedback/show/1.json")).Is(404);

        await RunAsync(fixture, "alter table lost rename to delivery");
        await fixture.AskAndAnswerAsync();
        await fixture.DrainAsync();

        Assert.Equal(3, receiver.All.Count);
    }

    private static bool Logged(WebhookFixture fixture, string text)
    {
        lock (fixture.Server.Log) return fixture.Server.Log.Exists(line => line.Contains(text, StringComparison.Ordinal));
    }

    private static Task<int> RunAsync(WebhookFixture fixture, string sql) => fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql(sql).RunAsync(default), default);

    private static readonly double[] s_waits = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

    private static Task Answer(Microsoft.AspNetCore.Http.HttpContext http, int status, string body = "")
    {
        http.Response.StatusCode = status;
        return status == 204 ? Task.CompletedTask : Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(http.Response, body);
    }

    private static string SignatureOf(RotateSecret secret, Received got)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{got.Id}.{got.Timestamp}.")), .. got.Body];
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret.ToString()["whsec_".Length..]), signed));
    }
}

public sealed class SqliteDeliveryTests() : DeliveryTests(Engine.Sqlite);

public sealed class PostgresDeliveryTests() : DeliveryTests(Engine.Postgres);
