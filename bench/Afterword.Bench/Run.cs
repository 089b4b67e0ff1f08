using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Afterword.Bench.Contests;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Report;

namespace Afterword.Bench;

/// <summary>A run of some rows, from the command line to the report.</summary>
internal static class Run
{
    // Run only when they are named: the first compares two generators, not the server with anything; the others need another build.
    private static readonly string[] s_notMeant = ["generators", "builds-sqlite", "builds-postgres"];

    private static readonly (string Name, Func<BenchEnvironment, Action<Result>, Task> RunAsync)[] s_rows =
    [
        ("create-sqlite", CreateOnSqlite.RunAsync),
        ("create-postgres", CreateOnPostgres.RunAsync),
        ("reads-sqlite", Reads.RunOnSqliteAsync),
        ("reads-postgres", Reads.RunOnPostgresAsync),
        ("cards", Cards.RunAsync),
        ("event-pages-sqlite", EventPages.RunOnSqliteAsync),
        ("event-pages-postgres", EventPages.RunOnPostgresAsync),
        ("create-grown-sqlite", GrowingStore.RunOnSqliteAsync),
        ("create-grown-postgres", GrowingStore.RunOnPostgresAsync),
        ("export-sqlite", Exports.RunOnSqliteAsync),
        ("export-postgres", Exports.RunOnPostgresAsync),
        ("backup-sqlite", Backups.RunOnSqliteAsync),
        ("backup-postgres", Backups.RunOnPostgresAsync),
        ("erasure-sqlite", Erasures.RunOnSqliteAsync),
        ("erasure-postgres", Erasures.RunOnPostgresAsync),
        ("retention-sqlite", Retentions.RunOnSqliteAsync),
        ("retention-postgres", Retentions.RunOnPostgresAsync),
        ("overview-sqlite", Overviews.RunOnSqliteAsync),
        ("overview-postgres", Overviews.RunOnPostgresAsync),
        ("console-pages-sqlite", ConsolePages.RunOnSqliteAsync),
        ("console-pages-postgres", ConsolePages.RunOnPostgresAsync),
        ("rules-sqlite", Closes.RunOnSqliteAsync),
        ("rules-postgres", Closes.RunOnPostgresAsync),
        ("connectors-sqlite", ConnectorCloses.RunOnSqliteAsync),
        ("connectors-postgres", ConnectorCloses.RunOnPostgresAsync),
        ("deliveries-sqlite", Deliveries.RunOnSqliteAsync),
        ("deliveries-postgres", Deliveries.RunOnPostgresAsync),
        ("sick", Deliveries.RunSickAsync),
        ("watched", Watching.RunAsync),
        ("start-memory", StartAndMemory.RunAsync),
        ("crowd", Crowd.RunAsync),
        ("builds-sqlite", Builds.RunOnSqliteAsync),
        ("builds-postgres", Builds.RunOnPostgresAsync),
        ("generators", Generators.RunAsync),
    ];

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static async Task<int> RunAsync(string[] args)
    {
        var (quick, only, output, wrong) = Read(args);
        if (wrong is not null)
        {
            await Console.Error.WriteLineAsync($"{wrong}\nbench/run [--quick] [--only ROW]... [--out FILE]\nRows: {string.Join(", ", s_rows.Select(row => row.Name))}");
            return 2;
        }

        var results = new List<Result>();
        var failed = false;
        await using var bench = new BenchEnvironment(quick);
        var machine = Machine.Describe(bench.NewFolder("disk"), await PostgresVersionAsync());
        foreach (var (name, run) in s_rows.Where(row => only.Count == 0 ? !s_notMeant.Contains(row.Name) : only.Contains(row.Name)))
        {
            var before = results.Count;
            await Console.Error.WriteLineAsync($"{name} …");
            try
            {
                await run(bench, result => results.Add(result with { Row = name }));
            }
            catch (Exception error) when (error is InvalidOperationException or AggregateException or FormatException or IOException or TimeoutException or Npgsql.NpgsqlException or Microsoft.Data.Sqlite.SqliteException)
            {
                failed = true;
                results.Add(new() { Row = name, What = "could not be measured", Value = 0, Unit = "", Pass = false, Note = error.Message.ReplaceLineEndings(" ") });
            }

            await Console.Error.WriteLineAsync(Table.Of([.. results.Skip(before)]));
        }

        Console.Write(Table.Of(results));
        await SaveAsync(output, quick, machine, results);
        return failed ? 1 : 0;
    }

    private static async Task SaveAsync(string? output, bool quick, Machine machine, List<Result> results)
    {
        var now = TimeProvider.System.GetUtcNow();
        var form = quick ? "quick" : "full";
        var file = output ?? Path.Combine(Environment.CurrentDirectory, "bench", "results", string.Create(CultureInfo.InvariantCulture, $"{now:yyyy-MM-dd}-{form}.json"));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { measuredAt = now, form, machine, results }, s_json) + "\n");
        await Console.Error.WriteLineAsync($"Written to {file}");
    }

    private static async Task<string?> PostgresVersionAsync() =>
        PostgresCluster.Programs is { } programs ? (await PostgresCluster.RunAsync(Path.Combine(programs, "postgres"), "--version")).Trim() : null;

    private static (bool Quick, List<string> Only, string? Output, string? Wrong) Read(string[] args)
    {
        var (quick, only, output) = (false, new List<string>(), (string?)null);
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--quick":
                    quick = true;
                    break;
                case "--only" when i + 1 < args.Length && Array.Exists(s_rows, row => row.Name == args[i + 1]):
                    only.Add(args[++i]);
                    break;
                case "--out" when i + 1 < args.Length:
                    output = args[++i];
                    break;
                default:
                    return (quick, only, output, $"{args[i]} is not understood here.");
            }
        }

        return (quick, only, output, null);
    }
}
