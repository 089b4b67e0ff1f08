using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.World;

/// <summary>Which engine a test runs on. Every test of the store runs on both.</summary>
public enum Engine
{
    Sqlite,
    Postgres,
}

internal static class Engines
{
    // Otherwise each of two thousand tests would run all migrations.
    private static readonly Dictionary<Engine, Lazy<Task<string>>> s_migrated = Enum.GetValues<Engine>().ToDictionary(engine => engine, engine => new Lazy<Task<string>>(() => MigrateAsync(engine)));

    /// <summary>Settings for a new, empty store of this engine.</summary>
    public static async Task<Dictionary<string, string?>> NewStoreAsync(this Engine engine, TestFolder folder) => engine switch
    {
        Engine.Sqlite => new() { ["Data"] = folder.Path },
        _ => new() { ["Data"] = folder.Path, ["Database"] = await PostgresCluster.Shared.NewDatabaseAsync() },
    };

    /// <summary>Settings for a store of this engine with the present schema and nothing in it.</summary>
    public static async Task<Dictionary<string, string?>> MigratedStoreAsync(this Engine engine, TestFolder folder)
    {
        var migrated = await s_migrated[engine].Value;
        if (engine == Engine.Postgres) return new() { ["Data"] = folder.Path, ["Database"] = await PostgresCluster.Shared.CopyOfAsync(migrated) };

        foreach (var file in Directory.GetFiles(migrated, "*.db")) File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        return new() { ["Data"] = folder.Path };
    }

    /// <summary>Opens a store once, which brings it to the present schema, and gives where it is.</summary>
    private static async Task<string> MigrateAsync(Engine engine)
    {
        var folder = TestFolder.Create("migrated");
        var given = await engine.NewStoreAsync(folder);
        var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(given).Build());
        await (await Store.OpenAsync(settings!, TimeProvider.System, default)).DisposeAsync();
        return engine == Engine.Postgres ? given["Database"]! : folder.Path;
    }
}
