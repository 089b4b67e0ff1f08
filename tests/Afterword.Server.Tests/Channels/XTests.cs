using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Afterword.Client.OAuth;
using Afterword.Server.Channels;
using Afterword.Server.Channels.X;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.AspNetCore.Http;

namespace Afterword.Server.Tests.Channels;

/// <summary>Requests as direct messages at X, against a server that answers as the documentation of X has it.</summary>
public abstract class XTests(Engine engine) : IAsyncLifetime
{
    private static readonly OAuthCredentials s_keys = new("x-api-key", "x-api-secret-kept", "1212-x-token", "x-token-secret-kept");

    private readonly ConcurrentQueue<string> _signed = new();
    private Receiver _x = null!;
    private Func<HttpContext, Task> _answer = null!;

    public async ValueTask InitializeAsync()
    {
        _x = await Receiver.StartAsync(AnswerAsync);
        _answer = http =>
        {
            http.Response.StatusCode = 201;
            return http.Response.WriteAsync("""{"data":{"dm_conversation_id":"1212-2244994945","dm_event_id":"1582838499983564806"}}""");
        };
    }

    public ValueTask DisposeAsync() => _x.DisposeAsync();

    [Fact]
    public async Task A_request_is_a_direct_message_signed_as_the_sender()
    {
        await using var site = await StartAsync();
        var asked = await site.CreateAsync(site.Server, await UserAsync(site), "csat", ("include_card", "true"));
        await site.DrainAsync();

        var got = Assert.Single(_x.All);
        Assert.Equal(("/2/dm_conversations/with/2244994945/messages", "application/json"), (got.Path, got.ContentType));
        Assert.Equal($$"""{"text":"Thank you for your order!\n\n{{asked.Text("card_url")}}"}""", Encoding.UTF8.GetString(got.Body));
        Assert.Equal(["good"], _signed);
        Assert.Equal((ChannelDeliveryState.Sent, 201), ((await site.ShowAsync(asked.Text("id"))).State, (await site.ShowAsync(asked.Text("id"))).Attempts[0].Status));
        Assert.DoesNotContain(site.Server.Log, line => line.Contains("kept", StringComparison.Ordinal) && line.Contains("x-", StringComparison.Ordinal));
        var kept = await site.Server.Server.Store.Main.ReadAsync(session => session.Sql("select keys from x_account").ListAsync(row => row.GetBytes(0), default), default);
        Assert.True(Assert.Single(kept).AsSpan().IndexOf("x-"u8) < 0);
        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Its_limits_are_kept_before_and_after_it_says_429()
    {
        await using var site = await StartAsync("Channels:RetrySchedule=1m", "Channels:Concurrency=1");
        var user = await UserAsync(site);
        var reset = site.Clock.GetUtcNow().AddMinutes(15).ToUnixTimeSeconds();
        var taken = _answer;
        _answer = http =>
        {
            http.Response.Headers["x-rate-limit-remaining"] = "0";
            http.Response.Headers["x-rate-limit-reset"] = reset.ToString(CultureInfo.InvariantCulture);
            return taken(http);
        };
        for (var i = 0; i < 3; i++) await site.AskAsync(user);
        await site.DrainAsync();
        await site.AdvanceAsync(TimeSpan.FromMinutes(14));
        Assert.Single(_x.All);

        reset += 900;
        _answer = http =>
        {
            http.Response.StatusCode = 429;
            http.Response.Headers["x-rate-limit-reset"] = reset.ToString(CultureInfo.InvariantCulture);
            return http.Response.WriteAsync("""{"title":"Too Many Requests","detail":"Too Many Requests","type":"about:blank","status":429}""");
        };
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));
        await site.AdvanceAsync(TimeSpan.FromMinutes(12));
        Assert.Equal(2, _x.All.Count);

