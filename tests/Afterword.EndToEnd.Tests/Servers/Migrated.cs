using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.EndToEnd.Tests.Servers;

/// <summary>Stores that have the present schema and nothing in them: copies of one that was brought to it once.</summary>
internal static class Migrated
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

    /// <summary>A folder for a SQLite store.</summary>
    /// <param name="purpose">A word for the folder's name.</param>
    public static async Task<TestFolder> FolderAsync(string purpose)
    {
        var folder = TestFolder.Create(purpose);
        foreach (var file in Directory.GetFiles((await s_folder.Value).Path, "*.db")) File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        return folder;
    }

    /// <summary>The URL of a database.</summary>
    public static async Task<string> DatabaseAsync() => await PostgresCluster.Shared.CopyOfAsync(await s_database.Value);

    private static async Task MigrateAsync(string key, string value)
    {
        var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build());
        await (await Store.OpenAsync(settings!, TimeProvider.System, default)).DisposeAsync();
    }
}
