using System.CommandLine;
using System.Globalization;
using Afterword.Server.Console.Members;
using Afterword.Server.Privacy;

namespace Afterword.Server.Cli;

/// <summary><c>afterword erase @h</c>: forgets a person everywhere, and keeps the statistic.</summary>
internal static class EraseCommand
{
    public static Command Create()
    {
        var person = NamedPerson.Argument();
        var yes = new Option<bool>("--yes") { Description = "Do it. Without, the command says what there is, and asks at a terminal." };
        var command = new Command("erase", "Erase a person for good: account, messages and comments. Scores stay as a statistic. Example: afterword erase @maja") { person, yes };
        command.OnStore(async (parsed, store, stop) =>
        {
            var named = parsed.GetRequiredValue(person);
            if (await NamedPerson.FindAsync(store, named, stop) is not { } user)
            {
                var earlier = await NamedPerson.EarlierAsync(store, named, stop) ?? throw NamedPerson.Unknown(named);
                Say(parsed, Of(earlier, null), NamedPerson.Told(named, earlier));
                return;
            }

            var screenName = user.ScreenName;
            var (refusal, counts) = await store.ErasePerson.LookAsync(user.Id, knownTo: null, stop);
            if (refusal is not null) throw Refused(screenName, refusal);
            if (!parsed.GetValue(yes) && !Agrees(parsed, screenName, counts))
            {
                Say(parsed, new(user.Id.ToString(CultureInfo.InvariantCulture), null, null, counts), [.. Explain(screenName, counts), "Nothing has been changed. Give --yes to do it."]);
                return;
            }

            var outcome = await store.ErasePerson.RunAsync(user.Id, knownTo: null, Member.CommandLine, stop);
            if (outcome is not ErasureOutcome.Erased erased) throw Refused(screenName, outcome);

            Say(parsed, Of(erased.Erasure, erased.Counts), [$"Erased @{screenName}: {erased.Counts}.", $"Receipt: {erased.Erasure.Receipt}", .. Warnings(erased), Backups(store.Settings.Backup.Directory)]);
        });
        return command;
    }

    public static ErasedJson Of(Erasure erasure, ErasedCounts? counts) => new(erasure.UserId.ToString(CultureInfo.InvariantCulture), erasure.Receipt, NamedPerson.Time(erasure), counts);

    private static IEnumerable<string> Explain(string screenName, ErasedCounts counts) =>
    [
        $"@{screenName} is in {counts}.",
        "The account, its messages, comments, references of conversations, sessions and tokens will be gone for good. Scores, times, agents and tags stay under a pseudonym that leads back to nobody.",
    ];

    private static IEnumerable<string> Warnings(ErasureOutcome.Erased erased) =>
    [
        .. erased.LogIsEmpty ? (string[])[] : ["Something is reading an older state of the store, such as a backup: until then, the log of the file still holds what was erased. The server empties it by itself."],
        .. erased.ListProblem is { } problem ? (string[])[$"Warning: {problem}"] : [],
    ];

    // Whoever erases someone has to know where they still are.
    private static string Backups(string? folder) => folder is not null && Directory.Exists(folder)
        ? $"Backups taken before still hold the person. {ErasureList.In(folder)} lists who was erased, and restore erases them again. Keep it beside every copy of a backup."
        : $"Backups taken before still hold the person. Take one more into the same folder: it writes {ErasureList.Name} beside them, by which restore erases the person again. Keep that file with every copy.";

    private static bool Agrees(ParseResult parsed, string screenName, ErasedCounts counts)
    {
        if (System.Console.IsInputRedirected || parsed.WantsJson) return false;

        foreach (var line in Explain(screenName, counts)) parsed.InvocationConfiguration.Error.WriteLine(line);
        parsed.InvocationConfiguration.Error.Write($"This cannot be undone. To erase @{screenName}, type the handle: ");
        return System.Console.In.ReadLine()?.Trim().TrimStart('@').Equals(screenName, StringComparison.OrdinalIgnoreCase) == true;
    }

    private static CommandException Refused(string screenName, ErasureOutcome outcome) => new(
        ExitCode.Failed,
        outcome is ErasureOutcome.AsksOthers
            ? $"@{screenName} asks customers for feedback, or did: what is stored under it belongs to them and to the business. Stop it with: afterword deny sender @{screenName}, and afterword user suspend @{screenName}. Erase its customers one by one."
            : $"There is no user @{screenName} any more.");

    private static void Say(ParseResult parsed, ErasedJson json, params IEnumerable<string> lines) => parsed.Say(json, CommandJson.Default.ErasedJson, lines);
}
