using System.CommandLine;
using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Parsing;
using Afterword.Server.Users;

namespace Afterword.Server.Cli;

/// <summary><c>afterword person …</c>: the people of the console.</summary>
internal static class MemberCommands
{
    public static Command Create() => new("person", "People of the console: who may see figures and answers, and run the place.") { Add(), List(), Remove(), SignOut(), Reset() };

    private static Command Add()
    {
        var email = Email();
        var role = new Option<string>("--role") { Description = "What the person may.", HelpName = "R", Required = true };
        role.AcceptOnlyFromAmong([.. Enum.GetValues<Role>().Select(one => one.Word)]);
        var sender = Sender("The sender; none for operators, who belong to the installation.");
        var name = new Option<string?>("--name") { Description = "What others read; the part of the address before the @ unless given.", HelpName = "N" };
        name.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } given && TextRules.WrongWithName(given) is { } wrong) result.AddError($"--name is \"{given}\"; it must be {wrong}.");
        });
        var command = new Command(
            "add", "Give a person a role, and print the link to choose a password. Example: afterword person add ana@furni.example --role supervisor --sender @furni") { email, role, sender, name };
        command.OnStore(async (parsed, store, stop) =>
        {
            var given = Roles.Read(parsed.GetRequiredValue(role))!.Value;
            var place = await PlaceAsync(store, given, parsed.GetValue(sender), stop);
            var address = Address(parsed.GetRequiredValue(email));
            var isFirstOperator = given == Role.Operator && (await store.Memberships.ListAsync(Workspace.Installation, stop)).Count == 0;
            var outcome = await store.Memberships.AddAsync(Member.CommandLine, address, parsed.GetValue(name), place?.Id ?? Workspace.Installation, given, stop);
            var link = outcome switch
            {
                InviteOutcome.Invited(_, var path) => PrintedLinks.Of(store.Settings, path),
                InviteOutcome.InvitedAgain(_, var path) => PrintedLinks.Of(store.Settings, path),
                _ => null,
            };
            parsed.Say(
                new PersonJson(address.Value, [new(place?.ScreenName, given.Word)], link), CommandJson.Default.PersonJson,
                [
                    $"{address.Value} is {given.Word}{(place is null ? "" : $" of @{place.ScreenName}")}.",
                    .. outcome is InviteOutcome.InvitedAgain ? (string[])[InviteOutcome.InvitedAgain.Why(address.Value)] : [],
                    .. link is null ? (string[])["They have a password already and sign in with it."] : LinesOf(store.Settings, address.Value, $"To choose a password, once and within 7 days: {link}", given.NeedsSecondFactor),
                    .. isFirstOperator ? (string[])["There is an operator now: a link that serve printed to set up the console no longer works."] : [],
                ]);
        });
        return command;
    }

    private static Command List()
    {
        var sender = Sender("Only those of this sender.");
        var command = new Command("list", "List the people with their roles. Example: afterword person list --sender @furni") { sender };
        command.OnStore(async (parsed, store, stop) =>
        {
            var only = parsed.GetValue(sender) is { } handle ? await store.AccountAsync(handle, stop) : null;
            var people = (await store.Memberships.ListAllAsync(stop)).Where(member => only is null || member.Workspaces.Any(workspace => workspace.SenderId == only.Id));
            var listed = people.Select(member => new PersonJson(member.Email, [.. member.Workspaces.Select(workspace => new PersonRoleJson(workspace.Handle is "" ? null : workspace.Handle, workspace.Role.Word))], null)).ToArray();
            parsed.Say(
                new PersonsJson(listed), CommandJson.Default.PersonsJson,
                listed.Select(person => $"{person.Mail}  {string.Join(", ", person.Roles.Select(role => role.Sender is null ? role.Role : $"{role.Role} of @{role.Sender}"))}"));
        });
        return command;
    }

    private static Command Remove()
    {
        var email = Email();
        var sender = Sender("Take away only the role at this sender; everything unless given.");
        var command = new Command("remove", "Take a person's roles away, at once. Example: afterword person remove ana@furni.example --sender @furni") { email, sender };
        command.OnStore(async (parsed, store, stop) =>
        {
            var address = parsed.GetRequiredValue(email);
            var only = parsed.GetValue(sender) is { } handle ? await store.AccountAsync(handle, stop) : null;
            var member = (await store.Memberships.ListAllAsync(stop)).Find(one => one.Email.Equals(address, StringComparison.OrdinalIgnoreCase)) ?? throw Nobody(address);
            var workspaces = member.Workspaces.Where(workspace => only is null || workspace.SenderId == only.Id).ToArray();
            if (workspaces.Length == 0) throw new CommandException(ExitCode.Failed, $"{member.Email} has no role at @{only!.ScreenName}. See: afterword person list");

            foreach (var workspace in workspaces) await store.Memberships.RemoveAsync(Member.CommandLine, workspace.SenderId, member.Id, keepLast: false, stop);
            parsed.Say(
                new PersonRemovedJson(member.Email, only?.ScreenName, Removed: true), CommandJson.Default.PersonRemovedJson,
                $"{member.Email} is removed{(only is null ? "" : $" from @{only.ScreenName}")}.");
        });
        return command;
    }

    private static Command SignOut()
    {
        var email = Email();
        var command = new Command("sign-out", "End a person's sessions; password and second factors stay. Example: afterword person sign-out ana@furni.example") { email };
        command.OnStore(async (parsed, store, stop) =>
        {
            var address = parsed.GetRequiredValue(email);
            var id = await store.Memberships.FindAsync(address, stop) ?? throw Nobody(address);
            var (outcome, ended) = await store.Memberships.SignOutAsync(Member.CommandLine, Workspace.Installation, id, stop);
            if (outcome != ChangeOutcome.Done) throw Nobody(address);

            parsed.Say(
                new PersonSignedOutJson(address, ended), CommandJson.Default.PersonSignedOutJson,
                string.Create(CultureInfo.InvariantCulture, $"{address} is signed out of {ended} {(ended == 1 ? "browser" : "browsers")}."));
        });
        return command;
    }

    private static Command Reset()
    {
        var email = Email();
        var command = new Command("reset", "End a person's password, second factors and sessions, and print a link to choose a new password. Example: afterword person reset ana@furni.example") { email };
        command.OnStore(async (parsed, store, stop) =>
        {
            var address = parsed.GetRequiredValue(email);
            var id = await store.Memberships.FindAsync(address, stop) ?? throw Nobody(address);
            var link = PrintedLinks.Of(store.Settings, (await store.Memberships.ResetAsync(Member.CommandLine, id, stop))!);
            var workspaces = (await store.Memberships.ListAllAsync(stop)).Find(one => one.Id == id)?.Workspaces ?? [];
            parsed.Say(
                new PersonResetJson(address, link), CommandJson.Default.PersonResetJson,
                LinesOf(store.Settings, address, $"To choose a new password, once and within 7 days: {link}", workspaces.Any(workspace => workspace.Role.NeedsSecondFactor)));
        });
        return command;
    }

    private static Argument<string> Email() => new("MAIL") { Description = "The person's mail address." };

    private static Option<string?> Sender(string description)
    {
        var sender = new Option<string?>("--sender") { Description = description, HelpName = "@h", CustomParser = result => UserAccounts.Bare(result.Tokens[0].Value) };
        sender.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } handle && !UserAccounts.Handle.IsMatch(handle)) result.AddError(Inputs.NotAHandle(handle));
        });
        return sender;
    }

    private static async Task<User?> PlaceAsync(OpenedStore store, Role role, string? handle, CancellationToken stop)
    {
        if (role == Role.Operator) return handle is null ? null : throw new CommandException(ExitCode.WrongUse, "An operator belongs to the installation: leave --sender out.");

        return await store.AccountAsync(handle ?? throw new CommandException(ExitCode.WrongUse, $"Whose {role.Word}? Name the sender: --sender @handle"), stop);
    }

    private static EmailAddress Address(string text) => EmailAddress.TryParse(text, out var address) ? address : throw new CommandException(ExitCode.WrongUse, $"\"{text}\" is not a mail address.");

    /// <summary>A link, and what its reader needs to know of it.</summary>
    private static string[] LinesOf(Settings settings, string email, string link, bool needsSecondFactor) =>
    [
        link,
        .. needsSecondFactor && settings.Console.SecondFactorRequired
            ? (string[])[$"Right after the password comes a second factor, within an hour. If they stop before that, they need a new link: afterword person reset {email}"] : [],
        .. PrintedLinks.NoteOf(settings),
    ];

    private static CommandException Nobody(string email) => new(ExitCode.Failed, $"There is nobody with the address {email}. See: afterword person list");
}

/// <param name="Link">Where the person chooses a password; told once, and absent for those who have one.</param>
internal sealed record PersonJson(string Mail, IReadOnlyList<PersonRoleJson> Roles, string? Link);

/// <param name="Sender">The sender's handle; absent for operators.</param>
internal sealed record PersonRoleJson(string? Sender, string Role);

internal sealed record PersonsJson(IReadOnlyList<PersonJson> People);

internal sealed record PersonRemovedJson(string Mail, string? Sender, bool Removed);

/// <param name="Sessions">How many ended.</param>
internal sealed record PersonSignedOutJson(string Mail, int Sessions);

/// <param name="Link">Where the person chooses a new password; told once.</param>
internal sealed record PersonResetJson(string Mail, string Link);
