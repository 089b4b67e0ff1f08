using System.CommandLine;
using System.Globalization;
using Afterword.Server.Admin.Health;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Postgres;
using Npgsql;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword doctor</c>: says what the store is and whether everything in it holds together.</summary>
internal static class DoctorCommand
{
    private static readonly Option<bool> s_repair = new("--repair")
    {
        Description = "First take back times that a wrong clock put into the future, while no server runs on the store.",
    };

    public static Command Create()
    {
        var command = new Command("doctor", "Check the whole store, beside a running server or without one; fails if anything is wrong. Example: afterword doctor --data /var/lib/afterword") { s_repair };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var settings = Patient(StoreOptions.SettingsOf(parsed));
        await using var store = await OpenedStore.ExplainAsync(settings, () => Store.OpenAsync(settings, TimeProvider.System, stop, mustExist: true));
        var doctor = new Doctor(store, TimeProvider.System);
        var (output, errors) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var mended = parsed.GetValue(s_repair) ? await RepairAsync(store, settings, stop) : [];
        var facts = await doctor.FactsAsync(stop);
        if (!parsed.WantsJson) Tell(output, facts, OpenedStore.NameOf(settings));
        if (!parsed.WantsJson) foreach (var line in mended) output.WriteLine($"mended {line}");

        var findings = new List<DoctorFinding>();
        await foreach (var finding in doctor.ExamineAsync(check => Begin(errors, check), stop))
        {
            End(errors);
            findings.Add(finding);
            if (!parsed.WantsJson) Tell(output, finding);
        }

        var failed = findings.Count(finding => finding.Problems.Count > 0);
        await NoteAsync(store, failed, findings.Count, stop);
        parsed.Say(
            new DoctorJson(
                failed == 0, facts.Engine, facts.Durability, facts.Schema, facts.Rows,
                [.. findings.Select(finding => new DoctorCheckJson(finding.Check, finding.Problems.Count == 0, finding.Problems, Math.Round(finding.Took.TotalSeconds, 3)))],
                mended),
            CommandJson.Default.DoctorJson,
            failed == 0 ? "All is well." : string.Create(CultureInfo.InvariantCulture, $"{failed} of {findings.Count} checks failed."));
        return failed == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>Writes down for the page Health that it ran. What it says does not depend on that: a store that cannot be written is examined all the same.</summary>
    private static async Task NoteAsync(Store store, int failed, int checks, CancellationToken stop)
    {
        try
        {
            await store.LeaseAsync(TimeProvider.System, stop);
            await DoctorRun.NoteAsync(new AuditLog(store, TimeProvider.System), failed, checks, stop);
        }
        catch (Exception error) when (store.IsUnavailable(error) || error is InvalidOperationException)
        {
            // Health goes on to show the run before.
        }
    }

    /// <exception cref="CommandException">A server runs on the store.</exception>
    private static async Task<IReadOnlyList<string>> RepairAsync(Store store, Settings settings, CancellationToken stop)
    {
        if (await store.IsServedAsync(settings, TimeProvider.System, stop))
        {
            throw new CommandException(ExitCode.Failed, "Others are at work on the store. Stop the server first, on every node; after a crash this may take five minutes.");
        }

        return await FutureStamps.MendAsync(store, TimeProvider.System.GetUtcNow(), stop);
    }

    /// <summary>A check of ten million rows takes longer than PostgreSQL's client waits for an ordinary statement.</summary>
    public static Settings Patient(Settings settings) => settings.Database is not { } url ? settings : settings with
    {
        Database = new NpgsqlConnectionStringBuilder(PostgresUrl.ConnectionText(url)) { CommandTimeout = 0 }.ToString(),
    };

    private static void Tell(TextWriter output, StoreFacts facts, string name)
    {
        output.WriteLine($"{facts.Engine}, {name}");
        output.WriteLine($"  {string.Join(", ", facts.Durability.Select(setting => $"{setting.Key}={setting.Value}"))}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  schema: {string.Join(", ", facts.Schema.Select(part => $"{part.Key} {part.Value}"))}"));
        output.WriteLine($"  {string.Join(", ", facts.Rows.Select(rows => string.Create(CultureInfo.InvariantCulture, $"{rows.Value:N0} {rows.Key}")))}");
    }

    private static void Tell(TextWriter output, DoctorFinding finding)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(finding.Problems.Count == 0 ? "ok     " : "FAILED ")}{finding.Check,-28}{finding.Took.TotalSeconds,8:F1} s"));
        foreach (var problem in finding.Problems) output.WriteLine($"       {problem}");
    }

    // At a terminal the line makes room for what was found.
    private static void Begin(TextWriter errors, string check)
    {
        if (IsTerminal(errors)) errors.Write($"Checking {check} …");
        else errors.WriteLine($"Checking {check}");
    }

    private static void End(TextWriter errors)
    {
        if (IsTerminal(errors)) errors.Write("\r\u001b[K");
    }

    private static bool IsTerminal(TextWriter errors) => errors == System.Console.Error && !System.Console.IsErrorRedirected;
}

internal sealed record DoctorCheckJson(string Name, bool Ok, IReadOnlyList<string> Problems, double Seconds);

internal sealed record DoctorJson(
    bool Ok, string Engine, IReadOnlyDictionary<string, string> Durability, IReadOnlyDictionary<string, long> Schema,
    IReadOnlyDictionary<string, long> Rows, IReadOnlyList<DoctorCheckJson> Checks, IReadOnlyList<string> Mended);
