using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Afterword.Client.Webhooks;
using Afterword.Client.Wire;

namespace Afterword.Client.Tests.Webhooks;

/// <summary>Events are fetched in order, page by page, and believed only if they are signed.</summary>
public sealed class WebhookPollerTests
{
    private const string Body =
        """{"event_type":"feedback.created","created_at":"Mon Jan 04 19:45:37 +0000 2016","feedback":{"created_at":"Mon Jan 04 19:45:37 +0000 2016","updated_at":"Mon Jan 04 19:45:37 +0000 2016","id":"7","type":"nps","test":false,"dm_id":"8","from_user_id":"12","to_user_id":"34","privacy_url":"https://furni.example/p","question_variant_id":"3"}}""";

    private static readonly WebhookSecret s_secret = WebhookSecret.Parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

    private readonly FakeNetwork _network = new();
    private readonly ManualClock _clock = new("2016-01-04T19:45:37Z");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_page_is_fetched_behind_the_one_before_with_the_secret()
    {
        using var poller = Poller(_network.Answers(Page("b", true, Event("1", "a"), Event("2", "b"))).Answers(Page("c", false, Event("3", "c"))));

        Assert.Equal(["1", "2", "3"], (await AllAsync(poller, null)).Select(one => one.Webhook.Id));

        Assert.Equal(["https://feedback.example/base/operator/webhooks/42/poll.json", "https://feedback.example/base/operator/webhooks/42/poll.json?after=b"], _network.Requests.Select(sent => sent.Address.AbsoluteUri));
        Assert.All(_network.Requests, sent => Assert.Equal("Bearer whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", sent.Authorization));
        Assert.Empty(_clock.Waits);
    }

    [Fact]
    public async Task It_follows_at_its_interval_and_a_place_without_events_stays()
    {
        using var poller = Poller(_network.Answers(Page("a", false)).Answers(Page("a", false)).Answers(Page("b", false, Event("1", "b"))));
        await using var following = poller.FollowAsync("a", Stop).GetAsyncEnumerator(Stop);

        Assert.True(await following.MoveNextAsync());

        Assert.Equal(("1", "b", "7"), (following.Current.Webhook.Id, following.Current.Cursor, following.Current.Webhook.Event.Feedback.Id));
        Assert.Equal([TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5)], _clock.Waits);
        Assert.All(_network.Requests, sent => Assert.EndsWith("?after=a", sent.Address.AbsoluteUri, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_limit_and_a_busy_server_are_waited_for_and_nothing_else_is()
    {
        using var poller = Poller(_network
            .Answers("""{"errors":[{"code":88,"message":"Rate limit exceeded."}]}""", HttpStatusCode.TooManyRequests, ("Retry-After", "40"))
            .Answers("""{"errors":[{"code":130,"message":"Over capacity."}]}""", HttpStatusCode.ServiceUnavailable, ("Retry-After", "2"))
            .Answers(Page("b", false, Event("1", "b")))
            .Answers("""{"errors":[{"code":44,"message":"id parameter is invalid: this webhook is switched off."}]}""", HttpStatusCode.BadRequest));

        Assert.Single(await AllAsync(poller, null));
        Assert.Equal([TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(2)], _clock.Waits);
        Assert.Equal(44, (await Assert.ThrowsAsync<FeedbackApiException>(() => AllAsync(poller, "b"))).Code);
    }

    [Theory]
    [InlineData("body")]
    [InlineData("webhook_id")]
    [InlineData("webhook_timestamp")]
    [InlineData("webhook_signature")]
    public async Task What_was_changed_on_its_way_is_not_believed(string member)
    {
        var sent = JsonSerializer.SerializeToNode(Event("1", "a"), WireJson.Default.PolledEventJson)!.AsObject();
        sent[member] = (string)sent[member]! + "1";
        using var poller = Poller(_network.Answers($$"""{"events":[{{sent.ToJsonString()}}],"next":"a","more":false}"""));

        Assert.Equal(0, (await Assert.ThrowsAsync<FeedbackApiException>(() => AllAsync(poller, null))).Code);
    }

    [Fact]
    public async Task The_age_of_an_event_is_no_matter_and_a_clock_that_is_wrong_none_either()
    {
        using var poller = Poller(_network.Answers(Page("a", false, Event("1", "a", at: 1_000))));
        Assert.Equal(1_000, Assert.Single(await AllAsync(poller, null)).Webhook.SentAt.ToUnixTimeSeconds());
    }

    [Fact]
    public void An_address_or_an_id_that_is_none_is_refused_at_once_and_the_secret_is_not_printed()
    {
        Assert.Throws<ArgumentException>(() => new WebhookPoller(new(new("ftp://feedback.example"), "42", s_secret)));
        Assert.Throws<ArgumentException>(() => new WebhookPoller(new(new("https://feedback.example"), "42/../1", s_secret)));
        Assert.DoesNotContain("MfKQ", new WebhookPollerOptions(new("https://feedback.example"), "42", s_secret).ToString(), StringComparison.Ordinal);
    }

    private WebhookPoller Poller(FakeNetwork network) => new(new(new("https://feedback.example/base"), "42", s_secret) { Clock = _clock }, network);

    private static async Task<List<PolledWebhook>> AllAsync(WebhookPoller poller, string? after)
    {
        var all = new List<PolledWebhook>();
        await foreach (var one in poller.ReadAsync(after, Stop)) all.Add(one);
        return all;
    }

    private static PolledEventJson Event(string id, string cursor, long at = 1_451_936_737) => new(
        cursor, id, at.ToString(CultureInfo.InvariantCulture), "v2,other " + s_secret.Sign(id, DateTimeOffset.FromUnixTimeSeconds(at), Encoding.UTF8.GetBytes(Body)), Body);

    private static string Page(string next, bool more, params PolledEventJson[] events) => JsonSerializer.Serialize(new PollPageJson(events, next, more), WireJson.Default.PollPageJson);
}
