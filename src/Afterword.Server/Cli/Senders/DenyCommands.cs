using System.CommandLine;
using System.Globalization;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>afterword deny …</c>: takes off the allowlists.</summary>
internal static class DenyCommands
{
    public static Command Create() => new("deny", "Take an app, a sender, an exempt recipient, a webhook, a channel or a page off its list.")
    {
        App(), Sender(), Exempt(), WebhookCommands.Deny(), SenderChannelCommands.Deny(), EmbedCommands.Deny(),
    };

    private static Command App()
    {
        var key = Inputs.ConsumerKey();
        var command = new Command("app", "No longer let an app use the feedback API. Example: afterword deny app KEY") { key };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var consumerKey = parsed.GetRequiredValue(key);
            if (!await store.Apps.AllowAsync(consumerKey, false, stop)) throw OpenedStore.NoApp(consumerKey);

            var app = await store.AppAsync(consumerKey, stop);
            parsed.Say(AppCommands.ToJson(app), CommandJson.Default.AppJson, AppCommands.Line(app));
        });
        return command;
    }

    private static Command Sender()
    {
        var handle = Inputs.Handle();
        var command = new Command("sender", "No longer let a user ask for feedback. Example: afterword deny sender @furni") { handle };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            if (!await store.Allowlist.DenySenderAsync(user.Id, stop))
            {
                throw new CommandException(ExitCode.Failed, $"@{user.ScreenName} was not on the list of senders. See: afterword allow list");
            }

            parsed.Say(
                new SenderDeniedJson(user.Id.ToString(CultureInfo.InvariantCulture), user.ScreenName, Allowed: false), CommandJson.Default.SenderDeniedJson,
                $"@{user.ScreenName} may no longer ask for feedback.");
        });
        return command;
    }

    private static Command Exempt()
    {
        var handle = Inputs.Handle();
        var command = new Command("exempt", "As exempt --remove. Example: afterword deny exempt @maja") { handle };
        command.OnStoreChange((parsed, store, stop) => ExemptCommands.RemoveAsync(parsed, store, parsed.GetRequiredValue(handle), stop));
        return command;
    }
}
