using System.CommandLine;
using System.Globalization;
using System.Text;
using Afterword.Server.Channels;
using Afterword.Server.Connectors;
using Afterword.Server.Users;

namespace Afterword.Server.Cli;

/// <summary><c>afterword user import</c>: adds the users of a file, all of them or none.</summary>
internal static class UserImport
{
    private const int BatchSize = 1_000;

    // A password takes a tenth of a second to hash: smaller batches keep the progress line moving.
    private const int BatchWithPasswords = 50;

    public static Command Create()
    {
        var file = new Argument<string>("FILE.csv") { Description = $"CSV with the header {UserFile.Header}." };
        var update = new Option<bool>("--update") { Description = "Change users who are there already to what the file says, but for their passwords; an empty cell changes nothing. Each line needs a name, a mail address where its channel is email, and an X user id where it is x." };
        var encoding = new Option<string?>("--encoding") { Description = "The file's encoding, such as windows-1252; without it UTF-8, or UTF-16 that says so.", HelpName = "NAME" };
        encoding.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } name && CsvText.Named(name) is null) result.AddError($"--encoding {name} is not known. There are, among others, windows-1252, iso-8859-15 and utf-16.");
        });
        var sender = new Option<string?>("--sender") { Description = "Whose own numbers stand in the column ref: its helpdesk names customers by them.", HelpName = Inputs.HandleName };
        var command = new Command("import", "Add the users of a file; if a line is wrong, none of them. Example: afterword user import customers.csv") { file, update, encoding, sender };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var progress = parsed.Progress();
            var users = Read(parsed.GetRequiredValue(file), parsed.GetValue(encoding) is { } name ? CsvText.Named(name) : null);
            if (users.Good.Any(user => user.Account.ChannelAvailability.Channel == Channel.Email)) UserCommands.NeedEmail(store);
            var whose = await SenderAsync(users, parsed.GetValue(sender), store, stop);
            var known = await CheckAsync(users, parsed.GetValue(update), store, progress, stop);

            var fresh = users.Good.Where(user => !known.Contains(user.Account.ScreenName)).ToArray();
            var updated = await UpdateAsync([.. users.Good.Where(user => known.Contains(user.Account.ScreenName))], store, progress, stop);
            var imported = await AddAsync(fresh, store, progress, stop);
            await NameAsync(users, whose, store, progress, stop);
            parsed.Say(
                new ImportJson(imported, updated), CommandJson.Default.ImportJson,
                string.Create(CultureInfo.InvariantCulture, $"Imported {imported:N0} users{(parsed.GetValue(update) ? $", updated {updated:N0}" : "")}."));
            if (imported < fresh.Length)
            {
                throw new CommandException(
                    ExitCode.Failed,
                    string.Create(CultureInfo.InvariantCulture, $"{fresh.Length - imported:N0} handles were taken by somebody else during the import and left out. Import again to see which."));
            }
        });
        return command;
    }

    private static UserFile Read(string path, Encoding? encoding)
    {
        try
        {
            return UserFile.Read(File.ReadAllBytes(path), encoding);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"{path} cannot be read: {error.Message}");
        }
    }

    /// <summary>Gives the handles that are there already, if those may be.</summary>
    /// <exception cref="CommandException">A line is wrong, or its handle is taken; the message names all such lines.</exception>
    private static async Task<HashSet<string>> CheckAsync(UserFile users, bool update, OpenedStore store, ProgressLine progress, CancellationToken stop)
    {
        var problems = users.Bad.ToList();
        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var done = 0;
        foreach (var batch in users.Good.Chunk(BatchSize))
        {
            var taken = await store.UserAccounts.TakenAsync([.. batch.Select(user => user.Account.ScreenName)], stop);
            if (update) known.UnionWith(taken);
            else
            {
                problems.AddRange(batch.Where(user => taken.Contains(user.Account.ScreenName))
                    .Select(user => (user.Line, $"there is a user @{user.Account.ScreenName} already; with --update it would be changed")));
            }

            progress.Show(string.Create(CultureInfo.InvariantCulture, $"Checked {done += batch.Length:N0} of {users.Good.Count:N0}"));
        }

        progress.Clear();
        if (problems.Count == 0) return known;

        var lines = problems.OrderBy(problem => problem.Line).Select(problem => string.Create(CultureInfo.InvariantCulture, $"line {problem.Line}: {problem.Problem}"));
        throw new CommandException(ExitCode.Failed, string.Join('\n', [.. lines, "Nothing was imported."]));
    }

    private static async Task<int> AddAsync(UserLine[] users, OpenedStore store, ProgressLine progress, CancellationToken stop)
    {
        var imported = 0;
        var size = users.Any(user => user.Account.Password is not null) ? BatchWithPasswords : BatchSize;
        foreach (var batch in users.Chunk(size))
        {
            imported += await store.UserAccounts.AddAsync([.. batch.Select(user => user.Account)], stop);
            progress.Show(string.Create(CultureInfo.InvariantCulture, $"Imported {imported:N0} of {users.Length:N0}"));
        }

        progress.Clear();
        return imported;
    }

    /// <summary>Whose numbers the column ref holds; null when it holds none.</summary>
    /// <exception cref="CommandException">It holds some, and nobody said whose.</exception>
    private static async Task<User?> SenderAsync(UserFile users, string? handle, OpenedStore store, CancellationToken stop)
    {
        if (handle is not null) return await store.AccountAsync(UserAccounts.Bare(handle), stop);
        if (users.Good.Any(user => user.Ref is not null)) throw new CommandException(ExitCode.WrongUse, "The file has a column ref. Say whose numbers they are: --sender @handle");

        return null;
    }

    private static async Task NameAsync(UserFile users, User? sender, OpenedStore store, ProgressLine progress, CancellationToken stop)
    {
        if (sender is null) return;

        var named = users.Good.Where(user => user.Ref is not null).Select(user => (user.Account.ScreenName, user.Ref!)).ToArray();
        var (change, done) = (new ChangeConnectors(store.Store, store.Settings, store.Audit, TimeProvider.System), 0);
        foreach (var batch in named.Chunk(BatchSize))
        {
            done += await change.NameCustomersAsync(sender.Id, batch, stop);
            progress.Show(string.Create(CultureInfo.InvariantCulture, $"Named {done:N0} of {named.Length:N0}"));
        }

        progress.Clear();
    }

    private static async Task<int> UpdateAsync(UserLine[] users, OpenedStore store, ProgressLine progress, CancellationToken stop)
    {
        var updated = 0;
        foreach (var batch in users.Chunk(BatchSize))
        {
            updated += await store.UserAccounts.UpdateAsync([.. batch.Select(user => new ChangedUser(user.Account, user.SaysReach, user.SaysChannel))], stop);
            progress.Show(string.Create(CultureInfo.InvariantCulture, $"Updated {updated:N0} of {users.Length:N0}"));
        }

        progress.Clear();
        return updated;
    }
}
