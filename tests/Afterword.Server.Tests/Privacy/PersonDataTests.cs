using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;
using Afterword.Server.Privacy;
using Afterword.Server.Tests.Fixtures;
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
        await using (var fixture = await FeedbackFixture.StartOnAsync(store)) person = await PlantedPerson.PlantAsync(fixture);
        var path = Path.Combine(folder.Path, "person.zip");
        var shell = new CommandShell(store);

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

/// <summary>No table is forgotten in the file.</summary>
public sealed class PersonDataTableTests
{
    private const string Key = "what opens a door, or a repeated call: nothing that a person could read";
    private const string Same = "the same is in the file as it was written";

    private static readonly Dictionary<string, string> s_notThere = new(StringComparer.Ordinal)
    {
        ["idempotency"] = Key, ["request_token"] = Key, ["reset_link"] = Key, ["user_recovery_code"] = Key, ["text_word"] = Same,
        ["delivery_attempt"] = "what the receiver of a webhook answered: the business's", ["connector_event"] = "read by itself: nothing leads from a person to an event",
    };

    [Fact]
    public void Every_table_with_something_of_a_person_is_in_the_file_or_has_a_reason_not_to_be()
    {
        var read = PersonDataQueries.All.SelectMany(query => Regex.Matches(query.Sql, @"\b(?:from|join)\s+(?<table>[a-z_]+)").Select(match => match.Groups["table"].Value)).ToHashSet(StringComparer.Ordinal);

        Assert.Equal([], ErasureColumnTests.TablesOfPeople.Where(table => !read.Contains(table)).Except(s_notThere.Keys));
        Assert.Equal([], s_notThere.Keys.Where(read.Contains));
    }
}

public sealed class SqlitePersonDataTests() : PersonDataTests(Engine.Sqlite);

public sealed class PostgresPersonDataTests() : PersonDataTests(Engine.Postgres);
