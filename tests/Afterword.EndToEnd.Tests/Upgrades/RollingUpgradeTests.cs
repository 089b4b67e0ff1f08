using System.Globalization;
using System.Net;
using Afterword.Client.OAuth;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Packages;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Upgrades;

/// <summary>The program before the newest migration and this one, beside each other on one PostgreSQL and under load.</summary>
[Collection(nameof(Loads)), LongForm]
public sealed class RollingUpgradeTests
{
    private const int Senders = 4;
    private const int Connections = 16;
    private const int Some = 200;
    private const int NoLimit = 1_000_000_000;

    private static readonly string[] s_settings = ["Feedback:EventsDelay=00:00:00", "Limits:AnswersPer15Minutes=1000000000"];

    [Fact]
    public async Task Nodes_are_replaced_one_after_the_other_and_nothing_is_lost()
    {
        var earlier = await EarlierProgram.FindAsync();
        Assert.SkipWhen(earlier is null, "This tree has no git history that goes back beyond the newest migration.");
        var store = await PostgresStore.EmptyAsync();
        await using var old = await ServerProcess.StartProgramAsync(earlier!.File, store, s_settings);
        await using var otherOld = await ServerProcess.StartProgramAsync(earlier.File, store, s_settings);
        var data = await SetUpAsync(earlier.File, store);
        var ledger = new Ledger(data);
        Assert.Equal(NumberOf(earlier.Newest), await NewestAsync(store));

        using var onOld = new Burst(data, ledger, old, Connections, seed: 1);
        using var onOtherOld = new Burst(data, ledger, otherOld, Connections, seed: 2);
        await Task.WhenAll(onOld.AcknowledgeAsync(Some), onOtherOld.AcknowledgeAsync(Some));

        // The first new node migrates the store under them.
        await using var fresh = await ServerProcess.StartAsync(store, s_settings);
        Assert.True(await NewestAsync(store) > NumberOf(earlier.Newest), "The store was not migrated: this test shows nothing.");
        using var onFresh = new Burst(data, ledger, fresh, Connections, seed: 3);
        await onFresh.AcknowledgeAsync(Some);

        // An old node serves on, or says that it does not.
        foreach (var (server, burst) in new[] { (old, onOld), (otherOld, onOtherOld) })
        {
            if (await StatusAsync(server, "/healthz/ready") == HttpStatusCode.OK) await burst.AcknowledgeAsync(burst.Acknowledged + Some);
        }

        await StopAsync(old, onOld);
        await using var otherFresh = await ServerProcess.StartAsync(store, s_settings);
        using var onOtherFresh = new Burst(data, ledger, otherFresh, Connections, seed: 4);
        await StopAsync(otherOld, onOtherOld);
        await Task.WhenAll(onFresh.AcknowledgeAsync(onFresh.Acknowledged + Some), onOtherFresh.AcknowledgeAsync(Some));
        await StopAsync(fresh, onFresh);
        await StopAsync(otherFresh, onOtherFresh);

        var image = await StoreImage.ReadAsync(store);
        foreach (var burst in new[] { onOld, onOtherOld, onFresh, onOtherFresh }) Assert.Empty(burst.Faults);
        Assert.Empty(Invariants.Check(image, ledger));
        foreach (var server in new[] { old, otherOld, fresh, otherFresh }) Assert.DoesNotContain(server.Errors, line => line.Contains("\"LogLevel\":\"Error\"", StringComparison.Ordinal));
        Assert.Contains("All is well.", (await RunAsync(Path.Combine(AppContext.BaseDirectory, "afterword"), store, "doctor")).Is(0).Output, StringComparison.Ordinal);

        // The control: the law is about what went through both versions, and misses what is taken away.
        Assert.Equal(1, await store.RunAsync("delete from prompt where id = (select id from prompt order by id limit 1)"));
        Assert.Contains(Invariants.Check(await StoreImage.ReadAsync(store), ledger), line => line.Contains("was acknowledged and is not there", StringComparison.Ordinal));
    }

    private static async Task StopAsync(ServerProcess server, Burst burst)
    {
        burst.Expect();
        Assert.Equal(0, await server.TerminateAsync());
        await burst.EndAsync();
    }

    private static async Task<HttpStatusCode> StatusAsync(ServerProcess server, string path)
    {
        using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://feedback.test{path}");
        using var answer = await http.SendAsync(request, CancellationToken.None);
        return answer.StatusCode;
    }

    /// <summary>By commands of the old program: this one would migrate the store.</summary>
    private static async Task<SampleData> SetUpAsync(string program, TestStore store)
    {
        var app = (await RunAsync(program, store, "--json", "app", "add", "Load", "--callback", "oob")).Is(0);
        var (key, secret) = (app["consumer_key"], app["consumer_secret"]);
        await RunAsync(program, store, "allow", "app", key);
        var senders = new List<TestUser>();
        var limit = NoLimit.ToString(CultureInfo.InvariantCulture);
        for (var i = 0; i < Senders; i++)
        {
            var handle = string.Create(CultureInfo.InvariantCulture, $"@sender{i}");
            var user = (await RunAsync(program, store, "--json", "user", "add", handle, "--name", "Sender")).Is(0);
            (await RunAsync(program, store, "allow", "sender", handle, "--creates-per-day", limit, "--shows", limit, "--events", limit)).Is(0);
            var token = (await RunAsync(program, store, "--json", "token", "issue", key, handle)).Is(0);
            senders.Add(new(long.Parse(user["id"], CultureInfo.InvariantCulture), new OAuthCredentials(key, secret, token["oauth_token"], token["oauth_token_secret"])));
        }

        const int customers = 20_000;
        await store.RunAsync(
            $"insert into account (id, screen_name, screen_name_key, name, accepts, created_at) select n, 'c' || n, 'c' || n, 'Customer', 'anyone', 0 from {store.Numbers}", ("count", customers));
        return new(senders, [], customers);
    }

    private static Task<Command> RunAsync(string program, TestStore store, params string[] arguments) =>
        BuiltProgram.RunAsync(program, Path.GetTempPath(), [.. arguments, $"--{store.Place.Key.ToLowerInvariant()}", store.Place.Value]);

    private static int NumberOf(string migration) => int.Parse(migration.AsSpan(0, 4), CultureInfo.InvariantCulture);

    private static async Task<int> NewestAsync(TestStore store)
    {
        await using var connection = await store.ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "select max(number) from schema_version where part = 'main'";
        return Convert.ToInt32(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
    }
}
