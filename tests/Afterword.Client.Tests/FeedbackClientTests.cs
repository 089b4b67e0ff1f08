using System.Globalization;
using System.Net;
using Afterword.Client.OAuth;
using Afterword.Client.Wire;

namespace Afterword.Client.Tests;

public sealed class FeedbackClientTests : IDisposable
{
    private const string Feedback =
        """
        {"created_at":"Mon Jan 04 19:45:37 +0000 2016","updated_at":"Mon Jan 04 19:45:37 +0000 2016","id":"684095374270562304",
         "type":"nps","test":false,"dm_id":"684095374270562305","from_user_id":"12","to_user_id":"34",
         "privacy_url":"https://mybusiness.domain/privacy","question_variant_id":"3"}
        """;

    private const string LimitReached = """{"errors":[{"code":88,"message":"Rate limit exceeded."}]}""";

    private static readonly DateTimeOffset s_from = DateTimeOffset.FromUnixTimeMilliseconds(1451606400000);
    private static readonly DateTimeOffset s_to = DateTimeOffset.FromUnixTimeMilliseconds(1451692799999);

    private readonly FakeNetwork _network = new();
    private readonly ManualClock _clock = new("2016-01-04T19:45:37Z");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_prompt_is_sent_as_a_form_with_what_was_given()
    {
        using var client = Client(_network.Answers(Feedback));
        var feedback = await client.CreateAsync(Prompt(), Stop);

        var sent = _network.Requests.Single();
        Assert.Equal("POST", sent.Method);
        Assert.Equal("https://feedback.example/1.1/feedback/create.json", sent.Address.AbsoluteUri);
        Assert.Equal("type=nps&to_user_id=34&message=How+did+we+do%3F&privacy_url=https%3A%2F%2Fmybusiness.domain", sent.Body);
        Assert.Null(sent.IdempotencyKey);
        Assert.StartsWith("OAuth ", sent.Authorization, StringComparison.Ordinal);
        Assert.Equal("684095374270562304", feedback.Id);
    }

    [Fact]
    public async Task Everything_optional_is_sent_when_given()
    {
        using var client = Client(_network.Answers(Feedback));
        await client.CreateAsync(
            Prompt() with
            {
                Type = FeedbackType.Csat, ExternalId = "t_5", QuestionVariantId = 37, DisplayName = "Möbel", Test = true, Agent = "Zoë", Tags = ["billing", "refund"],
                IncludeCard = true, IdempotencyKey = "k-1",
            },
            Stop);

        var sent = _network.Requests.Single();
        Assert.Equal("?include_card=true", sent.Address.Query);
        Assert.StartsWith("type=csat&", sent.Body, StringComparison.Ordinal);
        Assert.EndsWith("&external_id=t_5&question_variant_id=37&display_name=M%C3%B6bel&test=true&agent=Zo%C3%AB&tags=billing%2Crefund", sent.Body, StringComparison.Ordinal);
        Assert.Equal("k-1", sent.IdempotencyKey);
    }

    [Theory]
    [InlineData("https://feedback.example", "https://feedback.example/1.1/feedback/show/7.json")]
    [InlineData("https://feedback.example/base/", "https://feedback.example/base/1.1/feedback/show/7.json")]
    [InlineData("http://localhost:5000/base?x#y", "http://localhost:5000/base/1.1/feedback/show/7.json")]
    public async Task A_path_in_the_servers_address_is_kept(string server, string expected)
    {
        using var client = new FeedbackClient(Options() with { Server = new Uri(server) }, _network.Answers(Feedback));
        await client.ShowAsync("7", Stop);
        Assert.Equal(expected, _network.Requests.Single().Address.AbsoluteUri);
    }

    [Fact]
    public async Task A_recipient_submits_and_dismisses()
    {
        using var client = Client(_network.Answers(Feedback).Answers(Feedback).Answers(""));
        await client.SubmitAsync("7", score: 9, cancellationToken: Stop);
        await client.SubmitAsync("7", text: "a+b", cancellationToken: Stop);
        await client.DismissAsync("7", Stop);

        Assert.Equal(
            ["/1.1/feedback/submit/7.json score=9", "/1.1/feedback/submit/7.json text=a%2Bb", "/1.1/feedback/dismiss/7.json "],
            _network.Requests.Select(r => $"{r.Address.AbsolutePath} {r.Body}"));
    }

