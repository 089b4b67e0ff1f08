using System.Text.Json;
using Afterword.Client.OAuth;
using Afterword.Server.Allowlists;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Limits;

/// <summary>A caller sees how far its limits are used up.</summary>
public abstract class RateLimitStatusTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task The_status_has_the_documented_shape_and_all_families() =>
        Golden.Matches("rate-limit-status.json", (await StatusAsync(_fixture.Sender)).Is(200).Body.Replace(_fixture.Sender.Token!, "TOKEN", StringComparison.Ordinal));

    [Theory]
    [InlineData("/1.1/account/verify_credentials.json", "account", "/account/verify_credentials")]
    [InlineData("/1.1/users/show.json?screen_name=ana", "users", "/users/show/:id")]
    [InlineData("/1.1/users/lookup.json?screen_name=ana", "users", "/users/lookup")]
    [InlineData("/1.1/friendships/show.json?target_screen_name=ana", "friendships", "/friendships/show")]
    [InlineData("/1.1/friendships/lookup.json?screen_name=ana", "friendships", "/friendships/lookup")]
    [InlineData("/1.1/friends/ids.json", "friends", "/friends/ids")]
    [InlineData("/1.1/followers/ids.json", "followers", "/followers/ids")]
    [InlineData("/1.1/blocks/ids.json", "blocks", "/blocks/ids")]
    [InlineData("/1.1/account/settings.json", "account", "/account/settings")]
    [InlineData("/1.1/direct_messages/events/list.json", "direct_messages", "/direct_messages/events/list")]
    [InlineData("/1.1/direct_messages/events/show.json?id=1", "direct_messages", "/direct_messages/events/show")]
    [InlineData("/1.1/application/rate_limit_status.json?resources=none", "application", "/application/rate_limit_status")]
    [InlineData("/1.1/feedback/show/1.json", "feedback", "/feedback/show/:id")]
    [InlineData("/1.1/feedback/events.json?from_time=0&to_time=1", "feedback", "/feedback/events")]
    [InlineData("/1.1/feedback/export.csv", "feedback", "/feedback/export")]
    [InlineData("/1.1/feedback/metrics.json", "feedback", "/feedback/metrics")]
    [InlineData("/1.1/feedback/submit/1.json?score=1", "feedback", "/feedback/submit/:id", true)]
    [InlineData("/1.1/feedback/dismiss/1.json", "feedback", "/feedback/dismiss/:id", true)]
    public async Task What_an_answer_says_the_status_says_too(string path, string family, string route, bool isPost = false)
    {
        var answer = isPost ? await _fixture.Server.PostAsync(_fixture.Sender, path) : await _fixture.Server.GetAsync(_fixture.Sender, path);
        var own = route == "/application/rate_limit_status" ? 1 : 0;

        for (var asked = 1; asked <= 2; asked++)
        {
            var status = Limit(await StatusAsync(_fixture.Sender, $"?resources={family}"), family, route);
            Assert.Equal(answer.Header("x-rate-limit-limit"), status.GetProperty("limit").GetInt64());
            Assert.Equal(answer.Header("x-rate-limit-remaining") - (own * asked), status.GetProperty("remaining").GetInt64());
            Assert.Equal(answer.Header("x-rate-limit-reset"), status.GetProperty("reset").GetInt64());
        }

        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(15));
        var unused = Limit(await StatusAsync(_fixture.Sender, $"?resources={family}"), family, route);
        Assert.Equal(unused.GetProperty("limit").GetInt64() - own, unused.GetProperty("remaining").GetInt64());
        Assert.Equal(_fixture.Server.Clock.GetUtcNow().AddMinutes(15).ToUnixTimeSeconds(), unused.GetProperty("reset").GetInt64());
    }

    [Fact]
    public async Task Direct_messages_are_those_of_a_day()
    {
        var sent = (await _fixture.Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromHours(1));

        var status = Limit(await StatusAsync(_fixture.Sender), "direct_messages", "/direct_messages/events/new");
        Assert.Equal((1_000, 999, sent.Header("x-rate-limit-reset")), (status.GetProperty("limit").GetInt64(), status.GetProperty("remaining").GetInt64(), status.GetProperty("reset").GetInt64()));
    }

    [Fact]
    public async Task Limits_that_an_operator_raised_are_those_of_the_status()
    {
        await _fixture.Server.Get<Allowlist>().AllowSenderAsync(_fixture.Furni.Id, new(null, null, 7, 8), default);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(5));

        var status = await StatusAsync(_fixture.Sender);
        Assert.Equal(7, Limit(status, "feedback", "/feedback/show/:id").GetProperty("limit").GetInt64());
        Assert.Equal(8, Limit(status, "feedback", "/feedback/events").GetProperty("limit").GetInt64());
        Assert.Equal(7, (await _fixture.ShowAsync("1")).Header("x-rate-limit-limit"));
    }

    [Theory]
    [InlineData("users,direct_messages", "direct_messages,users")]
    [InlineData("help,users,search,statuses", "users")]
    [InlineData("nothing", "")]
    public async Task Families_can_be_chosen_and_unknown_ones_are_passed_over(string wanted, string families) => Assert.Equal(
        families, string.Join(',', (await StatusAsync(_fixture.Sender, $"?resources={wanted}")).Is(200).Json.GetProperty("resources").EnumerateObject().Select(family => family.Name)));

    [Fact]
    public async Task Its_own_calls_are_limited_too()
    {
        await _fixture.DisposeAsync();
        _fixture = await FeedbackFixture.StartAsync(engine, "Limits:StatusPer15Minutes=1");

        (await StatusAsync(_fixture.Sender)).Is(200);
        Assert.Equal(900, (await StatusAsync(_fixture.Sender)).Is(429, 88).Header("Retry-After"));
        (await StatusAsync(_fixture.Recipient)).Is(200);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private Task<Answer> StatusAsync(OAuthCredentials who, string query = "") => _fixture.Server.GetAsync(who, $"/1.1/application/rate_limit_status.json{query}");

    private static JsonElement Limit(Answer status, string family, string route) => status.Is(200).Json.GetProperty("resources").GetProperty(family).GetProperty(route);
}

public sealed class SqliteRateLimitStatusTests() : RateLimitStatusTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresRateLimitStatusTests() : RateLimitStatusTests(Engine.Postgres);
