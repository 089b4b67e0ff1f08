using System.CommandLine;
using System.Globalization;
using Afterword.Server.Backups;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Privacy;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword backup</c>: everything in one file, beside a running server, that restores on either engine.</summary>
internal static class BackupCommand
{
    /// <summary>Stands for stdout or stdin.</summary>
    public const string Standard = "-";

    public static Command Create()
    {
        var target = new Argument<string>("FILE") { Description = "A new file, a folder that gets a file with the time in its name, or - for stdout." };
        var keep = new Option<long?>("--keep") { Description = "In a folder: keep so many of the newest, and delete older ones.", HelpName = "N" };
        var command = new Command("backup", "Write a backup of everything, while the server runs. Example: afterword backup /backup --keep 14") { target, keep, PassphraseFile, VerifyCommand.Create() };
        command.Validators.Add(result =>
        {
            if (result.GetValue(keep) is { } many and (< 1 or > 100_000)) result.AddError($"--keep is {many}; it must be 1 to 100000.");
            if (result.GetValue(keep) is not null && result.GetValue(target) is { } path && !Directory.Exists(path)) result.AddError($"--keep needs a folder, and {path} is not one.");
            if (result.GetValue(StoreOptions.Json) && result.GetValue(target) == Standard) result.AddError("--json writes a document of its own to stdout; say where the backup goes.");
        });
        command.OnStore(async (parsed, store, stop) =>
        {
            var path = parsed.GetRequiredValue(target);
            if (path != Standard && Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder)) throw new CommandException(ExitCode.Failed, $"There is no folder {folder}. Nothing has been written.");

            var passphrase = PassphraseOf(parsed);
            await store.Audit.NoteAsync(Workspace.Installation, Member.CommandLine, AuditAction.Exported, "everything, as a backup", stop);
            var file = new BackupFile(store.Store.Main, TimeProvider.System);
            var progress = parsed.Progress();
            if (path == Standard)
            {
                await WriteToStandardOutputAsync(file, passphrase, progress, stop);
                return;
            }

            var kept = Directory.Exists(path)
                ? await file.TakeIntoAsync(path, (int?)parsed.GetValue(keep), passphrase, now => Show(progress, "Backup", now), stop)
                : new KeptBackup(path, await file.TakeAsync(path, passphrase, now => Show(progress, "Backup", now), stop), [], []);
            progress.Clear();
            var unlisted = ErasureList.TryAdd(Path.GetDirectoryName(Path.GetFullPath(kept.Path))!, await store.ErasePerson.ListAsync(stop));
            parsed.Say(
                JsonOf(kept.Path, kept.Content, passphrase is not null), CommandJson.Default.BackupJson,
                [$"Wrote and verified {kept.Path}: {Describe(kept.Content)}.", .. kept.Deleted.Select(old => $"Deleted {old}.")]);
            if (unlisted is not null) await parsed.InvocationConfiguration.Error.WriteLineAsync($"Warning: {unlisted}");
            foreach (var left in kept.NotDeleted) await parsed.InvocationConfiguration.Error.WriteLineAsync($"Warning: {left}");
        });
        return command;
    }

    public static Option<string?> PassphraseFile { get; } = new("--passphrase-file")
    {
        Description = "The passphrase of the backup: the first line of this file; - reads it from stdin (AFTERWORD_Backup__PassphraseFile, AFTERWORD_Backup__Passphrase).", HelpName = "FILE",
    };

    /// <summary>The passphrase that the command line or the settings name; null without one.</summary>
    public static string? PassphraseOf(ParseResult parsed) => parsed.GetValue(PassphraseFile) switch
    {
        null => StoreOptions.SettingsOf(parsed).Backup.ReadPassphrase(),
        Standard => System.Console.In.ReadLine() is { Length: > 0 } line ? line : throw new CommandException(ExitCode.WrongUse, "There is no passphrase on stdin."),
        var file => BackupSettings.PassphraseIn(file),
    };

    /// <summary>Begins to read a backup.</summary>
    /// <exception cref="CommandException">It is not encrypted, though there is a passphrase.</exception>
    public static ReadBackup Open(ParseResult parsed, Stream from)
    {
        var passphrase = PassphraseOf(parsed);
        var backup = ReadBackup.Open(from, () => passphrase);
        if (passphrase is null || backup.IsEncrypted) return backup;

        // Anyone who can write where backups lie can make a readable one, with a store of their choice in it.
        backup.Dispose();
        throw new CommandException(
            ExitCode.Failed, "A passphrase is set, but this backup is not encrypted: it may not be the one that you wrote. To use it anyway, leave the passphrase out (--passphrase-file, Backup:PassphraseFile, Backup:Passphrase).");
    }

    /// <summary>Refuses to read both the backup and its passphrase from stdin.</summary>
    public static void RefuseBothOnStandardInput(Command command, Argument<string> file) => command.Validators.Add(result =>
    {
        if (result.GetValue(file) == Standard && result.GetValue(PassphraseFile) == Standard) result.AddError("The backup and its passphrase cannot both come from stdin.");
    });

    public static void Show(ProgressLine progress, string what, BackupProgress now) =>
        progress.Show(string.Create(CultureInfo.InvariantCulture, $"{what}: {now.Bytes / (1024.0 * 1024):N1} MiB, {now.Rows:N0} rows of {now.Table}"));

    public static string Describe(BackupContent content) => string.Create(
        CultureInfo.InvariantCulture, $"{content.Rows:N0} rows, {content.Bytes / (1024.0 * 1024):N1} MiB, taken at {content.Header.At:yyyy-MM-dd HH:mm:ss} UTC from {content.Header.Engine} with schema {content.Header.Schema}");

    public static BackupJson JsonOf(string? file, BackupContent content, bool encrypted) => new(
        file, encrypted, content.Bytes, content.Rows, content.Header.At.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), content.Header.Engine, content.Header.Schema, content.Header.Program,
        content.Header.Tables.Zip(content.Totals.Rows, (table, rows) => KeyValuePair.Create(table.Name, rows)).ToDictionary());

    /// <summary>Opens a file to read, or stdin.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public static Stream OpenToRead(string path)
    {
        if (path == Standard) return System.Console.OpenStandardInput();
        if (Directory.Exists(path))
        {
            var newest = new DirectoryInfo(path).EnumerateFiles("*.backup").MaxBy(file => file.LastWriteTimeUtc)?.FullName;
            throw new CommandException(ExitCode.Failed, $"{path} is a folder. {(newest is null ? "There is no backup in it." : $"The newest backup in it is {newest}.")}");
        }

        if (!File.Exists(path)) throw new CommandException(ExitCode.Failed, $"There is no file {path}.");

        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1024 * 1024, FileOptions.SequentialScan);
    }

    private static async Task WriteToStandardOutputAsync(BackupFile file, string? passphrase, ProgressLine progress, CancellationToken stop)
    {
        if (!System.Console.IsOutputRedirected) throw new CommandException(ExitCode.WrongUse, "A backup is not for a terminal: redirect stdout to a file or a pipe, or name a file.");

        await using var output = System.Console.OpenStandardOutput();
        await file.SendAsync(output, passphrase, now => Show(progress, "Backup", now), stop);
        progress.Clear();
    }
}

/// <param name="File">Where it is; absent on stdin.</param>
/// <param name="Program">The version that wrote it.</param>
/// <param name="Tables">Rows of each.</param>
/// <param name="Problems">What the doctor found; absent when it was not asked.</param>
internal sealed record BackupJson(
    string? File, bool Encrypted, long Bytes, long Rows, string TakenAt, string Engine, long Schema, string Program, IReadOnlyDictionary<string, long> Tables,
    IReadOnlyList<string>? Problems = null);
