using System.Globalization;
using System.Text.Json;
using Afterword.Client.OAuth;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Users;

/// <summary>Users follow and block each other.</summary>
public abstract class FriendshipTests(Engine engine) : IAsyncLifetime
{
    private const string Follow = "/1.1/friendships/create.json";
    private const string Unfollow = "/1.1/friendships/destroy.json";
    private const string Block = "/1.1/blocks/create.json";
    private const string Unblock = "/1.1/blocks/destroy.json";

    private FeedbackFixture _fixture = null!;

    private TestServer Server => _fixture.Server;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task A_friendship_has_the_documented_shape()
    {
        (await AnaAsync(Follow)).Is(200);

        Golden.Matches("friendship.json", Anonymous(await FriendshipAsync(_fixture.Recipient, "target_screen_name=furni")));
        var bea = await Server.TokenAsync(_fixture.App, await Server.UserAsync("bea"));
        Golden.Matches("friendship-of-others.json", Anonymous(await FriendshipAsync(bea, $"source_id={_fixture.Ana.Id}&target_screen_name=furni")));
    }

    [Fact]
    public async Task Following_is_seen_from_both_sides_and_counted()
    {
        var followed = (await AnaAsync(Follow)).Is(200).Json;
        Assert.Equal(("furni", true, 1, 0), (followed.GetProperty("screen_name").GetString(), followed.GetProperty("following").GetBoolean(), Count(followed, "followers"), Count(followed, "friends")));

        var ana = (await Server.GetAsync(_fixture.Sender, "/1.1/users/show.json?screen_name=ana")).Json;
        Assert.Equal((false, 0, 1), (ana.GetProperty("following").GetBoolean(), Count(ana, "followers"), Count(ana, "friends")));
        var source = (await FriendshipAsync(_fixture.Sender, "target_screen_name=ana")).GetProperty("relationship").GetProperty("source");
        Assert.Equal((false, true), (source.GetProperty("following").GetBoolean(), source.GetProperty("followed_by").GetBoolean()));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_is_repeated_changes_nothing_more()
    {
        foreach (var (path, following, followers) in new[] { (Follow, true, 1), (Follow, true, 1), (Unfollow, false, 0), (Unfollow, false, 0), (Follow, true, 1), (Block, false, 0), (Block, false, 0), (Unblock, false, 0), (Unblock, false, 0) })
        {
            var other = (await AnaAsync(path)).Is(200).Json;
            Assert.Equal((path == Block, following, followers), (other.GetProperty("blocking").GetBoolean(), other.GetProperty("following").GetBoolean(), Count(other, "followers")));
        }

        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_block_ends_following_both_ways_and_shuts_the_other_out()
    {
        (await AnaAsync(Follow)).Is(200);
        (await FurniAsync(Follow)).Is(200);
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);

        var furni = (await AnaAsync(Block)).Is(200).Json;
        Assert.Equal((true, false, 0, 0), (furni.GetProperty("blocking").GetBoolean(), furni.GetProperty("following").GetBoolean(), Count(furni, "followers"), Count(furni, "friends")));

        var ana = (await Server.GetAsync(_fixture.Sender, "/1.1/users/show.json?screen_name=ana")).Json;
        Assert.Equal((true, false, false), (ana.GetProperty("blocked_by").GetBoolean(), ana.GetProperty("following").GetBoolean(), ana.GetProperty("can_dm").GetBoolean()));
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(403, 349);
        (await CreateAsync()).Is(403, 349);
        Assert.Equal(["You have been blocked from following this account at their request by the user."], (await FurniAsync(Follow)).Is(403, 162).Messages);

        (await AnaAsync(Unblock)).Is(200);
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
        (await CreateAsync()).Is(200);
        (await FurniAsync(Follow)).Is(200);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Whom_one_blocks_one_cannot_follow()
    {
        (await AnaAsync(Block)).Is(200);

        Assert.Equal(["user_id parameter is invalid: someone whom you do not block."], (await AnaAsync(Follow)).Is(400, 44).Messages);
    }

    [Fact]
    public async Task Nobody_learns_of_the_blocks_of_others()
    {
        (await AnaAsync(Block)).Is(200);
        var bea = await Server.TokenAsync(_fixture.App, await Server.UserAsync("bea"));

        foreach (var query in new[] { "source_screen_name=ana&target_screen_name=furni", "source_screen_name=furni&target_screen_name=ana" })
        {
            var source = (await FriendshipAsync(bea, query)).GetProperty("relationship").GetProperty("source");
            foreach (var secret in new[] { "can_dm", "blocking", "blocked_by", "muting", "notifications_enabled", "want_retweets", "all_replies", "marked_spam" })
            {
                Assert.Equal(JsonValueKind.Null, source.GetProperty(secret).ValueKind);
            }
        }
    }

    [Theory]
    [InlineData(Follow, 403, 158)]
    [InlineData(Unfollow, 400, 44)]
    [InlineData(Block, 400, 44)]
    [InlineData(Unblock, 400, 44)]
    public async Task Nobody_is_anything_to_oneself(string path, int status, int code) => (await Server.PostAsync(_fixture.Recipient, path, ("screen_name", "ana"))).Is(status, code);

    [Theory]
    [InlineData(Follow)]
    [InlineData(Unfollow)]
    [InlineData(Block)]
    [InlineData(Unblock)]
    public async Task Somebody_is_to_be_named_who_is_there(string path)
    {
        Assert.Equal(["user_id parameter is missing."], (await Server.PostAsync(_fixture.Recipient, path)).Is(400, 38).Messages);
        (await Server.PostAsync(_fixture.Recipient, path, ("user_id", "x"))).Is(400, 44);
        (await Server.PostAsync(_fixture.Recipient, path, ("user_id", "404"))).Is(404, 50);
        (await Server.PostAsync(_fixture.Recipient, path, ("screen_name", "a\0"))).Is(404, 50);
        Assert.Equal(0, await Server.CountAsync("contact"));
    }

    [Theory]
    [InlineData(Follow)]
    [InlineData(Unfollow)]
    [InlineData(Block)]
    [InlineData(Unblock)]
    public async Task A_token_that_may_only_read_changes_nothing(string path)
    {
        var reader = await Server.TokenAsync(_fixture.App, _fixture.Ana, Permission.Read);
        Assert.Equal(["Application cannot perform write actions."], (await Server.PostAsync(reader, path, ("screen_name", "furni"))).Is(403, 261).Messages);
        Assert.Equal(0, await Server.CountAsync("contact"));

        (await Server.PostAsync(await Server.TokenAsync(_fixture.App, _fixture.Ana, Permission.Write), path, ("screen_name", "furni"))).Is(200);
    }

    [Fact]
    public async Task A_suspended_user_can_be_left_but_not_followed()
    {
        (await AnaAsync(Follow)).Is(200);
        await Server.Get<UserAccounts>().SuspendAsync("furni", true, default);

        (await AnaAsync(Follow)).Is(403, 63);
        (await AnaAsync(Unfollow)).Is(200);
        (await AnaAsync(Block)).Is(200);
        await Server.AllIsWellAsync();
    }

    [Theory]
    [InlineData("", 400, 38)]
    [InlineData("target_id=x", 400, 44)]
    [InlineData("source_id=x", 400, 44, 38)]
    [InlineData("target_id=404", 404, 50)]
    [InlineData("source_screen_name=nobody&target_screen_name=ana", 404, 50)]
    [InlineData("target_screen_name=gone", 403, 63)]
    [InlineData("source_screen_name=gone&target_screen_name=ana", 403, 63)]
    public async Task A_friendship_of_nobody_is_not_shown(string query, int status, params int[] codes)
    {
        await Server.UserAsync("gone");
        await Server.Get<UserAccounts>().SuspendAsync("gone", true, default);

        var refused = (await Server.GetAsync(_fixture.Recipient, $"/1.1/friendships/show.json?{query}")).Is(status, codes);
        Assert.Equal(899, refused.Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task Racing_follows_count_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? AnaAsync(Follow) : FurniAsync(Follow)));

        var ana = (await Server.GetAsync(_fixture.Sender, "/1.1/users/show.json?screen_name=ana")).Json;
        Assert.Equal((1, 1), (Count(ana, "followers"), Count(ana, "friends")));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Nobody_follows_past_a_block_that_comes_at_the_same_time()
    {
        var people = new List<(User User, OAuthCredentials Token)>();
        foreach (var i in Enumerable.Range(0, 5))
        {
            var user = await Server.UserAsync($"u{i}");
            people.Add((user, await Server.TokenAsync(_fixture.App, user)));
        }

        string[] paths = [Follow, Block, Unfollow, Unblock, Follow];
        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Server.PostAsync(
            people[i % 5].Token, paths[i / 25 % 5], ("screen_name", people[(i + 1 + (i / 5 % 4)) % 5].User.ScreenName))));

        Assert.All(answers, answer => Assert.True(answer.Status is 200 or 400 or 403, answer.Body));
        await Server.AllIsWellAsync();
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private Task<Answer> AnaAsync(string path) => Server.PostAsync(_fixture.Recipient, path, ("screen_name", "furni"));

    private Task<Answer> FurniAsync(string path) => Server.PostAsync(_fixture.Sender, path, ("user_id", _fixture.Ana.Id.ToString(CultureInfo.InvariantCulture)));

    private Task<Answer> CreateAsync() => Server.PostAsync(
        _fixture.Sender, "/1.1/feedback/create.json",
        ("type", "csat"), ("to_user_id", _fixture.Ana.Id.ToString(CultureInfo.InvariantCulture)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));

    private async Task<JsonElement> FriendshipAsync(OAuthCredentials who, string query) => (await Server.GetAsync(who, $"/1.1/friendships/show.json?{query}")).Is(200).Json;

    private string Anonymous(JsonElement json) => json.GetRawText()
        .Replace(_fixture.Ana.Id.ToString(CultureInfo.InvariantCulture), "ANA", StringComparison.Ordinal)
        .Replace(_fixture.Furni.Id.ToString(CultureInfo.InvariantCulture), "FURNI", StringComparison.Ordinal);

    private static int Count(JsonElement user, string of) => user.GetProperty($"{of}_count").GetInt32();
}

public sealed class SqliteFriendshipTests() : FriendshipTests(Engine.Sqlite);

public sealed class PostgresFriendshipTests() : FriendshipTests(Engine.Postgres);
