using System.CommandLine;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Privacy;

namespace Afterword.Server.Cli;

/// <summary><c>afterword person-data @h -o FILE.zip</c>: everything that is held about one person.</summary>
internal static class PersonDataCommand
{
    public static Command Create()
    {
        var person = NamedPerson.Argument();
        var output = new Option<string>("--output", "-o") { Description = "The new file.", HelpName = "FILE.zip", Required = true };
        var force = new Option<bool>("--force") { Description = "Overwrite a file of that name." };
        var command = new Command("person-data", "Write everything that is held about one person to a ZIP file, for a request under data-protection law. Example: afterword person-data @maja -o maja.zip") { person, output, force };
        command.OnStore(async (parsed, store, stop) =>
        {
            var named = parsed.GetRequiredValue(person);
            if (await NamedPerson.FindAsync(store, named, stop) is not { } user)
            {
                throw await NamedPerson.EarlierAsync(store, named, stop) is { } earlier
                    ? new CommandException(ExitCode.Failed, $"{NamedPerson.Told(named, earlier)}. Nothing is held about them any more.")
                    : NamedPerson.Unknown(named);
            }

            var path = parsed.GetRequiredValue(output);
            if (Path.Exists(path) && !parsed.GetValue(force)) throw new CommandException(ExitCode.Failed, $"{path} is there already. Nothing has been written. Give --force to overwrite it.");

            // The log of the person's own account is erased with them.
            await store.Audit.NoteAsync(user.Id, Member.CommandLine, AuditAction.Exported, "everything about this person", stop);
            await using var file = PersonDataFile.Open(path);
            var rows = await new PersonData(store.Store, TimeProvider.System).WriteAsync(file.Stream, user.Id, stop);
            file.Complete();
            var asksOthers = await store.Store.Main.ReadAsync(session => FoundPerson.AsksOthersAsync(session, user.Id, stop), stop);
            parsed.Say(
                new PersonDataJson(path, rows), CommandJson.Default.PersonDataJson,
                [
                    FormattableString.Invariant($"Wrote {path}: {rows:N0} records about @{user.ScreenName}. Only you can read the file. It holds what they wrote, and what others wrote to them: look at it before you pass it on."),
                    .. asksOthers ? (string[])[$"@{user.ScreenName} asks customers for feedback, or did: the file holds its customers' messages and answers, too."] : [],
                ]);
        });
        return command;
    }
}

/// <param name="File">Where it is.</param>
/// <param name="Records">How many there are.</param>
internal sealed record PersonDataJson(string File, long Records);
