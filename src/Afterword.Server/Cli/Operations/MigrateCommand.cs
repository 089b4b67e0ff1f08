using System.CommandLine;
using Afterword.Server.Storage;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword migrate</c>: brings the store to the schema of this program, even while others serve it.</summary>
internal static class MigrateCommand
{
    public static Command Create()
    {
        var command = new Command("migrate", "Bring the store to this version's schema and say what ran, even while others serve it. Example: afterword migrate --data /var/lib/afterword");
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var settings = StoreOptions.SettingsOf(parsed);
        var clock = TimeProvider.System;
        var start = clock.GetUtcNow().ToUnixTimeMilliseconds();
        await using var store = await OpenedStore.ExplainAsync(settings, () => Store.OpenAsync(settings, clock, stop, migrates: true));

        var applied = new List<MigrationJson>();
        foreach (var db in new[] { store.Main, store.Nonces })
        {
            applied.AddRange(await db.ReadAsync(
                session => session.Sql("select part, name, applied_at from schema_version order by part, number")
                    .ListAsync(row => new MigrationJson(row.GetString(0), row.GetString(1), row.GetInt64(2) >= start), stop),
                stop));
        }

        // On PostgreSQL both look into the same database.
        applied = [.. applied.Distinct()];
        var ran = applied.FindAll(migration => migration.Ran);
        parsed.Say(
            new MigrationsJson(applied), CommandJson.Default.MigrationsJson,
            ran.Count == 0
                ? [$"The store is up to date; {applied.Count} migrations ran before."]
                : [.. ran.Count == applied.Count ? (string[])[$"Made a new store {OpenedStore.NameOf(settings)}."] : [], .. ran.Select(migration => $"{migration.Part}: {migration.Name}")]);
        return ExitCode.Done;
    }
}

/// <param name="Part">The set it belongs to.</param>
/// <param name="Name">Its file.</param>
/// <param name="Ran">It ran just now.</param>
internal sealed record MigrationJson(string Part, string Name, bool Ran);

internal sealed record MigrationsJson(IReadOnlyList<MigrationJson> Migrations);
