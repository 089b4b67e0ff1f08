using Afterword.Client.OAuth;
using Afterword.Server.Embed;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Limits;

/// <summary>Two nodes on one store: what one counts, the other has counted too.</summary>
public sealed class NodesTests
{
    [Fact]
    public async Task Direct_messages_are_counted_across_nodes()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Postgres, "Limits:MessagesPerDay=50");
        await using var second = await fixture.Server.StartSecondAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => (i % 2 == 0 ? fixture.Server : second).WriteAsync(fixture.Sender, fixture.Ana)));

        Assert.Equal(50, answers.Count(answer => answer.Status == 200));
        Assert.Equal(50, await fixture.Server.CountAsync("message"));
        foreach (var node in new[] { fixture.Server, second }) Assert.Equal(0, (await node.WriteAsync(fixture.Sender, fixture.Ana)).Is(429, 88).Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task The_messages_of_an_app_are_counted_across_nodes()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Postgres, "Limits:AppMessagesPerDay=50", "Limits:FreeReplies=0");
        await using var second = await fixture.Server.StartSecondAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => i % 2 == 0 ? fixture.Server.WriteAsync(fixture.Sender, fixture.Ana) : second.WriteAsync(fixture.Recipient, fixture.Furni)));

        Assert.Equal(50, answers.Count(answer => answer.Status == 200));
        Assert.Equal(50, await fixture.Server.CountAsync("message"));
    }

    [Theory]
    [InlineData("/1.1/users/show.json?screen_name=ana")]
    [InlineData("/1.1/direct_messages/events/list.json")]
    [InlineData("/1.1/application/rate_limit_status.json")]
    public async Task Calls_are_counted_across_nodes(string path)
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Postgres, "Limits:UsersPer15Minutes=2", "Limits:MessagesPer15Minutes=2", "Limits:StatusPer15Minutes=2");
        await using var second = await fixture.Server.StartSecondAsync();
        Task<Answer> GetAsync(TestServer node, OAuthCredentials who) => node.GetAsync(who, path);

        (await GetAsync(fixture.Server, fixture.Sender)).Is(200);
        Assert.Equal(0, (await GetAsync(second, fixture.Sender)).Is(200).Header("x-rate-limit-remaining"));
        (await GetAsync(fixture.Server, fixture.Sender)).Is(429, 88);
        (await GetAsync(second, fixture.Sender)).Is(429, 88);
        (await GetAsync(second, fixture.Recipient)).Is(200);
    }

    [Fact]
    public async Task Whatever_is_told_once_a_node_listens_is_heard()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Postgres);
        var main = fixture.Server.Server.Store.Main;
        for (var round = 0; round < 20; round++)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            enough.CancelAfter(TimeSpan.FromSeconds(20));
            var heard = new TaskCompletionSource<string>();

            // Told by another connection before the listening one does anything else.
            var listening = main.ListenAsync("afterword_test", () => main.NotifyAsync("afterword_test", $"round {round}", enough.Token).Wait(enough.Token), text => heard.TrySetResult(text), enough.Token);

            Assert.Equal($"round {round}", await heard.Task.WaitAsync(enough.Token));
            await enough.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listening);
        }
    }

    [Fact]
    public async Task A_page_that_was_denied_the_card_on_one_node_is_shut_out_on_the_other_at_once()
    {
        const string shop = "https://shop.example";
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Postgres);
        await using var second = await fixture.Server.StartSecondAsync();
        await fixture.Server.Get<EmbedOrigins>().AllowAsync(fixture.Furni.Id, new(shop), default);
        var token = (await fixture.AskAsync("csat", ("include_card", "1"))).Text("card_token");
        Task<Answer> GetAsync() => second.SendAsync(null, HttpMethod.Get, $"/embed/{token}", null, request => request.Headers.Add("Origin", shop));
        (await GetAsync()).Is(200);

        Assert.True(await fixture.Server.Get<EmbedOrigins>().DenyAsync(fixture.Furni.Id, new(shop), default));

        (await GetAsync()).Is(403);
    }

    [Fact]
    public async Task A_block_on_one_node_holds_on_the_other_at_once()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Postgres);
        await using var second = await fixture.Server.StartSecondAsync();
        (await second.WriteAsync(fixture.Sender, fixture.Ana)).Is(200);

        (await fixture.Server.PostAsync(fixture.Recipient, "/1.1/blocks/create.json", ("screen_name", "furni"))).Is(200);

        (await second.WriteAsync(fixture.Sender, fixture.Ana)).Is(403, 349);
        (await second.PostAsync(fixture.Sender, "/1.1/friendships/create.json", ("screen_name", "ana"))).Is(403, 162);
    }
}
