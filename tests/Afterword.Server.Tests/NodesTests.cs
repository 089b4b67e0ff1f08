using Afterword.Client.OAuth;
using Afterword.Server.Embed;
using Afterword.Server.Tests.World;

namespace Afterword.Server.Tests;

/// <summary>Two nodes on one store: what one counts, the other has counted too.</summary>
public sealed class NodesTests
{
    [Fact]
    public async Task Direct_messages_are_counted_across_nodes()
    {
        await using var loop = await Loop.StartAsync(Engine.Postgres, "Limits:MessagesPerDay=50");
        await using var second = await loop.Server.StartSecondAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => (i % 2 == 0 ? loop.Server : second).WriteAsync(loop.Sender, loop.Ana)));

        Assert.Equal(50, answers.Count(answer => answer.Status == 200));
        Assert.Equal(50, await loop.Server.CountAsync("message"));
        foreach (var node in new[] { loop.Server, second }) Assert.Equal(0, (await node.WriteAsync(loop.Sender, loop.Ana)).Is(429, 88).Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task The_messages_of_an_app_are_counted_across_nodes()
    {
        await using var loop = await Loop.StartAsync(Engine.Postgres, "Limits:AppMessagesPerDay=50", "Limits:FreeReplies=0");
        await using var second = await loop.Server.StartSecondAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => i % 2 == 0 ? loop.Server.WriteAsync(loop.Sender, loop.Ana) : second.WriteAsync(loop.Recipient, loop.Furni)));

        Assert.Equal(50, answers.Count(answer => answer.Status == 200));
        Assert.Equal(50, await loop.Server.CountAsync("message"));
    }

    [Theory]
    [InlineData("/1.1/users/show.json?screen_name=ana")]
    [InlineData("/1.1/direct_messages/events/list.json")]
    [InlineData("/1.1/application/rate_limit_status.json")]
    public async Task Calls_are_counted_across_nodes(string path)
    {
        await using var loop = await Loop.StartAsync(Engine.Postgres, "Limits:UsersPer15Minutes=2", "Limits:MessagesPer15Minutes=2", "Limits:StatusPer15Minutes=2");
        await using var second = await loop.Server.StartSecondAsync();
        Task<Answer> GetAsync(TestServer node, OAuthCredentials who) => node.GetAsync(who, path);

        (await GetAsync(loop.Server, loop.Sender)).Is(200);
        Assert.Equal(0, (await GetAsync(second, loop.Sender)).Is(200).Header("x-rate-limit-remaining"));
        (await GetAsync(loop.Server, loop.Sender)).Is(429, 88);
        (await GetAsync(second, loop.Sender)).Is(429, 88);
        (await GetAsync(second, loop.Recipient)).Is(200);
    }

    [Fact]
    public async Task Whatever_is_told_once_a_node_listens_is_heard()
    {
        await using var loop = await Loop.StartAsync(Engine.Postgres);
        var main = loop.Server.Server.Store.Main;
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
        await using var loop = await Loop.StartAsync(Engine.Postgres);
        await using var second = await loop.Server.StartSecondAsync();
        await loop.Server.Get<EmbedOrigins>().AllowAsync(loop.Furni.Id, new(shop), default);
        var token = (await loop.AskAsync("csat", ("include_card", "1"))).Text("card_token");
        Task<Answer> GetAsync() => second.SendAsync(null, HttpMethod.Get, $"/embed/{token}", null, request => request.Headers.Add("Origin", shop));
        (await GetAsync()).Is(200);

        Assert.True(await loop.Server.Get<EmbedOrigins>().DenyAsync(loop.Furni.Id, new(shop), default));

        (await GetAsync()).Is(403);
    }

    [Fact]
    public async Task A_block_on_one_node_holds_on_the_other_at_once()
    {
        await using var loop = await Loop.StartAsync(Engine.Postgres);
        await using var second = await loop.Server.StartSecondAsync();
        (await second.WriteAsync(loop.Sender, loop.Ana)).Is(200);

        (await loop.Server.PostAsync(loop.Recipient, "/1.1/blocks/create.json", ("screen_name", "furni"))).Is(200);

        (await second.WriteAsync(loop.Sender, loop.Ana)).Is(403, 349);
        (await second.PostAsync(loop.Sender, "/1.1/friendships/create.json", ("screen_name", "ana"))).Is(403, 162);
    }
}
