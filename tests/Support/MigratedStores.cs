using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using Microsoft.Extensions.Configuration;

namespace Afterword.Support;

/// <summary>Stores with the present schema and nothing in them. The migrations run once for each engine; every store is a copy.</summary>
internal static class MigratedStores
{
    private static readonly Lazy<Task<TestFolder>> s_folder = new(async () =>
    {
        var folder = TestFolder.Create("migrated");
        await MigrateAsync("Data", folder.Path);
        return folder;
    });

    private static readonly Lazy<Task<string>> s_database = new(async () =>
    {
        var url = await PostgresCluster.Shared.NewDatabaseAsync();
        await MigrateAsync("Database", url);
        return url;
    });

    /// <summary>Puts a SQLite store into a folder.</summary>
    public static async Task CopyToAsync(TestFolder folder)
    {
        foreach (var file in Directory.GetFiles((await s_folder.Value).Path, "*.db")) File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
    }

    /// <summary>A new folder with a SQLite store.</summary>
    /// <param name="purpose">A word for the folder's name.</param>
    public static async Task<TestFolder> FolderAsync(string purpose)
    {
        var folder = TestFolder.Create(purpose);
        await CopyToAsync(folder);
        return folder;
    }

    /// <summary>The URL of a new database.</summary>
    public static async Task<string> DatabaseAsync() => await PostgresCluster.Shared.CopyOfAsync(await s_database.Value);

    /// <summary>Brings a store to the present schema.</summary>
    /// <param name="key">The setting that names it.</param>
    /// <param name="value">Where it is.</param>
    public static async Task MigrateAsync(string key, string value)
    {
        var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build());
        await (await Store.OpenAsync(settings!, TimeProvider.System, default)).DisposeAsync();
    }
}
