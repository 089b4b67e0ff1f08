using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Access;
using Afterword.Server.People;
using Afterword.Server.Tests.World;

namespace Afterword.Server.Tests;

/// <summary>Who can be messaged: every route that asks gives the same answer.</summary>
public abstract class ReachTests(Engine engine) : IAsyncLifetime
{
    private Loop _loop = null!;

    public async ValueTask InitializeAsync() => _loop = await Loop.StartAsync(engine);

    [Theory]
    [InlineData(Reach.Anyone, false)]
    [InlineData(Reach.Anyone, true)]
    [InlineData(Reach.Following, false)]
    [InlineData(Reach.Following, true)]
    public async Task Create_messages_users_and_friendships_agree(string accepts, bool suspended)
    {
        for (var i = 0; i < 8; i++)
        {
            var (follows, wrote, blocks) = ((i & 1) != 0, (i & 2) != 0, (i & 4) != 0);
            var recipient = await _loop.Server.UserAsync($"u{i}", accepts);
            await KnowAsync(recipient, follows, wrote, blocks);
            if (suspended) await _loop.Server.Get<Accounts>().SuspendAsync(recipient.ScreenName, true, default);

            await AgreeAsync(recipient, open: !blocks && (accepts == Reach.Anyone || follows || wrote), suspended);
        }
    }

    [Fact]
    public async Task Who_is_written_to_may_write_back_and_ask()
    {
        var shy = await _loop.Server.UserAsync("shy", Reach.Following);
        (await _loop.Server.WriteAsync(_loop.Sender, shy)).Is(403, 349);
        (await CreateAsync(_loop.Sender, shy)).Is(403, 349);

        (await _loop.Server.WriteAsync(await _loop.Server.TokenAsync(_loop.App, shy), _loop.Furni)).Is(200);

        Assert.True(await CanDmAsync(_loop.Sender, shy));
        (await _loop.Server.WriteAsync(_loop.Sender, shy)).Is(200);
        (await CreateAsync(_loop.Sender, shy)).Is(200);
    }

    [Fact]
    public async Task Who_is_asked_may_write_back_but_not_ask_back()
    {
        var shop = await _loop.Server.UserAsync("shop", Reach.Following);
        foreach (var sender in new[] { shop, _loop.Ana }) await _loop.Server.Get<Allowlists>().AllowSenderAsync(sender.Id, new(null, null, null, null), default);
        (await _loop.Server.WriteAsync(_loop.Recipient, shop)).Is(403, 349);

        (await CreateAsync(await _loop.Server.TokenAsync(_loop.App, shop), _loop.Ana)).Is(200);

        Assert.True(await CanDmAsync(_loop.Recipient, shop));
        (await _loop.Server.WriteAsync(_loop.Recipient, shop)).Is(200);
        (await CreateAsync(_loop.Recipient, shop)).Is(403, 349);
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private async Task AgreeAsync(Account recipient, bool open, bool suspended)
    {
        var user = await _loop.Server.GetAsync(_loop.Sender, $"/1.1/users/show.json?user_id={recipient.Id}");
        var friendship = await _loop.Server.GetAsync(_loop.Sender, $"/1.1/friendships/show.json?target_id={recipient.Id}");
        var message = await _loop.Server.WriteAsync(_loop.Sender, recipient);
        var created = await CreateAsync(_loop.Sender, recipient);

        if (suspended)
        {
            foreach (var answer in new[] { user, friendship, message, created }) answer.Is(403, 63);
        }
        else
        {
            Assert.Equal(open, user.Is(200).Json.GetProperty("can_dm").GetBoolean());
            Assert.Equal(open, friendship.Is(200).Json.GetProperty("relationship").GetProperty("source").GetProperty("can_dm").GetBoolean());
            foreach (var answer in new[] { message, created }) answer.Is(open ? 200 : 403, open ? [] : [349]);
        }

        Assert.Equal(open && !suspended ? 2 : 0, await _loop.Server.CountAsync("message", $"recipient_id = {recipient.Id}"));
    }

    private Task KnowAsync(Account user, bool follows, bool wrote, bool blocks) => _loop.Server.Server.Store.Main.WriteAsync(
        session => session.Sql("insert into contact (sender_id, user_id, follows, blocks, wrote_at) values (@sender, @user, @follows, @blocks, @wrote)")
            .Bind("sender", _loop.Furni.Id).Bind("user", user.Id).Bind("follows", follows ? 1L : 0L).Bind("blocks", blocks ? 1L : 0L)
            .Bind("wrote", wrote ? 1L : null).RunAsync(default),
        default);

    private async Task<bool> CanDmAsync(OAuthCredentials who, Account user) =>
        (await _loop.Server.GetAsync(who, $"/1.1/users/show.json?user_id={user.Id}")).Is(200).Json.GetProperty("can_dm").GetBoolean();

    private Task<Answer> CreateAsync(OAuthCredentials who, Account user) => _loop.Server.PostAsync(
        who, "/1.1/feedback/create.json",
        ("type", "csat"), ("to_user_id", user.Id.ToString(CultureInfo.InvariantCulture)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));
}

public sealed class SqliteReachTests() : ReachTests(Engine.Sqlite);

public sealed class PostgresReachTests() : ReachTests(Engine.Postgres);
