using System.CommandLine;
using System.Globalization;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>afterword exempt …</c>: recipients who may be asked at any time.</summary>
internal static class ExemptCommands
{
    public static Command Create()
    {
        var handle = Inputs.Handle("The recipient's handle.");
        var remove = new Option<bool>("--remove") { Description = "Take the recipient off the list." };
        var command = new Command("exempt", "Let a recipient be asked any number of times a day, for tests. Example: afterword exempt @maja") { handle, remove, List() };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var given = parsed.GetRequiredValue(handle);
            if (parsed.GetValue(remove))
            {
                await RemoveAsync(parsed, store, given, stop);
                return;
            }

            var user = await store.AccountAsync(given, stop);
            await store.Allowlist.ExemptAsync(user.Id, stop);
            parsed.Say(
                new ExemptJson(user.Id.ToString(CultureInfo.InvariantCulture), user.ScreenName, Exempt: true), CommandJson.Default.ExemptJson,
                $"@{user.ScreenName} may be asked at any time.");
        });
        return command;
    }

    public static async Task RemoveAsync(ParseResult parsed, OpenedStore store, string handle, CancellationToken stop)
    {
        var user = await store.AccountAsync(handle, stop);
        if (!await store.Allowlist.EndExemptionAsync(user.Id, stop))
        {
            throw new CommandException(ExitCode.Failed, $"@{user.ScreenName} was not exempt. See: afterword exempt list");
        }

        parsed.Say(
            new ExemptJson(user.Id.ToString(CultureInfo.InvariantCulture), user.ScreenName, Exempt: false), CommandJson.Default.ExemptJson,
            $"@{user.ScreenName} is no longer exempt.");
    }

    private static Command List()
    {
        var command = new Command("list", "List exempt recipients. Example: afterword exempt list");
        command.OnStore(async (parsed, store, stop) =>
        {
            var exempt = await store.Allowlist.ExemptAsync(stop);
            parsed.Say(new ExemptListJson(exempt), CommandJson.Default.ExemptListJson, exempt.Select(handle => $"@{handle}"));
        });
        return command;
    }
}
