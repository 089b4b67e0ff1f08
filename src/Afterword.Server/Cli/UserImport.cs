using System.CommandLine;
using System.Globalization;
using Afterword.Server.Channels;

namespace Afterword.Server.Cli;

/// <summary><c>afterword user import</c>: adds the users of a file, all of them or none.</summary>
internal static class UserImport
{
    private const int BatchSize = 1_000;

    // A password takes a tenth of a second to hash: smaller batches keep the progress line moving.
    private const int BatchWithPasswords = 50;

    public static Command Create()
    {
        var file = new Argument<string>("FILE.csv") { Description = $"CSV in UTF-8 with the header {UserFile.Header}." };
        var command = new Command("import", "Add the users of a file; if a line is wrong, none of them. Example: afterword user import customers.csv") { file };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var progress = parsed.Progress();
            var users = Read(parsed.GetRequiredValue(file));
            if (users.Good.Any(user => user.Account.Reachability.Channel == Channel.Email)) UserCommands.NeedMail(store);
            await CheckAsync(users, store, progress, stop);

            var imported = await AddAsync(users, store, progress, stop);
            parsed.Say(new ImportJson(imported), CommandJson.Default.ImportJson, string.Create(CultureInfo.InvariantCulture, $"Imported {imported:N0} users."));
            if (imported < users.Good.Count)
            {
                throw new CommandException(
                    ExitCode.Failed,
                    string.Create(CultureInfo.InvariantCulture, $"{users.Good.Count - imported:N0} handles were taken by somebody else during the import and left out. Import again to see which."));
            }
        });
        return command;
    }

    private static UserFile Read(string path)
    {
        try
        {
            using var content = new StreamReader(path);
            return UserFile.Read(content);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"{path} cannot be read: {error.Message}");
        }
    }

    /// <exception cref="CommandException">A line is wrong, or its handle is taken; the message names all such lines.</exception>
    private static async Task CheckAsync(UserFile users, OpenedStore store, ProgressLine progress, CancellationToken stop)
    {
        var problems = users.Bad.ToList();
        var done = 0;
        foreach (var batch in users.Good.Chunk(BatchSize))
        {
            var taken = await store.Accounts.TakenAsync([.. batch.Select(user => user.Account.ScreenName)], stop);
            problems.AddRange(batch.Where(user => taken.Contains(user.Account.ScreenName)).Select(user => (user.Line, $"there is a user @{user.Account.ScreenName} already")));
            progress.Show(string.Create(CultureInfo.InvariantCulture, $"Checked {done += batch.Length:N0} of {users.Good.Count:N0}"));
        }

        progress.Clear();
        if (problems.Count == 0) return;

        var lines = problems.OrderBy(problem => problem.Line).Select(problem => string.Create(CultureInfo.InvariantCulture, $"line {problem.Line}: {problem.Problem}"));
        throw new CommandException(ExitCode.Failed, string.Join('\n', [.. lines, "Nothing was imported."]));
    }

    private static async Task<int> AddAsync(UserFile users, OpenedStore store, ProgressLine progress, CancellationToken stop)
    {
        var imported = 0;
        var size = users.Good.Any(user => user.Account.Password is not null) ? BatchWithPasswords : BatchSize;
        foreach (var batch in users.Good.Chunk(size))
        {
            imported += await store.Accounts.AddAsync([.. batch.Select(user => user.Account)], stop);
            progress.Show(string.Create(CultureInfo.InvariantCulture, $"Imported {imported:N0} of {users.Good.Count:N0}"));
        }

        progress.Clear();
        return imported;
    }
}
