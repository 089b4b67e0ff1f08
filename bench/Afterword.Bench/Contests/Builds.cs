using Afterword.Bench.Fixtures;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>Signed create calls of this build and of another, in turn: what a change of the way to a commit costs.</summary>
internal static class Builds
{
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
        await using var server = await CreatingServer.StartAsync(bench, benchServer);
        await using var other = await CreatingServer.StartAsync(bench, otherSite, program);

        var duel = await Duel.RunAsync(bench, server.Contender, other.Contender);
        tell(Result.Of($"signed create, {benchServer.Name}, {CreatingServer.Senders} senders, {CreatingServer.Connections} connections", duel, "the other build", 0.95));
    }
}
