using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Messages;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Messages;

/// <summary>Users write to each other, within limits.</summary>
public abstract class MessageTests(Engine engine) : IAsyncLifetime
{
    private const string New = "/1.1/direct_messages/events/new.json";

    private FeedbackFixture _fixture = null!;

    private TestServer Server => _fixture.Server;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task A_message_has_the_documented_shape_and_is_shown_to_both()
    {
        var sent = (await Server.WriteAsync(_fixture.Sender, _fixture.Ana, "Gru\u0308ße 👋 <b>\n\"x\"")).Is(200);

        Golden.Matches("message.json", sent.Body.Replace(IdOf(sent), "ID", StringComparison.Ordinal).Replace(Id(_fixture.Ana), "ANA", StringComparison.Ordinal).Replace(Id(_fixture.Furni), "FURNI", StringComparison.Ordinal));
        foreach (var side in new[] { _fixture.Sender, _fixture.Recipient }) Assert.Equal(sent.Body, (await ShowAsync(side, IdOf(sent))).Is(200).Body);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_recipient_may_be_a_number() => (await Server.PostJsonAsync(
        _fixture.Sender, New, $$"""{"x":[],"event":{"type":"message_create","id":"7","message_create":{"target":{"recipient_id":{{_fixture.Ana.Id}} },"message_data":{"text":"Hi","quick_reply":{"type":"options"} } } } }""")).Is(200);

    [Fact]
    public async Task Only_who_can_be_messaged_is_written_to()
    {
        Assert.Equal(["User not found."], (await Server.WriteAsync(_fixture.Sender, _fixture.Ana with { Id = 404 })).Is(404, 50).Messages);
        (await Server.WriteAsync(_fixture.Sender, _fixture.Furni)).Is(403, 349);
        (await Server.WriteAsync(_fixture.Sender, await Server.UserAsync("shy", MessagingPermission.Following))).Is(403, 349);
        await Server.Get<UserAccounts>().SuspendAsync("ana", true, default);
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(403, 63);

        Assert.Equal(0, await Server.CountAsync("message"));
        Assert.Equal(0, await Server.CountAsync("contact"));
        Assert.Equal(0, await Server.CountAsync("message_window", "used <> 0"));
    }

    [Fact]
    public async Task A_token_without_direct_messages_neither_writes_nor_reads()
    {
        var id = IdOf((await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200));
        var token = await Server.TokenAsync(_fixture.App, _fixture.Furni, Permission.Write);

        var refused = (await Server.WriteAsync(token, _fixture.Ana)).Is(403, 93);
        Assert.Equal((1_000, 999), (refused.Header("x-rate-limit-limit"), refused.Header("x-rate-limit-remaining")));
        (await Server.GetAsync(token, "/1.1/direct_messages/events/list.json")).Is(403, 93);
        (await ShowAsync(token, id)).Is(403, 93);
    }

    [Fact]
    public async Task The_window_of_a_user_is_fixed_from_its_first_message()
    {
        await StartAsync("Limits:MessagesPerDay=2");
        var opens = Server.Clock.GetUtcNow().AddHours(24).ToUnixTimeSeconds();

        var first = (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
        Assert.Equal((2, 1, opens), (first.Header("x-rate-limit-limit"), first.Header("x-rate-limit-remaining"), first.Header("x-rate-limit-reset")));
        await Server.AdvanceAsync(TimeSpan.FromHours(23));
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
        var refused = (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(429, 88);
        Assert.Equal((3_600, 2, 0, opens), (refused.Header("Retry-After"), refused.Header("x-rate-limit-limit"), refused.Header("x-rate-limit-remaining"), refused.Header("x-rate-limit-reset")));

        await Server.AdvanceAsync(TimeSpan.FromHours(1) - TimeSpan.FromMilliseconds(1));
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(429, 88);
        await Server.AdvanceAsync(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200).Header("x-rate-limit-remaining"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task The_limit_is_told_on_refusals_too()
    {
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);

        foreach (var refused in new[]
        {
            (await Server.WriteAsync(_fixture.Sender, _fixture.Furni)).Is(403, 349),
            (await Server.PostJsonAsync(_fixture.Sender, New, "{}")).Is(400, 38, 38, 38),
            (await Server.PostJsonAsync(_fixture.Sender, New, "[]")).Is(400, 44),
            (await Server.PostAsync(_fixture.Sender, New, ("text", "Hello"))).Is(415, 44),
        })
        {
            Assert.Equal(999, refused.Header("x-rate-limit-remaining"));
        }
    }

    [Fact]
    public async Task The_limit_of_an_app_is_that_of_all_its_users()
    {
        await StartAsync("Limits:AppMessagesPerDay=3", "Limits:FreeReplies=0");
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
        await Server.AdvanceAsync(TimeSpan.FromHours(1));
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
        (await Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(200);

        var refused = (await Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(429, 88);
        Assert.Equal((23 * 3_600, 3, 0), (refused.Header("Retry-After"), refused.Header("x-rate-limit-limit"), refused.Header("x-rate-limit-remaining")));
        Assert.Equal(999, (await Server.WriteAsync(_fixture.Recipient, _fixture.Ana)).Is(403, 349).Header("x-rate-limit-remaining"));

        var other = await Server.TokenAsync(await Server.AppAsync(), _fixture.Ana);
        (await Server.WriteAsync(other, _fixture.Furni)).Is(200);
    }

    [Fact]
    public async Task Five_replies_to_a_message_are_free_within_a_day()
    {
        await StartAsync("Limits:MessagesPerDay=1");
        (await Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(200);

        for (var i = 0; i < 5; i++) Assert.Equal(1, (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200).Header("x-rate-limit-remaining"));
        Assert.Equal(0, (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200).Header("x-rate-limit-remaining"));
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(429, 88);
        await Server.AllIsWellAsync();

        // Hers was a reply by now, and for him it is a new message: he has five more.
        (await Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(200);
        for (var i = 0; i < 5; i++) (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(429, 88);

        (await Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(200);
        await Server.AdvanceAsync(TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1));
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task After_a_day_a_reply_is_free_no_longer()
    {
        (await Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(200);

        await Server.AdvanceAsync(TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1_000, (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200).Header("x-rate-limit-remaining"));
        await Server.AdvanceAsync(TimeSpan.FromMilliseconds(1));
        Assert.Equal(999, (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200).Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task A_reply_to_one_is_not_free_for_another()
    {
        (await Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(200);

        Assert.Equal(999, (await Server.WriteAsync(_fixture.Sender, await Server.UserAsync("bea"))).Is(200).Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task Requests_for_feedback_and_messages_have_limits_of_their_own()
    {
        await StartAsync("Limits:MessagesPerDay=1");
        await _fixture.AskAsync();
        await _fixture.AskAsync();

        Assert.Equal(0, (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200).Header("x-rate-limit-remaining"));
        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(429, 88);
        Assert.Equal(997, (await _fixture.AskAsync()).Header("x-rate-limit-remaining"));
        await Server.AllIsWellAsync();
    }

    [Theory]
    [InlineData("Limits:MessagesPerDay=50")]
    [InlineData("Limits:AppMessagesPerDay=50")]
    public async Task A_thousand_parallel_messages_store_as_many_as_are_allowed(string limit)
    {
        await StartAsync(limit);

        var answers = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => Server.WriteAsync(_fixture.Sender, _fixture.Ana)));

        Assert.Equal((50, 950), (answers.Count(answer => answer.Status == 200), answers.Count(answer => answer.Status == 429)));
        Assert.Equal(50, await Server.CountAsync("message"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Racing_messages_between_two_count_each_once_and_free_no_more_than_five_in_a_row()
    {
        await StartAsync("Limits:MessagesPerDay=100");
        (await Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(200);

        // Nobody writes back: of 300 replies five are free, and a hundred more are stored.
        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => Server.WriteAsync(_fixture.Sender, _fixture.Ana)));
        Assert.Equal(105, answers.Count(answer => answer.Status == 200));

        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? Server.WriteAsync(_fixture.Sender, _fixture.Ana) : Server.WriteAsync(_fixture.Recipient, _fixture.Furni)));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task In_one_batch_each_message_sees_those_before_it()
    {
        await StartAsync("Limits:MessagesPerDay=1", "Storage:Lanes=1");
        var shy = await Server.UserAsync("shy", MessagingPermission.Following);
        Task<SendAnswer> SendAsync(User from, User to) => Server.Get<SendMessage>().RunAsync(new(from.Id, AppId: 7, new MessageDraft(to.Id, "Hello")));

        // Someone else's write holds furni's lock, and with it the first of these: the others gather behind it to one batch.
        using var held = new SemaphoreSlim(0);
        using var letGo = new ManualResetEventSlim();
        var holding = Task.Run(() => Server.Server.Store.Main.WriteAsync(
            async session =>
            {
                await session.Sql("insert into message_window (sender_id, started_at, used) values (@sender, 0, 0)").Bind("sender", _fixture.Furni.Id).RunAsync(default);
                held.Release();
                letGo.Wait();
                return 0;
            },
            default));
        await held.WaitAsync();
        Task<SendAnswer>[] sent =
        [
            SendAsync(_fixture.Furni, _fixture.Furni), SendAsync(_fixture.Furni, shy),
            SendAsync(shy, _fixture.Furni), SendAsync(_fixture.Furni, shy), SendAsync(_fixture.Furni, shy), SendAsync(_fixture.Furni, _fixture.Ana), SendAsync(_fixture.Furni, _fixture.Ana),
        ];
        letGo.Set();
        await holding;

        var outcomes = (await Task.WhenAll(sent)).Select(answer => answer.Outcome.GetType().Name);
        Assert.Equal(["CannotMessage", "CannotMessage", "Sent", "Sent", "Sent", "Sent", "LimitReached"], outcomes);
        Assert.Equal(2, await Server.CountAsync("contact", $"sender_id = {_fixture.Furni.Id} and user_id = {shy.Id} and free_replies = 2 and wrote_at is not null or sender_id = {shy.Id}"));
    }

    [Fact]
    public async Task What_is_acknowledged_survives_a_restart_with_its_limits()
    {
        await StartAsync("Limits:MessagesPerDay=1");
        var id = IdOf((await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200));

        await Server.RestartAsync();

        (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(429, 88);
        (await ShowAsync(_fixture.Recipient, id)).Is(200);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task StartAsync(params string[] settings)
    {
        await _fixture.DisposeAsync();
        _fixture = await FeedbackFixture.StartAsync(engine, settings);
    }

    private Task<Answer> ShowAsync(OAuthCredentials who, string id) => Server.GetAsync(who, $"/1.1/direct_messages/events/show.json?id={id}");

    private static string IdOf(Answer sent) => sent.Json.GetProperty("event").GetProperty("id").GetString()!;

    private static string Id(User user) => user.Id.ToString(CultureInfo.InvariantCulture);
}

public sealed class SqliteMessageTests() : MessageTests(Engine.Sqlite);

public sealed class PostgresMessageTests() : MessageTests(Engine.Postgres);
