using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>Signed create calls of this build and of another, in turn: what a change of the way to a commit costs.</summary>
internal static class Builds
{
    private const int Connections = 64;
    private const int Senders = 50;

    public static Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell) =>
        RunAsync(bench, tell, () => Task.FromResult((BenchServer.Sqlite(bench.NewFolder("this")), BenchServer.Sqlite(bench.NewFolder("other")))));

    public static async Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(bench.NewFolder("postgres"));
        await RunAsync(bench, tell, async () => (BenchServer.Postgres(await cluster.CreateDatabaseAsync("this")), BenchServer.Postgres(await cluster.CreateDatabaseAsync("other"))));
    }

    private static async Task RunAsync(BenchEnvironment bench, Action<Result> tell, Func<Task<(BenchServer This, BenchServer Other)>> places)
    {
        var program = Environment.GetEnvironmentVariable("AGAINST") ?? throw new InvalidOperationException("AGAINST names no other build of afterword.");
        var (benchServer, otherSite) = await places();
        await using var server = await Side.StartAsync(bench, benchServer, BenchEnvironment.Server);
        await using var other = await Side.StartAsync(bench, otherSite, program);

        var duel = await Duel.RunAsync(bench, server.Contender, other.Contender);
        tell(Result.Of($"signed create, {benchServer.Name}, {Senders} senders, {Connections} connections", duel, "the other build", 0.95));
    }

    /// <summary>A build with a store of its own.</summary>
    private sealed class Side(ChildProcess server, Contender contender) : IAsyncDisposable
    {
        public Contender Contender => contender;

        public static async Task<Side> StartAsync(BenchEnvironment bench, BenchServer benchServer, string program)
        {
            // The store has this build's schema: another one is compared that can serve beside it.
            SampleUsers users;
            await using (var store = await benchServer.OpenAsync()) users = await SampleUsers.CreateAsync(store, Senders);

            var server = await bench.StartServerAsync(benchServer, program);
            return new(server, new Once(bench, server, Connections, 5_000, new CreateRequests(new RequestWriter(server.Address.ToString()), users, together: Senders).Begin));
        }

        public ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