        _answer = taken;
        await site.AdvanceAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(4, _x.All.Count);
        Assert.Equal(3, await site.CountAsync("state = 2 and failures = 0"));
    }

    [Fact]
    public async Task A_limit_of_a_day_is_kept_beside_that_of_15_minutes()
    {
        await using var site = await StartAsync("Channels:RetrySchedule=1m");
        var taken = _answer;
        var now = site.Clock.GetUtcNow();
        _answer = http =>
        {
            http.Response.StatusCode = 429;
            foreach (var (limit, remaining, hours) in ((string, int, double)[])[("x-rate-limit", 0, 0.25), ("x-user-limit-24hour", 0, 5), ("x-app-limit-24hour", 500, 20)])
            {
                http.Response.Headers[$"{limit}-remaining"] = remaining.ToString(CultureInfo.InvariantCulture);
                http.Response.Headers[$"{limit}-reset"] = now.AddHours(hours).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            }

            return Task.CompletedTask;
        };
        await site.AskAsync(await UserAsync(site));
        await site.DrainAsync();
        _answer = taken;
        await site.AdvanceAsync(TimeSpan.FromHours(4));
        Assert.Single(_x.All);
        await site.AdvanceAsync(TimeSpan.FromHours(2));
        Assert.Equal(2, _x.All.Count);
    }

    [Fact]
    public async Task What_may_have_arrived_is_not_sent_again_by_itself()
    {
        await using var site = await StartAsync();
        var user = await UserAsync(site);
        var taken = _answer;
        _answer = http =>
        {
            http.Abort();
            return Task.CompletedTask;
        };
        var unanswered = await site.AskAsync(user);
        await site.DrainAsync();

        // A server is killed while it sends.
        _answer = http =>
        {
            http.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        var begun = await site.AskAsync(user);
        await site.DrainAsync();
        await site.RunAsync("update dispatch set state = 1 where state = 0");
        _answer = taken;
        await site.AdvanceAsync(TimeSpan.FromDays(2));

        Assert.Equal(2, _x.All.Count);
        foreach (var (id, outcome) in ((string, AttemptOutcome)[])[(unanswered, AttemptOutcome.Uncertain), (begun, AttemptOutcome.Refused)])
        {
            var shown = await site.ShowAsync(id);
            Assert.Equal((ChannelDeliveryState.Dead, (AttemptOutcome?)outcome, false), (shown.State, shown.Attempts[0].Outcome, shown.MaybeTwice));
        }

        // A person has looked, and has it sent once more.
        Assert.Equal(2, await site.Server.Get<RetryChannelDeliveries>().RunAsync(site.Fixture.Furni.Id, null, default));
        await site.DrainAsync();
        Assert.Equal((ChannelDeliveryState.Sent, true), ((await site.ShowAsync(unanswered)).State, (await site.ShowAsync(unanswered)).MaybeTwice));
    }

    [Theory]
    [InlineData(403, """{"title":"Forbidden","detail":"You do not have permission to DM one or more participants.","type":"about:blank","status":403}""", ChannelDeliveryState.Dead, AttemptOutcome.Refused)]
    [InlineData(403, """{"errors":[{"code":349,"message":"You cannot send messages to this user."}]}""", ChannelDeliveryState.Dead, AttemptOutcome.Refused)]
    [InlineData(400, """{"errors":[{"message":"The `participant_id` path parameter value is not valid"}],"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","type":"https://api.x.com/2/problems/invalid-request"}""", ChannelDeliveryState.Dead, AttemptOutcome.Refused)]
    [InlineData(404, """{"title":"Not Found Error","detail":"Could not find user with id: [2244994945].","type":"https://api.twitter.com/2/problems/resource-not-found"}""", ChannelDeliveryState.Dead, AttemptOutcome.Refused)]
    [InlineData(404, """{"title":"Not Found","type":"about:blank","status":404,"detail":"Not Found"}""", ChannelDeliveryState.Waiting, AttemptOutcome.Failed)]
    [InlineData(403, """{"title":"Client Forbidden","detail":"This app is not enrolled.","reason":"client-not-enrolled","type":"https://api.x.com/2/problems/client-forbidden"}""", ChannelDeliveryState.Waiting, AttemptOutcome.Failed)]
    [InlineData(401, """{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}""", ChannelDeliveryState.Waiting, AttemptOutcome.Failed)]
    [InlineData(503, "<html>Over capacity</html>", ChannelDeliveryState.Waiting, AttemptOutcome.Failed)]
    [InlineData(500, "", ChannelDeliveryState.Dead, AttemptOutcome.Uncertain)]
    public async Task What_it_says_of_an_error_is_told_and_decides_what_follows(int status, string body, object state, object outcome)
    {
        await using var site = await StartAsync();
        _answer = http =>
        {
            http.Response.StatusCode = status;
            return http.Response.WriteAsync(body);
        };
        var id = await site.AskAsync(await UserAsync(site));
        await site.DrainAsync();

        var shown = await site.ShowAsync(id);
        Assert.Equal(((ChannelDeliveryState)state, (AttemptOutcome?)outcome, (int?)status), (shown.State, shown.Attempts[0].Outcome, shown.Attempts[0].Status));
        if (body.Contains("detail", StringComparison.Ordinal)) Assert.Contains(System.Text.Json.JsonDocument.Parse(body).RootElement.GetProperty("detail").GetString()!, shown.Attempts[0].Error, StringComparison.Ordinal);
        await site.Server.AllIsWellAsync();
    }

    private async Task AnswerAsync(HttpContext http, Received received)
    {
        // The other side knows the secrets and signs what it got: the address, and what the header says of itself.
        var header = new ParameterList();
        Assert.True(AuthorizationHeader.TryParse(received.Authorization, header));
        var said = Enumerable.Range(0, header.Count).Select(i => KeyValuePair.Create(Encoding.UTF8.GetString(header.NameAt(i)), Encoding.UTF8.GetString(header.ValueAt(i)))).ToDictionary();
        var expected = OAuthSignature.Compute(http.Request.Method, new Uri(_x.Url, received.Path), said, s_keys.ConsumerSecret, s_keys.TokenSecret!);
        _signed.Enqueue(said["oauth_signature"] == expected && said["oauth_token"] == s_keys.Token && said["oauth_consumer_key"] == s_keys.ConsumerKey ? "good" : "bad");
        await _answer(http);
    }

    private async Task<ChannelFixture> StartAsync(params string[] settings)
    {
        var site = await ChannelFixture.StartAsync(engine, 0, settings);
        await site.Server.Get<XAccounts>().SetAsync(site.Fixture.Furni.Id, new(_x.Url, s_keys), default);
        return site;
    }

    private static async Task<User> UserAsync(ChannelFixture site) => (await site.Server.Get<UserAccounts>().AddAsync(
        new NewUser("xi", "Xi", null, MessagingPermission.Anyone) { ChannelAvailability = ChannelAvailability.Read("x", null, "2244994945").Reachability! }, default))!;
}

public sealed class SqliteXTests() : XTests(Engine.Sqlite);

public sealed class PostgresXTests() : XTests(Engine.Postgres);
