using System.CommandLine;
using Afterword.Server.Backups;
using Afterword.Server.Storage;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword backup verify</c>: whether a backup is whole, and whether what it holds is well.</summary>
internal static class VerifyCommand
{
    private const string Prefix = "afterword-verify-";
    private const string Hold = "verifying";

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The backup, or - for stdin." };
        var doctor = new Option<bool>("--doctor") { Description = "Also make a store of it in a temporary folder (TMPDIR), and have the doctor look at that." };
        var command = new Command("verify", "Read a backup to its end and see that nothing of it was changed or is missing. Example: afterword backup verify /backup/afterword.backup") { file, doctor, BackupCommand.PassphraseFile };
        BackupCommand.RefuseBothOnStandardInput(command, file);
        command.SetAction(async (parsed, stop) =>
        {
            var path = parsed.GetRequiredValue(file);
            await using var from = BackupCommand.OpenToRead(path);
            using var backup = BackupCommand.Open(parsed, from);
            var progress = parsed.Progress();
            var (content, problems) = parsed.GetValue(doctor)
                ? await ExamineAsync(parsed, backup, progress, stop)
                : (backup.Run(fill: null, now => BackupCommand.Show(progress, "Verify", now), stop), (IReadOnlyList<string>)[]);
            progress.Clear();
            parsed.Say(
                BackupCommand.JsonOf(path == BackupCommand.Standard ? null : path, content, backup.IsEncrypted) with { Problems = problems }, CommandJson.Default.BackupJson,
                [
                    $"{(path == BackupCommand.Standard ? "The backup" : path)} is whole: {BackupCommand.Describe(content)}.",
                    .. content.Header.MasterKeys.Count == 0 ? (string[])[] : [$"Its key ring is encrypted: restoring it needs the key file with the key {string.Join(", ", content.Header.MasterKeys)}."],
                    .. parsed.GetValue(doctor) ? RestoreCommand.Describe(problems) : [],
                ]);
            return problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    /// <summary>Deletes the stores of those that were killed: they hold what was encrypted.</summary>
    private static void ClearRuins()
    {
        foreach (var ruin in Directory.GetDirectories(Path.GetTempPath(), $"{Prefix}*"))
        {
            try
            {
                using (PrivateFile.Open(Path.Combine(ruin, Hold), FileMode.Open, FileShare.None)) Directory.Delete(ruin, recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It is in use, or someone else's.
            }
        }
    }

    private static async Task<(BackupContent Content, IReadOnlyList<string> Problems)> ExamineAsync(ParseResult parsed, ReadBackup backup, ProgressLine progress, CancellationToken stop)
    {
        ClearRuins();
        var folder = Directory.CreateTempSubdirectory(Prefix);
        try
        {
            // Held until it ends: the next one takes away only what nobody holds.
            await using var hold = PrivateFile.Open(Path.Combine(folder.FullName, Hold), FileMode.CreateNew, FileShare.None);
            var settings = StoreOptions.SettingsOf(parsed) with { Data = folder.FullName, Database = null };
            RestoreCommand.Check(settings, backup.Header);
            BackupContent content;
            await using (var target = await RestoreTarget.OpenAsync(settings, TimeProvider.System, stop))
            {
                (content, _) = await target.RunAsync(backup, now => BackupCommand.Show(progress, "Restore", now), stop);
            }

            await using var store = await Store.OpenAsync(settings, TimeProvider.System, stop);
            return (content, await RestoreCommand.ExamineAsync(store, progress, stop));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
