using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>A backup of a large store, verified, and its restore into an empty place, looked at by the doctor: each a process of its own, beside what the engine's own programs take to dump the same rows and to load them.</summary>
internal static class Backups
{
    private const int MostSeconds = 60;
    private const int MostMemory = 200;

    public static async Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell)
    {
        var (folder, dump) = (bench.NewFolder("store"), bench.New("dump.sql"));
        await RunAsync(
            bench, tell, BenchServer.Sqlite(folder), () => Task.CompletedTask, BenchServer.Sqlite(bench.NewFolder("restored")),
            new("sqlite3 .dump", ["sh", "-c", $"sqlite3 -readonly '{Path.Combine(folder, "afterword.db")}' .dump > '{dump}'"]),
            new("sqlite3, reading it", ["sh", "-c", $"sqlite3 '{Path.Combine(bench.NewFolder("loaded"), "loaded.db")}' < '{dump}'"]));
    }

    public static async Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(bench.NewFolder("postgres"));
        await cluster.CreateDatabaseAsync("loaded");
        var dump = bench.New("store.dump");
        string[] At(string program, params string[] arguments) =>
            [Path.Combine(PostgresCluster.Programs!, program), "-h", "127.0.0.1", "-p", cluster.Port.ToString(CultureInfo.InvariantCulture), "-U", "bench", .. arguments];

        await RunAsync(
            bench, tell, BenchServer.Postgres(await cluster.CreateDatabaseAsync("store")), () => cluster.ExecuteAsync("store", "vacuum analyze"), BenchServer.Postgres(await cluster.CreateDatabaseAsync("restored")),
            new("pg_dump -Fc", At("pg_dump", "-Fc", "-Z", "1", "-f", dump, "store")), new("pg_restore", At("pg_restore", "-d", "loaded", dump)));
    }

    private static async Task RunAsync(BenchEnvironment bench, Action<Result> tell, BenchServer from, Func<Task> settle, BenchServer to, Bare dump, Bare load)
    {
        var rows = bench.IsQuick ? 200_000 : 1_000_000;
        await using (var store = await from.OpenAsync())
        {
            var users = await SampleUsers.CreateAsync(store, senders: 20);
            await new History(store, users, rows, days: 365).WriteAsync();
        }

        await settle();
        var file = bench.New("one.backup");
        var what = string.Create(CultureInfo.InvariantCulture, $"{rows:N0} feedbacks, {from.Name}");
        var dumping = await dump.RunAsync();
        Tell(tell, $"backup of {what}", await RunAsync(from, "backup", file), $"a file of {new FileInfo(file).Length / (double)(1 << 20):0} MiB, read once more", dump, dumping);
        var loading = await load.RunAsync();
        Tell(tell, $"restore of {what}", await RunAsync(to, "restore", file), "with the doctor's look", load, loading);
    }

    private static void Tell(Action<Result> tell, string what, Cost cost, string note, Bare bare, double bareSeconds)
    {
        tell(new()
        {
            What = what, Value = cost.Seconds, Unit = " s", Against = bare.Name, Baseline = bareSeconds, Ratio = cost.Seconds / bareSeconds, Target = FormattableString.Invariant($"<= {MostSeconds}"), Pass = cost.Seconds <= MostSeconds,
            Note = FormattableString.Invariant($"{cost.Rows:N0} rows, CPU {cost.Cpu:0.0} s, {note}"),
        });
        tell(new() { What = $"most memory of that {what.Split(' ')[0]}", Value = cost.Memory, Unit = " MiB", Target = FormattableString.Invariant($"<= {MostMemory}"), Pass = cost.Memory <= MostMemory });
    }

    /// <summary>Runs a command to its end and looks at its memory meanwhile, without the pages of files that the system maps for it.</summary>
    private static async Task<Cost> RunAsync(BenchServer server, string verb, string file)
    {
        var start = new ProcessStartInfo(BenchEnvironment.Server, [verb, file, "--json"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in server.Environment) start.Environment[name] = value;
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var (most, cpu) = (0L, 0.0);
        while (!process.WaitForExit(20)) (most, cpu) = (Math.Max(most, MemoryOf(process.Id)), process.HasExited ? cpu : process.TotalProcessorTime.TotalSeconds);

        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await process.WaitForExitAsync();
        var answer = await output;

        // What the doctor finds in rows that the bench made counts 1, and is no failure of a restore.
        if (process.ExitCode > 1 || answer.Length == 0) throw new InvalidOperationException($"afterword {verb} failed: {await errors}");

        using var json = JsonDocument.Parse(answer);
        return new(seconds, cpu, most / (double)(1 << 20), json.RootElement.GetProperty("rows").GetInt64());
    }

    private static long MemoryOf(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has just ended.
            return 0;
        }
    }

    private sealed record Cost(double Seconds, double Cpu, double Memory, long Rows);

    /// <summary>What the engine's own program does with the same rows.</summary>
    private sealed record Bare(string Name, string[] Command)
    {
        public async Task<double> RunAsync()
        {
            var began = Stopwatch.GetTimestamp();
            await PostgresCluster.RunAsync(Command[0], Command[1..]);
            return Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
    }
}