    [Fact]
    public async Task A_call_that_cannot_be_right_is_not_sent()
    {
        using var client = Client(_network);
        await Assert.ThrowsAsync<ArgumentException>(() => client.ShowAsync("../7", Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => client.ShowAsync("", Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => client.SubmitAsync("7", cancellationToken: Stop));
        Assert.Throws<ArgumentException>(() => new FeedbackClient(Options() with { Server = new Uri("/relative", UriKind.Relative) }, _network));
        Assert.Throws<ArgumentException>(() => new FeedbackClient(Options() with { Server = new Uri("ftp://host/") }, _network));
        var doubled = Assert.Throws<ArgumentException>(() => new FeedbackClient(Options() with { Server = new Uri("https://host/desk/1.1/") }, _network));
        Assert.Contains("must end before /1.1, which the client adds: https://host/desk.", doubled.Message, StringComparison.Ordinal);
        foreach (var empty in new[] { Options().Credentials with { ConsumerSecret = "" }, Options().Credentials with { ConsumerKey = " " }, Options().Credentials with { TokenSecret = "" } })
        {
            Assert.Contains(" is empty.", Assert.Throws<ArgumentException>(() => new FeedbackClient(Options() with { Credentials = empty }, _network)).Message, StringComparison.Ordinal);
        }

        Assert.Empty(_network.Requests);
    }

    [Fact]
    public async Task Only_an_empty_cursor_ends_the_walk()
    {
        _network
            .Answers(Page("a&b=", "1", "2"))
            .Answers(Page("c"))
            .Answers(Page("", "3"));
        using var client = Client(_network);

        Assert.Equal(["1", "2", "3"], await IdsAsync(client));
        Assert.Equal(
            [
                "?from_time=1451606400000&to_time=1451692799999",
                "?from_time=1451606400000&to_time=1451692799999&cursor=a%26b%3D",
                "?from_time=1451606400000&to_time=1451692799999&cursor=c",
            ],
            _network.Requests.Select(r => r.Address.Query));
    }

    [Fact]
    public async Task A_page_is_fetched_when_its_first_event_is_asked_for()
    {
        using var client = Client(_network.Answers(Page("a", "1")));
        await using var events = client.EventsAsync(s_from, s_to, Stop).GetAsyncEnumerator(Stop);
        Assert.Empty(_network.Requests);

        Assert.True(await events.MoveNextAsync());
        Assert.Single(_network.Requests);
    }

    [Fact]
    public async Task A_reached_limit_is_waited_for_by_Retry_After()
    {
        _network
            .Answers(Page("a", "1"))
            .Answers(LimitReached, HttpStatusCode.TooManyRequests, ("Retry-After", "37"), ("x-rate-limit-reset", "1451937600"))
            .Answers(Page("", "2"));
        using var client = Client(_network);

        Assert.Equal(["1", "2"], await IdsAsync(client));
        Assert.Equal([TimeSpan.FromSeconds(37)], _clock.Waits);
        Assert.Equal(_network.Requests[1].Address, _network.Requests[2].Address);
        Assert.NotEqual(_network.Requests[1].Authorization, _network.Requests[2].Authorization);
    }

    [Fact]
    public async Task Without_Retry_After_the_end_of_the_window_is_waited_for()
    {
        var reset = (_clock.GetUtcNow().ToUnixTimeSeconds() + 120).ToString(CultureInfo.InvariantCulture);
        _network
            .Answers(LimitReached, HttpStatusCode.TooManyRequests, ("x-rate-limit-reset", reset))
            .Answers(Page(""));
        using var client = Client(_network);

        Assert.Empty(await IdsAsync(client));
        Assert.Equal([TimeSpan.FromMinutes(2)], _clock.Waits);
    }

    [Theory]
    [InlineData("x-rate-limit-reset", "1", 1)]
    [InlineData("Retry-After", "0", 1)]
    [InlineData("Retry-After", "2147483647", 3600)]
    [InlineData("x-rate-limit-reset", "99999999999999", 900)]
    [InlineData("x-nothing", "1", 900)]
    public async Task A_wait_is_at_least_a_second_and_at_most_an_hour(string header, string value, int seconds)
    {
        _network.Answers(LimitReached, HttpStatusCode.TooManyRequests, (header, value)).Answers(Page(""));
        using var client = Client(_network);

        Assert.Empty(await IdsAsync(client));
        Assert.Equal([TimeSpan.FromSeconds(seconds)], _clock.Waits);
    }

    [Fact]
    public async Task A_walk_can_be_ended_while_it_waits()
    {
        using var stop = new CancellationTokenSource();
        var clock = new ManualClock("2016-01-04T19:45:37Z") { OnWait = stop.Cancel };
        _network.Answers(LimitReached, HttpStatusCode.TooManyRequests, ("Retry-After", "900"));
        using var client = new FeedbackClient(Options() with { Clock = clock }, _network);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.EventsAsync(s_from, s_to, stop.Token).CountAsync(Stop));
        Assert.Single(_network.Requests);
    }

    [Fact]
    public async Task A_walk_ends_with_every_other_refusal()
    {
        _network.Answers(Page("a", "1")).Answers("""{"errors":[{"code":44,"message":"cursor parameter is invalid."}]}""", HttpStatusCode.BadRequest);
        using var client = Client(_network);

        var refusal = await Assert.ThrowsAsync<FeedbackApiException>(() => IdsAsync(client));
        Assert.Equal(44, refusal.Code);
    }

    [Fact]
    public async Task A_refusal_carries_all_that_the_server_said()
    {
        _network.Answers(
            """{"errors":[{"code":38,"message":"type parameter is missing."},{"code":44,"message":"privacy_url parameter is invalid."}]}""",
            HttpStatusCode.BadRequest,
            ("x-transaction-id", "4bf92f3577b34da6"));
        using var client = Client(_network);

        var refusal = await Assert.ThrowsAsync<FeedbackApiException>(() => client.CreateAsync(Prompt(), Stop));
        Assert.Equal(HttpStatusCode.BadRequest, refusal.Status);
        Assert.Equal(38, refusal.Code);
        Assert.Equal("type parameter is missing. privacy_url parameter is invalid.", refusal.Message);
        Assert.Equal([new ErrorJson(38, "type parameter is missing."), new ErrorJson(44, "privacy_url parameter is invalid.")], refusal.Errors);
        Assert.Null(refusal.RetryAt);
        Assert.Equal("4bf92f3577b34da6", refusal.TransactionId);
    }

    [Fact]
    public async Task A_reached_limit_on_another_call_says_when_to_come_back()
    {
        _network.Answers(LimitReached, HttpStatusCode.TooManyRequests, ("Retry-After", "86400"));
        using var client = Client(_network);

        var refusal = await Assert.ThrowsAsync<FeedbackApiException>(() => client.CreateAsync(Prompt(), Stop));
        Assert.Equal(88, refusal.Code);
        Assert.Equal(_clock.GetUtcNow().AddDays(1), refusal.RetryAt);
        Assert.Empty(_clock.Waits);
    }

    [Fact]
    public async Task An_overloaded_server_may_name_a_date()
    {
        _network.Answers(
            """{"errors":[{"code":130,"message":"Over capacity."}]}""", HttpStatusCode.ServiceUnavailable, ("Retry-After", "Mon, 04 Jan 2016 20:00:00 GMT"));
        using var client = Client(_network);

        var refusal = await Assert.ThrowsAsync<FeedbackApiException>(() => client.ShowAsync("7", Stop));
        Assert.Equal(new DateTimeOffset(2016, 1, 4, 20, 0, 0, TimeSpan.Zero), refusal.RetryAt);
    }

    [Theory]
    [InlineData("<html>502 Bad Gateway</html>")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"error":"no"}""")]
    [InlineData("""{"errors":[]}""")]
    public async Task A_proxys_own_page_still_gives_the_status(string body)
    {
        using var client = Client(_network.Answers(body, HttpStatusCode.BadGateway));

        var refusal = await Assert.ThrowsAsync<FeedbackApiException>(() => client.ShowAsync("7", Stop));
        Assert.Equal(HttpStatusCode.BadGateway, refusal.Status);
        Assert.Equal(0, refusal.Code);
        Assert.Empty(refusal.Errors);
        Assert.Contains("502", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>Welcome to the hotel's network</html>")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    public async Task A_success_that_is_not_of_this_API_is_an_error(string body)
    {
        using var client = Client(_network.Answers(body));

        var refusal = await Assert.ThrowsAsync<FeedbackApiException>(() => client.ShowAsync("7", Stop));
        Assert.Equal(HttpStatusCode.OK, refusal.Status);
        Assert.NotNull(refusal.InnerException);
    }

    [Fact]
    public async Task No_answer_at_all_is_the_networks_exception()
    {
        using var client = Client(_network.Fails());
        await Assert.ThrowsAsync<HttpRequestException>(() => client.ShowAsync("7", Stop));
    }

    public void Dispose() => _network.Dispose();

    private static FeedbackClientOptions Options() =>
        new(new Uri("https://feedback.example"), new OAuthCredentials("key", "secret", "12-token", "token secret"));

    private static PromptRequest Prompt() => new()
    {
        Type = FeedbackType.Nps,
        ToUserId = "34",
        Message = "How did we do?",
        PrivacyUrl = new Uri("https://mybusiness.domain"),
    };

    private static string Page(string next, params string[] ids)
    {
        var events = ids.Select(id => $$"""
            {"event_type":"feedback.created","created_at":"Mon Jan 04 19:45:37 +0000 2016","feedback":
            {{Feedback.Replace("684095374270562304", id, StringComparison.Ordinal)}}}
            """);
        return $$"""{"events":[{{string.Join(',', events)}}],"next_cursor":"{{next}}"}""";
    }

    private static async Task<List<string>> IdsAsync(FeedbackClient client)
    {
        var ids = new List<string>();
        await foreach (var change in client.EventsAsync(s_from, s_to, Stop)) ids.Add(change.Feedback.Id);
        return ids;
    }

    private FeedbackClient Client(FakeNetwork network) => new(Options() with { Clock = _clock }, network);
}
