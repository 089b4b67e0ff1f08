using System.Net;
using Afterword.Client.OAuth;
using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Races;

/// <summary>Many at once, on one node and on two that share a store.</summary>
[Collection(nameof(Loads))]
public sealed class RaceTests
{
    private const int Racers = 1_000;

    [Fact]
    public async Task Of_a_thousand_creates_for_one_recipient_one_is_stored_on_SQLite() => await RaceAsync(await SqliteStore.NewAsync(), nodes: 1);

    [Fact]
    public async Task Of_a_thousand_creates_for_one_recipient_one_is_stored_on_PostgreSQL() => await RaceAsync(await PostgresStore.NewAsync(), nodes: 1);

    [Fact]
    public async Task Of_a_thousand_creates_for_one_recipient_one_is_stored_by_two_nodes() => await RaceAsync(await PostgresStore.NewAsync(), nodes: 2);

    [Fact]
    public async Task A_request_that_one_node_has_accepted_is_refused_by_the_other()
    {
        var store = await PostgresStore.NewAsync();
        var data = await SampleData.SetUpAsync(store, senders: 1, members: 0, customers: 50);
        await using var nodes = await Nodes.StartAsync(store, 2);
        for (var customer = 1; customer <= data.Customers; customer++)
        {
            var request = await CreateAsync(data.Senders[0].Credentials, customer, 0);
            var first = await request.SendAsync(nodes.All[customer % 2], CancellationToken.None);
            Assert.Equal(HttpStatusCode.OK, first.Status);

            var second = await request.SendAsync(nodes.All[(customer + 1) % 2], CancellationToken.None);
            Assert.Equal((HttpStatusCode.Unauthorized, 32), (second.Status, second.Code));
        }
    }

    [Fact]
    public async Task A_request_that_comes_to_two_nodes_at_once_is_accepted_by_one()
    {
        var store = await PostgresStore.NewAsync();
        var data = await SampleData.SetUpAsync(store, senders: 1, members: 0, customers: 200);
        await using var nodes = await Nodes.StartAsync(store, 2);
        for (var customer = 1; customer <= data.Customers; customer++)
        {
            var request = await CreateAsync(data.Senders[0].Credentials, customer, 0);
            var answers = await Task.WhenAll(nodes.All.Select(node => request.SendAsync(node, CancellationToken.None)));
            Assert.Equal([(HttpStatusCode.OK, 0), (HttpStatusCode.Unauthorized, 32)], answers.Select(answer => (answer.Status, answer.Code)).Order());
        }
    }

    private static async Task RaceAsync(TestStore store, int nodes)
    {
        var data = await SampleData.SetUpAsync(store, senders: 1, members: 0, customers: 1);
        var requests = await Task.WhenAll(Enumerable.Range(0, Racers).Select(i => CreateAsync(data.Senders[0].Credentials, 1, i)));
        await using var started = await Nodes.StartAsync(store, nodes);

        var answers = await Task.WhenAll(requests.Select((request, i) => request.SendAsync(started.All[i % nodes], CancellationToken.None)));

        var winner = Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        var others = answers.GroupBy(answer => (answer.Status, answer.Code)).Select(group => (group.Key, group.Count())).ToArray();
        Assert.True(others.Contains(((HttpStatusCode.TooManyRequests, 88), Racers - 1)), $"{string.Join(' ', others)}\n{string.Join('\n', started.Errors.Take(20))}");
        var image = await StoreImage.ReadAsync(store);
        Assert.Equal(winner.Feedback.Id, $"{Assert.Single(image.Prompts).Id}");
        Assert.Equal(winner.Feedback.DmId, $"{Assert.Single(image.Messages).Id}");
        Assert.Single(image.Changes);
        Assert.Equal(1, Assert.Single(image.States).WindowUsed);
    }

    private static Task<SignedRequest> CreateAsync(OAuthCredentials sender, int customer, int number) => SignedRequest.MakeAsync(
        sender, HttpMethod.Post, "/1.1/feedback/create.json",
        [
            new("type", "nps"), new("to_user_id", $"{customer}"), new("message", $"Message {number}"), new("privacy_url", "https://shop.example/privacy"),
            new("external_id", $"race {customer} {number}"),
        ]);

    private sealed class Nodes : IAsyncDisposable
    {
        private readonly List<ServerProcess> _servers = [];

        public List<HttpMessageInvoker> All { get; } = [];

        public IEnumerable<string> Errors => _servers.SelectMany(server => server.Errors);

        public static async Task<Nodes> StartAsync(TestStore store, int count)
        {
            var nodes = new Nodes();
            for (var i = 0; i < count; i++)
            {
                var server = await ServerProcess.StartAsync(store);
                nodes._servers.Add(server);
                nodes.All.Add(new HttpMessageInvoker(server.Transport, disposeHandler: false));
            }

            return nodes;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var http in All) http.Dispose();
            foreach (var server in _servers) await server.DisposeAsync();
        }
    }
}
