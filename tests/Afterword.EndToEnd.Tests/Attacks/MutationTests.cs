using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Attacks;

/// <summary>No request that says something else than what was signed is accepted, crashes the server, or keeps it busy.</summary>
[Collection(nameof(Loads))]
public sealed class MutationTests
{
    private const int Seed = 20260105;

    /// <summary>The same valid requests are changed so often before new ones are made; their timestamps stay good for five minutes.</summary>
    private const int ChangesEach = 500;

    private static readonly TimeSpan s_most = TimeSpan.FromMilliseconds(50);

    private static int Requests => LongForm.Or(10_000, 500_000);

    [Fact]
    public async Task No_changed_request_is_accepted_on_SQLite() => await RunAsync(await SqliteStore.NewAsync());

    [Fact]
    [LongForm]
    public async Task No_changed_request_is_accepted_on_PostgreSQL() => await RunAsync(await PostgresStore.NewAsync());

    private static async Task RunAsync(TestStore store)
    {
        var data = await SampleData.SetUpAsync(store, senders: 1, members: 1, customers: 1);
        await using var server = await ServerProcess.StartAsync(store, "Limits:RecipientInterval=00:00:00", "Feedback:EventsDelay=00:00:00");
        var valid = new ValidRequests(data, server);
        await valid.PrepareAsync();
        using var attacker = new Attacker(server, Seed);

        // Once through without the clock: the first requests of every kind wait for the compiler.
        await attacker.RunAsync(valid, 2_000, ChangesEach, most: null);
        var before = await StoredAsync(store);
        var accepted = attacker.AcceptedUnchanged;
        await attacker.RunAsync(valid, Requests, ChangesEach, s_most);

        Assert.True(attacker.Faults.Count == 0, string.Join("\n\n", attacker.Faults));
        Assert.True(attacker.Refused >= Requests, $"Only {attacker.Refused} changed requests were refused.");

        // The control: each request that was changed and refused would have been accepted as it was.
        Assert.True(attacker.AcceptedUnchanged - accepted >= Requests / ChangesEach, $"{attacker.AcceptedUnchanged} unchanged requests were accepted.");
        Assert.True(attacker.Longest > TimeSpan.Zero, "The clock of the process stands still.");
        Assert.Equal(before with { Prompts = before.Prompts + attacker.Created, RequestTokens = before.RequestTokens + attacker.Begun }, await StoredAsync(store));
        Assert.DoesNotContain(server.Errors, line => line.Contains("\"EventId\":1001", StringComparison.Ordinal));
        TestContext.Current.TestOutputHelper!.WriteLine($"{store.Engine}: {attacker.Refused} refused, at most {attacker.Longest.TotalMilliseconds:0.0} ms of processor time.");
    }

    private static async Task<Stored> StoredAsync(TestStore store)
    {
        await using var connection = await store.ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "select (select count(*) from prompt where score is null and dismissed_at is null), (select count(*) from request_token), (select count(*) from message), (select count(*) from prompt)";
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return new(row.GetInt64(3), row.GetInt64(1), row.GetInt64(3) - row.GetInt64(2), row.GetInt64(3) - row.GetInt64(0));
    }

    /// <summary>What an accepted request would have changed.</summary>
    private sealed record Stored(long Prompts, long RequestTokens, long Unsent, long Closed);
}
