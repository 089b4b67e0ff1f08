using System.CommandLine;
using Afterword.Server.Users;

namespace Afterword.Server.Cli;

/// <summary><c>afterword user list</c>: the users of the platform, a page at a time.</summary>
internal static class UserList
{
    private const long UsualLimit = 1_000;

    public static Command Create()
    {
        var after = new Option<string?>("--after")
        {
            Description = "Only users after this handle, to go on where a list ended.",
            HelpName = Inputs.HandleName,
            CustomParser = result =>
            {
                var handle = UserAccounts.Bare(result.Tokens[0].Value);
                if (!UserAccounts.Handle.IsMatch(handle)) result.AddError(Inputs.NotAHandle(result.Tokens[0].Value));
                return handle;
            },
        };
        var limit = Inputs.Limit("--limit", "At most this many; 1,000 by default.");
        var command = new Command("list", "List users by their handles. Example: afterword user list --after @maja") { after, limit };
        command.OnStore(async (parsed, store, stop) =>
        {
            var most = Math.Min(parsed.GetValue(limit) ?? UsualLimit, int.MaxValue - 1);

            // One more tells whether there is more.
            var users = await store.UserAccounts.ListAsync(parsed.GetValue(after) ?? "", most + 1, stop);
            var more = users.Count > most;
            if (more) users.RemoveAt(users.Count - 1);
            parsed.Say(
                new UsersJson([.. users.Select(UserCommands.Json)], more ? users[^1].ScreenName : null), CommandJson.Default.UsersJson,
                [
                    .. users.Select(UserCommands.Line),
                    .. users.Count == 0 && parsed.GetValue(after) is null ? (string[])["There is no user yet. Add one with: afterword user add @handle --name NAME"] : [],
                    .. more ? (string[])[$"There are more: afterword user list --after @{users[^1].ScreenName}"] : [],
                ]);
        });
        return command;
    }
}

/// <param name="Next">The handle to go on after; absent at the end.</param>
internal sealed record UsersJson(IReadOnlyList<UserJson> Users, string? Next);
