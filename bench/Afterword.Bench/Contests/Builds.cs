using Afterword.Bench.Load;
using Afterword.Bench.Report;
using Afterword.Bench.Stage;

namespace Afterword.Bench.Contests;

/// <summary>Signed create calls of this build and of another, in turn: what a change of the way to a commit costs.</summary>
internal static class Builds
{
    private const int Connections = 64;
    private const int Senders = 50;

    public static Task RunOnSqliteAsync(Ground ground, Action<Figure> tell) =>
        RunAsync(ground, tell, () => Task.FromResult((Site.Sqlite(ground.NewFolder("this")), Site.Sqlite(ground.NewFolder("other")))));

    public static async Task RunOnPostgresAsync(Ground ground, Action<Figure> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(ground.NewFolder("postgres"));
        await RunAsync(ground, tell, async () => (Site.Postgres(await cluster.CreateDatabaseAsync("this")), Site.Postgres(await cluster.CreateDatabaseAsync("other"))));
    }

    private static async Task RunAsync(Ground ground, Action<Figure> tell, Func<Task<(Site This, Site Other)>> places)
    {
        var program = Environment.GetEnvironmentVariable("AGAINST") ?? throw new InvalidOperationException("AGAINST names no other build of afterword.");
        var (site, otherSite) = await places();
        await using var server = await Side.StartAsync(ground, site, Ground.Server);
        await using var other = await Side.StartAsync(ground, otherSite, program);

        var duel = await Duel.RunAsync(ground, server.Contender, other.Contender);
        tell(Figure.Of($"signed create, {site.Name}, {Senders} senders, {Connections} connections", duel, "the other build", 0.95));
    }

    /// <summary>A build with a store of its own.</summary>
    private sealed class Side(Child server, Contender contender) : IAsyncDisposable
    {
        public Contender Contender => contender;

        public static async Task<Side> StartAsync(Ground ground, Site site, string program)
        {
            // The store has this build's schema: another one is compared that can serve beside it.
            Cast cast;
            await using (var store = await site.OpenAsync()) cast = await Cast.CreateAsync(store, Senders);

            var server = await ground.StartServerAsync(site, program);
            return new(server, new Once(ground, server, Connections, 5_000, new CreateRequests(new RequestWriter(server.Address.ToString()), cast, together: Senders).Begin));
        }

        public ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
