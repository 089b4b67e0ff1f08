using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Afterword.Client.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Storage;

/// <summary>
/// Stores that were made by the program of November 2026, with SQLite 3.40.1 or PostgreSQL 15, and what that program said of them. Everything
/// in <c>OldStores</c> was written by it: on SQLite the files as it left them, the log included, on PostgreSQL what pg_dump makes of them.
/// </summary>
public abstract class OldStoreTests(Engine engine)
{
    [Fact]
    public async Task A_store_that_was_made_before_is_well_and_says_the_same()
    {
        using var folder = TestFolder.Create("old");
        Unpack(folder.Path);
        var store = await engine.NewStoreAsync(folder);
        if (engine == Engine.Postgres) await RestoreAsync(store["Database"]!, Path.Combine(folder.Path, "afterword.sql"));
        await using var server = await TestServer.StartOnAsync(store, DateTimeOffset.Parse("2026-12-01T00:00:00Z", CultureInfo.InvariantCulture), "Feedback:EventsDelay=00:00:00");
        var keys = Texts(Read(folder, "keys.json"));
        var furni = new OAuthCredentials(keys["consumer_key"], keys["consumer_secret"], keys["token"], keys["token_secret"]);

        await server.AllIsWellAsync();
        var shown = Texts(Read(folder, "show.json"));
        Assert.Equal(Read(folder, "show.json"), (await server.GetAsync(furni, $"/1.1/feedback/show/{shown["id"]}.json")).Is(200).Body);
        Assert.Equal(
            Read(folder, "events.json"),
            (await server.GetAsync(furni, $"/1.1/feedback/events.json?from_time=0&to_time={server.Clock.GetUtcNow().ToUnixTimeMilliseconds()}")).Is(200).Body);

        // It goes on.
        var asked = (await server.PostAsync(
            furni, "/1.1/feedback/create.json", ("type", "nps"), ("to_user_id", shown["to_user_id"]), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"))).Is(200);
        (await server.GetAsync(furni, $"/1.1/feedback/show/{asked.Text("id")}.json")).Is(200);
        await server.AllIsWellAsync();
    }

    private void Unpack(string folder)
    {
        var name = engine == Engine.Postgres ? "postgres.zip" : "sqlite.zip";
        using var zip = new ZipArchive(typeof(OldStoreTests).Assembly.GetManifestResourceStream($"old-stores/{name}")!);
        zip.ExtractToDirectory(folder);
    }

    private static string Read(TestFolder folder, string file) => File.ReadAllText(Path.Combine(folder.Path, file)).TrimEnd();

    private static Dictionary<string, string> Texts(string json) =>
        JsonDocument.Parse(json).RootElement.EnumerateObject().Where(pair => pair.Value.ValueKind == JsonValueKind.String).ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!);

    private static async Task RestoreAsync(string database, string dump)
    {
        using var psql = Process.Start(new ProcessStartInfo("psql", ["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--output", "/dev/null", "--dbname", database, "--file", dump]) { RedirectStandardError = true })!;
        var errors = await psql.StandardError.ReadToEndAsync();
        await psql.WaitForExitAsync();
        Assert.True(psql.ExitCode == 0, errors);
    }
}

public sealed class SqliteOldStoreTests() : OldStoreTests(Engine.Sqlite);

public sealed class PostgresOldStoreTests() : OldStoreTests(Engine.Postgres);
