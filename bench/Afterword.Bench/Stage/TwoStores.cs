namespace Afterword.Bench.Stage;

/// <summary>A store with little in it and one with much, for what must not cost more as a store grows.</summary>
internal static class TwoStores
{
    public static Task OnSqliteAsync(Ground ground, Func<Site, Site, Task> run) => run(Site.Sqlite(ground.NewFolder("few")), Site.Sqlite(ground.NewFolder("many")));

    public static async Task OnPostgresAsync(Ground ground, Func<PostgresCluster, Site, Site, Task> run)
    {
        await using var cluster = await PostgresCluster.StartAsync(ground.NewFolder("postgres"));
        await run(cluster, Site.Postgres(await cluster.CreateDatabaseAsync("few")), Site.Postgres(await cluster.CreateDatabaseAsync("many")));
    }
}
