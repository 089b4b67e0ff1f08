using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Prompts;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Channels;

/// <summary>Requests that a sender brings to its customers itself.</summary>
public abstract class RelayTests(Engine engine)
{
    [Fact]
    public async Task A_request_is_handed_over_signed_with_all_that_its_customer_needs()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        var secret = await site.RelayAddresses.SetAsync(site.Fixture.Furni.Id, new Uri(receiver.Url, "/requests"), "furni:pass", default);

        var answer = await site.CreateAsync(site.Server, site.Bo, "nps", ("include_card", "true"), ("external_id", "ticket_5555"), ("test", "true"));
        await site.DrainAsync();

        var got = Assert.Single(receiver.All);
        Assert.Equal((answer.Text("id"), "/requests", "application/json"), (got.Id, got.Path, got.ContentType));
        Assert.Equal("Basic " + Convert.ToBase64String("furni:pass"u8), got.Authorization);
        byte[] signed = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{got.Id}.{got.Timestamp}.")), .. got.Body];
        Assert.Equal("v1," + Convert.ToBase64String(HMACSHA256.HashData(secret.Key, signed)), got.Signature);

        var json = got.Json;
        Assert.Equal(("feedback.request", "Thank you for your order!", "How likely are you to recommend FURNI to a friend?"), (Text(json, "type"), Text(json, "message"), Text(json, "question")));
        Assert.Equal((answer.Text("card_url"), "https://furni.example/privacy", "en"), (Text(json, "card_url"), Text(json, "privacy_url"), Text(json, "language")));
        Assert.Equal((answer.Text("id"), "nps", "ticket_5555"), (Text(json.GetProperty("feedback"), "id"), Text(json.GetProperty("feedback"), "type"), Text(json.GetProperty("feedback"), "external_id")));
        Assert.Equal(("bo", "furni"), (Text(json.GetProperty("to"), "screen_name"), Text(json.GetProperty("from"), "screen_name")));
        Assert.Equal(ChannelDeliveryState.Sent, (await site.ShowAsync(answer.Text("id"))).State);
        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_failed_attempt_is_repeated_under_the_same_id()
    {
        var status = 503;
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        await site.RelayAddresses.SetAsync(site.Fixture.Furni.Id, receiver.Url, null, default);
        var id = await site.AskAsync(site.Bo);
        await site.DrainAsync();
        status = 200;
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.Equal([id, id], receiver.All.Select(got => got.Id));
        Assert.Equal(receiver.All.First().Body, receiver.All.Last().Body);
        var shown = await site.ShowAsync(id);
        Assert.Equal((ChannelDeliveryState.Sent, false), (shown.State, shown.MaybeTwice));
        Assert.Equal([(AttemptOutcome?)AttemptOutcome.Sent, AttemptOutcome.Failed], shown.Attempts.Select(attempt => attempt.Outcome));
    }

    [Theory]
    [InlineData(410, ChannelDeliveryState.Dead)]
    [InlineData(302, ChannelDeliveryState.Waiting)]
    [InlineData(404, ChannelDeliveryState.Waiting)]
    public async Task Gone_is_for_good_and_a_redirect_is_not_followed(int status, object state)
    {
        await using var other = await Receiver.StartAsync();
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = status;
            http.Response.Headers.Location = other.Url.ToString();
            return Task.CompletedTask;
        });
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        await site.RelayAddresses.SetAsync(site.Fixture.Furni.Id, receiver.Url, null, default);
        var id = await site.AskAsync(site.Bo);
        await site.DrainAsync();

        Assert.Equal((ChannelDeliveryState)state, (await site.ShowAsync(id)).State);
        Assert.Empty(other.All);
    }

    [Fact]
    public async Task An_answer_that_never_came_may_have_been_a_yes()
    {
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Abort();
            return Task.CompletedTask;
        });
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        await site.RelayAddresses.SetAsync(site.Fixture.Furni.Id, receiver.Url, null, default);
        var id = await site.AskAsync(site.Bo);
        await site.DrainAsync();
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.All((await site.ShowAsync(id)).Attempts, attempt => Assert.Equal(AttemptOutcome.Uncertain, attempt.Outcome));
        Assert.True((await site.ShowAsync(id)).MaybeTwice);
    }

    [Fact]
    public async Task Private_addresses_are_not_connected_to_and_nothing_was_sent()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var site = await ChannelFixture.StartAsync(engine, 0, "Webhooks:AllowPrivateAddresses=false");
        await site.RelayAddresses.SetAsync(site.Fixture.Furni.Id, new Uri($"http://localhost:{receiver.Url.Port}/"), null, default);
        var id = await site.AskAsync(site.Bo);
        await site.DrainAsync();

        Assert.Empty(receiver.All);
        var attempt = Assert.Single((await site.ShowAsync(id)).Attempts);
        Assert.Equal(AttemptOutcome.Failed, attempt.Outcome);
        Assert.Contains("no public address", attempt.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_address_requests_wait_say_why_and_go_when_there_is_one()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        var id = await site.AskAsync(site.Bo);
        await site.DrainAsync();
        Assert.Contains("no address", await site.Server.Get<ChannelDeliveryHistory>().NotConfiguredAsync(Channel.Webhook, site.Fixture.Furni.Id, default), StringComparison.Ordinal);
        Assert.Empty((await site.ShowAsync(id)).Attempts);

        await site.RelayAddresses.SetAsync(site.Fixture.Furni.Id, receiver.Url, null, default);
        await site.DrainAsync();

        Assert.Single(receiver.All);
        Assert.Null(await site.Server.Get<ChannelDeliveryHistory>().NotConfiguredAsync(Channel.Webhook, site.Fixture.Furni.Id, default));
    }

    private static string? Text(System.Text.Json.JsonElement json, string name) => json.GetProperty(name).GetString();
}

public sealed class SqliteRelayTests() : RelayTests(Engine.Sqlite);

public sealed class PostgresRelayTests() : RelayTests(Engine.Postgres);

/// <summary>The wire form, byte for byte.</summary>
public sealed class RelayJsonTests
{
    [Fact]
    public void A_request_looks_as_it_is_documented()
    {
        var prompt = new Prompt(
            1212121212121, 684095374270562304, 343434343434, 684095374270562305, PromptType.Csat, false, 0, "How satisfied are you with Möbel?", "https://mybusiness.domain/privacy",
            "ticket_5555", null, 1451936737000, 1451936737000, null, null, null, null, null);
        var delivery = new ChannelDelivery(
            prompt, ChannelDeliveryState.Sending, 1, 0, 1, "", null, "Grüße & „Danke“", new(1212121212121, "mybusiness", "Möbel", null, null, false),
            new(343434343434, "ada", "Ada", "pt-BR", "ada@example.com", false), false);

        Golden.Matches("request.json", Encoding.UTF8.GetString(RelayTransport.BodyOf(delivery, "https://feedback.example/f/TOKEN")));
    }
}
