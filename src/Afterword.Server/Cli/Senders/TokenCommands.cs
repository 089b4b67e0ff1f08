using System.CommandLine;
using System.Globalization;
using Afterword.Server.OAuth;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>afterword token …</c>: access tokens without the browser, for tests and scripts.</summary>
internal static class TokenCommands
{
    public static Command Create() => new("token", "Access tokens without the browser, for tests and scripts.") { Issue(), Revoke() };

    private static Command Issue()
    {
        var key = Inputs.ConsumerKey();
        var handle = Inputs.Handle("The user the token speaks for.");
        var permission = new Option<string>("--permission")
        {
            Description = "What the token may do: read, write, or dm, which is both and direct messages.",
            HelpName = "read|write|dm",
            DefaultValueFactory = _ => "dm",
        };
        permission.AcceptOnlyFromAmong("read", "write", "dm");

        var command = new Command("issue", "Issue an access token. Example: afterword token issue KEY @furni") { key, handle, permission };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var consumerKey = parsed.GetRequiredValue(key);
            var granted = parsed.GetRequiredValue(permission);
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var token = await store.Apps.IssueTokenAsync(consumerKey, user.Id, PermissionOf(granted), stop) ?? throw OpenedStore.NoApp(consumerKey);
            parsed.Say(
                new TokenJson(token.Token, token.TokenSecret, user.Id.ToString(CultureInfo.InvariantCulture), user.ScreenName, granted), CommandJson.Default.TokenJson,
                $"token         {token.Token}", $"token secret  {token.TokenSecret}", $"for           @{user.ScreenName}, {granted}");
        });
        return command;
    }

    private static Command Revoke()
    {
        var token = new Argument<string>("TOKEN") { Description = "The access token, without its secret." };
        var command = new Command("revoke", "End an access token for good; running servers refuse it within five seconds. Example: afterword token revoke TOKEN") { token };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var given = parsed.GetRequiredValue(token);
            if (!await store.Apps.RevokeTokenAsync(given, stop)) throw new CommandException(ExitCode.Failed, $"There is no valid access token {given}: it is misspelled, or was revoked before.");

            parsed.Say(new TokenRevokedJson(given, Revoked: true), CommandJson.Default.TokenRevokedJson, $"{given} is revoked.");
        });
        return command;
    }

    private static Permission PermissionOf(string granted) => granted switch
    {
        "read" => Permission.Read,
        "write" => Permission.Write,
        _ => Permission.DirectMessages,
    };
}
