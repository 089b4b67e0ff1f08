using Afterword.Support;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>Which engine a test runs on. Every test of the store runs on both.</summary>
public enum Engine
{
    Sqlite,
    Postgres,
}

internal static class Engines
{
    /// <summary>Settings for a new, empty store of this engine.</summary>
    public static async Task<Dictionary<string, string?>> NewStoreAsync(this Engine engine, TestFolder folder) => engine switch
    {
        Engine.Sqlite => new() { ["Data"] = folder.Path },
        _ => new() { ["Data"] = folder.Path, ["Database"] = await PostgresCluster.Shared.NewDatabaseAsync() },
    };

    /// <summary>Settings for a store of this engine with the present schema and nothing in it.</summary>
    public static async Task<Dictionary<string, string?>> MigratedStoreAsync(this Engine engine, TestFolder folder)
    {
        if (engine == Engine.Postgres) return new() { ["Data"] = folder.Path, ["Database"] = await MigratedStores.DatabaseAsync() };

        await MigratedStores.CopyToAsync(folder);
        return new() { ["Data"] = folder.Path };
    }
}
