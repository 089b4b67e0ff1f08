namespace Afterword.Bench.Fixtures;

/// <summary>A store with little in it and one with much, for what must not cost more as a store grows.</summary>
internal static class TwoStores
{
    public static Task OnSqliteAsync(BenchEnvironment bench, Func<BenchServer, BenchServer, Task> run) => run(BenchServer.Sqlite(bench.NewFolder("few")), BenchServer.Sqlite(bench.NewFolder("many")));

    public static async Task OnPostgresAsync(BenchEnvironment bench, Func<PostgresCluster, BenchServer, BenchServer, Task> run)
    {
        await using var cluster = await PostgresCluster.StartAsync(bench.NewFolder("postgres"));
        await run(cluster, BenchServer.Postgres(await cluster.CreateDatabaseAsync("few")), BenchServer.Postgres(await cluster.CreateDatabaseAsync("many")));
    }
}
