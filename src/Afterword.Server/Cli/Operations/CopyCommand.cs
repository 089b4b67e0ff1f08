using System.CommandLine;
using System.IO.Pipelines;
using Afterword.Server.Backups;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Postgres;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword copy</c>: a backup and its restore without a file between them. The way from one engine to the other.</summary>
internal static class CopyCommand
{
    // So much may be written and not yet read.
    private const int Ahead = 8 * 1024 * 1024;

    public static Command Create()
    {
        var to = new Option<string>("--to") { Description = "The new store: the URL of a PostgreSQL database, or a folder.", HelpName = "URL|DIR", Required = true };
        var served = new Option<bool>("--while-served") { Description = "Copy although a server runs on the store: what it writes meanwhile is not in the copy." };
        var command = new Command("copy", "Copy the store into another, of either engine. Example: afterword copy --data /var/lib/afterword --to postgres://afterword@db/afterword") { to, RestoreCommand.Replace, served };
        command.SetAction(async (parsed, stop) =>
        {
            var settings = StoreOptions.SettingsOf(parsed);
            var target = Target(settings, parsed.GetRequiredValue(to));
            await using var source = await OpenedStore.OpenAsync(settings, TimeProvider.System, stop, mustExist: true);
            if (!parsed.GetValue(served) && await source.Store.IsServedAsync(settings, TimeProvider.System, stop))
            {
                throw new CommandException(
                    ExitCode.Failed,
                    $"A server or another command is at work on the store {OpenedStore.NameOf(settings)}: what it writes from now on would not be in the copy. Stop it first{(settings.Database is null ? "" : " (after a crash this may take five minutes)")}, or give --while-served to copy all the same. Nothing has been changed.");
            }

            await source.Audit.NoteAsync(Workspace.Installation, Member.CommandLine, AuditAction.Exported, "everything, into another store", stop);
            return await RunAsync(source.Store.Main, backup => RestoreCommand.FillAsync(parsed, target, backup, [], stop), stop);
        });
        return command;
    }

    /// <summary>Runs the writer and the reader of backups at once.</summary>
    private static async Task<T> RunAsync<T>(Database source, Func<ReadBackup, Task<T>> restore, CancellationToken stop)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: Ahead, resumeWriterThreshold: Ahead / 2, useSynchronizationContext: false));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var writing = Task.Run(
            async () =>
            {
                try
                {
                    await new WriteBackup(source, TimeProvider.System).RunAsync(pipe.Writer.AsStream(), key: null, _ => { }, either.Token);
                    await pipe.Writer.CompleteAsync();
                }
                catch (Exception error)
                {
                    // The reader ends with the same reason.
                    await pipe.Writer.CompleteAsync(error);
                    throw;
                }
            },
            stop);
        try
        {
            // Reading waits for the writer on its own thread.
            var done = await Task.Run(
                async () =>
                {
                    using var backup = ReadBackup.Open(pipe.Reader.AsStream(), () => null);
                    return await restore(backup);
                },
                stop);
            await writing;
            return done;
        }
        finally
        {
            await either.CancelAsync();
            await pipe.Reader.CompleteAsync();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static Settings Target(Settings settings, string to)
    {
        if (!to.Contains("://", StringComparison.Ordinal) && !to.Contains('=', StringComparison.Ordinal)) return settings with { Data = to, Database = null };

        try
        {
            PostgresUrl.ConnectionText(to);
            return settings with { Database = to };
        }
        catch (FormatException error)
        {
            // The value may hold a password: it is not repeated.
            throw new CommandException(ExitCode.WrongUse, $"--to is no folder and no PostgreSQL URL: {error.Message}");
        }
    }
}
