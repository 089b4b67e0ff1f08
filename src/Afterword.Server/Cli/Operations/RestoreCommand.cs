using System.CommandLine;
using System.Globalization;
using Afterword.Server.Admin.Health;
using Afterword.Server.Backups;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;
using Microsoft.Data.Sqlite;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword restore</c>: makes a store of a backup, on either engine.</summary>
internal static class RestoreCommand
{
    public static Option<bool> Replace { get; } = new("--replace")
    {
        Description = "Put it in the place of a store that is in use; what was there is kept under another name.",
    };

    private static Option<string?> ErasedList { get; } = new("--erased")
    {
        Description = $"The list of people who were erased, if it does not lie beside the backup as {ErasureList.Name}.", HelpName = "FILE",
    };

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The backup, or - for stdin." };
        var command = new Command("restore", "Make a store of a backup, while no server runs on it. Example: afterword restore /backup/afterword.backup --data /var/lib/afterword") { file, Replace, ErasedList, BackupCommand.PassphraseFile };
        BackupCommand.RefuseBothOnStandardInput(command, file);
        command.SetAction(async (parsed, stop) =>
        {
            await using var from = BackupCommand.OpenToRead(parsed.GetRequiredValue(file));
            var erased = ErasedSince(parsed.GetRequiredValue(file), parsed.GetValue(ErasedList));
            using var backup = BackupCommand.Open(parsed, from);
            return await FillAsync(parsed, StoreOptions.SettingsOf(parsed), backup, erased, stop);
        });
        return command;
    }

    /// <summary>Fills a store, has the doctor look at it, and says what is different now.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="settings">Names the store.</param>
    /// <param name="backup">What goes into it.</param>
    /// <param name="erased">Who was erased since, by a list; null when there is none.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="CommandException">It cannot be done, and nothing has changed.</exception>
    public static async Task<int> FillAsync(ParseResult parsed, Settings settings, ReadBackup backup, IReadOnlyList<Erasure>? erased, CancellationToken stop)
    {
        settings = DoctorCommand.Patient(settings);
        Check(settings, backup.Header);
        var progress = parsed.Progress();
        BackupContent content;
        string? keptAs;
        bool erasedAreKnown;
        await using (var target = await OpenedStore.ExplainAsync(settings, () => OpenTargetAsync(settings, stop)))
        {
            if (!parsed.GetValue(Replace) && await target.HasRowsAsync(stop))
            {
                throw new CommandException(
                    ExitCode.Failed, $"There is a store {OpenedStore.NameOf(settings)} that is in use. This would put a backup of {backup.Header.At:yyyy-MM-dd HH:mm:ss} UTC in its place and keep it under another name.\nNothing has been changed. Give --replace to do it.");
            }

            target.Erased = erased ?? [];
            try
            {
                (content, keptAs) = await target.RunAsync(backup, now => BackupCommand.Show(progress, "Restore", now), stop);
            }
            catch (SqliteException error) when (ProblemCauses.Of(error) == ProblemCause.DiskFull)
            {
                throw new CommandException(ExitCode.Failed, $"The disk of {Path.GetFullPath(settings.Data)} is full: make room on it, or restore into another folder with --data. Nothing was restored, and what was there is as before.");
            }

            erasedAreKnown = !target.ErasedIsUnknown && (erased is not null || keptAs is not null);
        }

        progress.Clear();
        return await SayAsync(parsed, settings, content, keptAs, erasedAreKnown, stop);
    }

    /// <summary>Sees that this program can do something with a backup.</summary>
    /// <exception cref="CommandException">It is of a newer version, or needs another key file.</exception>
    public static void Check(Settings settings, BackupHeader header)
    {
        var known = Migrator.Of("main");
        if (header.Schema > known[^1].Number) throw new CommandException(ExitCode.Failed, $"The backup has schema {header.Schema}, this program knows {known[^1].Number}: it was written by a newer version, {header.Program}. Restore it with that.");

        CheckKeyFile(settings, header);
    }

    /// <summary>Gives what the doctor finds.</summary>
    public static async Task<IReadOnlyList<string>> ExamineAsync(Store store, ProgressLine progress, CancellationToken stop)
    {
        var problems = new List<string>();
        await foreach (var finding in new Doctor(store, TimeProvider.System).ExamineAsync(check => progress.Show($"Checking {check}"), stop))
        {
            problems.AddRange(finding.Problems.Select(problem => $"{finding.Check}: {problem}"));
        }

        progress.Clear();
        return problems;
    }

    private static async Task<RestoreTarget> OpenTargetAsync(Settings settings, CancellationToken stop)
    {
        try
        {
            return await RestoreTarget.OpenAsync(settings, TimeProvider.System, stop);
        }
        catch (StoreInUseException)
        {
            throw new CommandException(ExitCode.Failed, $"A server runs on the store {OpenedStore.NameOf(settings)}. Stop it first, or restore into another folder with --data. Nothing has been changed.");
        }
    }

    // A copy goes to another place than the one that the command works on otherwise.
    private static string NextOf(Settings settings) => $"afterword resume {(settings.Database is null ? $"--data '{settings.Data}'" : $"--database URL, that of {OpenedStore.NameOf(settings)}")}";

    public static IEnumerable<string> Describe(IReadOnlyList<string> problems) =>
        problems.Count == 0 ? ["The doctor found nothing wrong."] : ["The doctor found in it:", .. problems.Select(problem => $"  {problem}")];

    /// <returns>Null when there is no list.</returns>
    private static IReadOnlyList<Erasure>? ErasedSince(string backup, string? list)
    {
        if (list is not null) return File.Exists(list) ? ErasureList.Read(list) : throw new CommandException(ExitCode.Failed, $"There is no file {list}.");

        return backup != BackupCommand.Standard && File.Exists(ErasureList.Beside(backup)) ? ErasureList.Read(ErasureList.Beside(backup)) : null;
    }

    // Found out later, it would be a store that nobody can open.
    private static void CheckKeyFile(Settings settings, BackupHeader header)
    {
        if (header.MasterKeys.Count == 0) return;

        var keys = settings.KeyFile is { } path ? MasterKeys.Read(path) : null;
        if (header.MasterKeys.FirstOrDefault(id => keys?.Find(id) is null) is not { } missing) return;

        throw new CommandException(
            ExitCode.Failed,
            keys is null
                ? $"The key ring of the backup is encrypted with the key {missing} of a key file. Name the file: Secrets:KeyFile (AFTERWORD_Secrets__KeyFile)."
                : $"The key ring of the backup is encrypted with the key {missing}, and the key file {keys.Path} holds {string.Join(", ", keys.Ids)}. Name or restore the right file.");
    }

    private static async Task<int> SayAsync(ParseResult parsed, Settings settings, BackupContent content, string? keptAs, bool erasedAreKnown, CancellationToken stop)
    {
        await using var store = await OpenedStore.OpenAsync(settings, TimeProvider.System, stop);
        await store.Audit.NoteAsync(Workspace.Installation, Member.CommandLine, AuditAction.Changed, $"restored everything from a backup of {content.Header.At:yyyy-MM-dd HH:mm:ss} UTC", stop);
        var again = await store.ErasePerson.RunUnsettledAsync(stop, atOnce: true);
        var waiting = await Waiting.CountAsync(store.Store.Main, stop);
        if (!parsed.WantsJson) foreach (var line in Lines(settings, content, keptAs, erasedAreKnown, waiting, again)) parsed.InvocationConfiguration.Output.WriteLine(line);

        var problems = await ExamineAsync(store.Store, parsed.Progress(), stop);
        parsed.Say(
            new RestoredJson(content.Rows, content.Header.At.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), keptAs, waiting.Deliveries, waiting.Requests, waiting.Alerts, waiting.Conversations, problems),
            CommandJson.Default.RestoredJson,
            Describe(problems));
        return problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static IEnumerable<string> Lines(Settings settings, BackupContent content, string? keptAs, bool erasedAreKnown, Waiting waiting, int erasedAgain)
    {
        yield return $"Restored {BackupCommand.Describe(content)}, {OpenedStore.NameOf(settings)}.";
        if (keptAs is not null) yield return $"What was there before is kept: {(settings.Database is null ? keptAs : $"schema {keptAs}")}.";
        if (keptAs is not null && settings.Database is null)
        {
            var db = Store.MainFile(settings.Data);
            yield return $"To go back: stop the server, move {db}, {db}-wal and {db}-shm away together, and only then rename {Path.GetFileName(keptAs)} to {Path.GetFileName(db)}. A log of the other store that is left beside it would spoil it.";
        }

        if (erasedAgain > 0) yield return FormattableString.Invariant($"Erased since the backup: {erasedAgain:N0}. Whom of them the backup held is erased again.");
        if (!erasedAreKnown) yield return $"Who was erased since the backup may not be known: there is no list ({ErasureList.Name} beside it, or --erased FILE), or the store that was there could not be asked. If somebody was, erase them again.";
        yield return "Everyone has to sign in again. Check invitations, links for new passwords, and tokens, keys and passwords that were revoked or changed since the backup.";
        yield return $"Webhooks, channels, alerts and automatic requests are paused, so that nothing is sent twice: {waiting} waited. Next, when this store is the one to be served: {NextOf(settings)}";
    }
}

/// <param name="Rows">How many there are.</param>
/// <param name="TakenAt">The moment of the backup.</param>
/// <param name="KeptAs">Where what was there before is; absent when there was nothing.</param>
/// <param name="Problems">What the doctor found.</param>
internal sealed record RestoredJson(long Rows, string TakenAt, string? KeptAs, long WaitingDeliveries, long WaitingRequests, long WaitingAlerts, long WaitingConversations, IReadOnlyList<string> Problems);
