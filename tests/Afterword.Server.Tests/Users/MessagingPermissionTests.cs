using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Allowlists;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Users;

/// <summary>Who can be messaged: every route that asks gives the same answer.</summary>
public abstract class MessagingPermissionTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Theory]
    [InlineData(MessagingPermission.Anyone, false)]
    [InlineData(MessagingPermission.Anyone, true)]
    [InlineData(MessagingPermission.Following, false)]
    [InlineData(MessagingPermission.Following, true)]
    public async Task Create_messages_users_and_friendships_agree(string accepts, bool suspended)
    {
        for (var i = 0; i < 8; i++)
        {
            var (follows, wrote, blocks) = ((i & 1) != 0, (i & 2) != 0, (i & 4) != 0);
            var recipient = await _fixture.Server.UserAsync($"u{i}", accepts);
            await KnowAsync(recipient, follows, wrote, blocks);
            if (suspended) await _fixture.Server.Get<UserAccounts>().SuspendAsync(recipient.ScreenName, true, default);

            await AgreeAsync(recipient, open: !blocks && (accepts == MessagingPermission.Anyone || follows || wrote), suspended);
        }
    }

    [Fact]
    public async Task Who_is_written_to_may_write_back_and_ask()
    {
        var shy = await _fixture.Server.UserAsync("shy", MessagingPermission.Following);
        (await _fixture.Server.WriteAsync(_fixture.Sender, shy)).Is(403, 349);
        (await CreateAsync(_fixture.Sender, shy)).Is(403, 349);

        (await _fixture.Server.WriteAsync(await _fixture.Server.TokenAsync(_fixture.App, shy), _fixture.Furni)).Is(200);

        Assert.True(await CanDmAsync(_fixture.Sender, shy));
        (await _fixture.Server.WriteAsync(_fixture.Sender, shy)).Is(200);
        (await CreateAsync(_fixture.Sender, shy)).Is(200);
    }

    [Fact]
    public async Task Who_is_asked_may_write_back_but_not_ask_back()
    {
        var shop = await _fixture.Server.UserAsync("shop", MessagingPermission.Following);
        foreach (var sender in new[] { shop, _fixture.Ana }) await _fixture.Server.Get<Allowlist>().AllowSenderAsync(sender.Id, new(null, null, null, null), default);
        (await _fixture.Server.WriteAsync(_fixture.Recipient, shop)).Is(403, 349);

        (await CreateAsync(await _fixture.Server.TokenAsync(_fixture.App, shop), _fixture.Ana)).Is(200);

        Assert.True(await CanDmAsync(_fixture.Recipient, shop));
        (await _fixture.Server.WriteAsync(_fixture.Recipient, shop)).Is(200);
        (await CreateAsync(_fixture.Recipient, shop)).Is(403, 349);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task AgreeAsync(User recipient, bool open, bool suspended)
    {
        var user = await _fixture.Server.GetAsync(_fixture.Sender, $"/1.1/users/show.json?user_id={recipient.Id}");
        var friendship = await _fixture.Server.GetAsync(_fixture.Sender, $"/1.1/friendships/show.json?target_id={recipient.Id}");
        var message = await _fixture.Server.WriteAsync(_fixture.Sender, recipient);
        var created = await CreateAsync(_fixture.Sender, recipient);

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

        Assert.Equal(open && !suspended ? 2 : 0, await _fixture.Server.CountAsync("message", $"recipient_id = {recipient.Id}"));
    }

    private Task KnowAsync(User user, bool follows, bool wrote, bool blocks) => _fixture.Server.Server.Store.Main.WriteAsync(
        session => session.Sql("insert into contact (sender_id, user_id, follows, blocks, wrote_at) values (@sender, @user, @follows, @blocks, @wrote)")
            .Bind("sender", _fixture.Furni.Id).Bind("user", user.Id).Bind("follows", follows ? 1L : 0L).Bind("blocks", blocks ? 1L : 0L)
            .Bind("wrote", wrote ? 1L : null).RunAsync(default),
        default);

    private async Task<bool> CanDmAsync(OAuthCredentials who, User user) =>
        (await _fixture.Server.GetAsync(who, $"/1.1/users/show.json?user_id={user.Id}")).Is(200).Json.GetProperty("can_dm").GetBoolean();

    private Task<Answer> CreateAsync(OAuthCredentials who, User user) => _fixture.Server.PostAsync(
        who, "/1.1/feedback/create.json",
        ("type", "csat"), ("to_user_id", user.Id.ToString(CultureInfo.InvariantCulture)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));
}

public sealed class SqliteMessagingPermissionTests() : MessagingPermissionTests(Engine.Sqlite);

public sealed class PostgresMessagingPermissionTests() : MessagingPermissionTests(Engine.Postgres);
