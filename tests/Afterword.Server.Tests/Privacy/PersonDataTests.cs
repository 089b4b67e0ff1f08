using System.IO.Compression;
using System.Text.Json;
using Afterword.Server.Tests.World;
using Afterword.Support;

namespace Afterword.Server.Tests.Privacy;

/// <summary>A person gets to see everything that is held about them.</summary>
public abstract class PersonDataTests(Engine engine)
{
    [Fact]
    public async Task Every_text_of_the_person_that_can_be_read_is_in_the_file_which_nobody_else_may_read()
    {
        using var folder = TestFolder.Create("person-data");
        var store = await engine.MigratedStoreAsync(folder);
        PlantedPerson person;
        await using (var loop = await Loop.StartOnAsync(store)) person = await PlantedPerson.PlantAsync(loop);
        var path = Path.Combine(folder.Path, "person.zip");
        var shell = new Shell(store);

        Assert.Contains($"records about @{PlantedPerson.Handle}", await shell.RunAsync(0, "person-data", $"@{PlantedPerson.Handle}", "-o", path), StringComparison.Ordinal);

        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Contains("is there already", await shell.RunAsync(1, "person-data", $"@{PlantedPerson.Handle}", "-o", path), StringComparison.Ordinal);
        await shell.RunAsync(0, "person-data", $"@{PlantedPerson.Handle}", "-o", path, "--force");
        Assert.Contains("There is no user @nobody", await shell.RunAsync(1, "person-data", "@nobody", "-o", path, "--force"), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(folder.Path, "person.zip*"));

        await using var zip = await ZipFile.OpenReadAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(["README.txt", "person.json"], zip.Entries.Select(entry => entry.FullName));
        var text = await ReadAsync(zip, "person.json");
        using var json = JsonDocument.Parse(text);
        Assert.Equal(3, json.RootElement.GetProperty("feedback").GetArrayLength());
        Assert.Equal(2, json.RootElement.GetProperty("log").GetArrayLength());

        // What opens a door, or is told by the receiver of a webhook, is not for them to see: tokens, hashes, keys of repeated calls and answers of endpoints.
        var missing = person.Markers.Where(marker => !text.Contains(marker, StringComparison.Ordinal)).ToArray();
        Assert.True(missing.Length <= 13, $"Not in the file: {string.Join(", ", missing)}");
        Assert.Contains("feedback (3)", await ReadAsync(zip, "README.txt"), StringComparison.Ordinal);
        if (store.GetValueOrDefault("Database") is { } database) await PostgresCluster.Shared.DropAsync(database);
    }

    private static async Task<string> ReadAsync(ZipArchive zip, string name)
    {
        using var reader = new StreamReader(await zip.GetEntry(name)!.OpenAsync(TestContext.Current.CancellationToken));
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}

public sealed class SqlitePersonDataTests() : PersonDataTests(Engine.Sqlite);

public sealed class PostgresPersonDataTests() : PersonDataTests(Engine.Postgres);
