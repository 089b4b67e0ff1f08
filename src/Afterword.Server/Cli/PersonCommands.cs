using System.CommandLine;
using System.Globalization;
using Afterword.Server.Access.Console;
using Afterword.Server.Channels;
using Afterword.Server.Hosting;
using Afterword.Server.People;
using Afterword.Server.Prompts;

namespace Afterword.Server.Cli;

/// <summary><c>afterword person …</c>: the people of the console.</summary>
internal static class PersonCommands
{
    public static Command Create() => new("person", "People of the console: who may see figures and answers, and run the place.") { Add(), List(), Remove(), SignOut(), Reset() };

    private static Command Add()
    {
        var mail = Mail();
        var role = new Option<string>("--role") { Description = "What the person may.", HelpName = "R", Required = true };
        role.AcceptOnlyFromAmong([.. Enum.GetValues<Role>().Select(one => one.Word)]);
        var sender = Sender("The sender; none for operators, who belong to the installation.");
        var name = new Option<string?>("--name") { Description = "What others read; the part of the address before the @ unless given.", HelpName = "N" };
        name.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } given && TextRules.WrongWithName(given) is { } wrong) result.AddError($"--name is \"{given}\"; it must be {wrong}.");
        });
        var command = new Command(
            "add", "Give a person a role, and print the link to choose a password. Example: afterword person add ana@furni.example --role supervisor --sender @furni") { mail, role, sender, name };
        command.OnStore(async (parsed, store, stop) =>
        {
            var given = Roles.Read(parsed.GetRequiredValue(role))!.Value;
            var place = await PlaceAsync(store, given, parsed.GetValue(sender), stop);
            var address = Address(parsed.GetRequiredValue(mail));
            var isFirstOperator = given == Role.Operator && (await store.Persons.ListAsync(Place.Installation, stop)).Count == 0;
            var outcome = await store.Persons.AddAsync(Person.CommandLine, address, parsed.GetValue(name), place?.Id ?? Place.Installation, given, stop);
            var link = outcome switch
            {
                InviteOutcome.Invited(_, var path) => PrintedLinks.Of(store.Settings, path),
                InviteOutcome.BeganAnew(_, var path) => PrintedLinks.Of(store.Settings, path),
                _ => null,
            };
            parsed.Say(
                new PersonJson(address.Value, [new(place?.ScreenName, given.Word)], link), CommandJson.Default.PersonJson,
                [
                    $"{address.Value} is {given.Word}{(place is null ? "" : $" of @{place.ScreenName}")}.",
                    .. outcome is InviteOutcome.BeganAnew ? (string[])[InviteOutcome.BeganAnew.Why(address.Value)] : [],
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
            var people = (await store.Persons.ListAllAsync(stop)).Where(person => only is null || person.Places.Any(place => place.SenderId == only.Id));
            var listed = people.Select(person => new PersonJson(person.Mail, [.. person.Places.Select(place => new PersonRoleJson(place.Handle is "" ? null : place.Handle, place.Role.Word))], null)).ToArray();
            parsed.Say(
                new PersonsJson(listed), CommandJson.Default.PersonsJson,
                listed.Select(person => $"{person.Mail}  {string.Join(", ", person.Roles.Select(role => role.Sender is null ? role.Role : $"{role.Role} of @{role.Sender}"))}"));
        });
        return command;
    }

    private static Command Remove()
    {
        var mail = Mail();
        var sender = Sender("Take away only the role at this sender; everything unless given.");
        var command = new Command("remove", "Take a person's roles away, at once. Example: afterword person remove ana@furni.example --sender @furni") { mail, sender };
        command.OnStore(async (parsed, store, stop) =>
        {
            var address = parsed.GetRequiredValue(mail);
            var only = parsed.GetValue(sender) is { } handle ? await store.AccountAsync(handle, stop) : null;
            var person = (await store.Persons.ListAllAsync(stop)).Find(one => one.Mail.Equals(address, StringComparison.OrdinalIgnoreCase)) ?? throw Nobody(address);
            var places = person.Places.Where(place => only is null || place.SenderId == only.Id).ToArray();
            if (places.Length == 0) throw new CommandException(ExitCode.Failed, $"{person.Mail} has no role at @{only!.ScreenName}. See: afterword person list");

            foreach (var place in places) await store.Persons.RemoveAsync(Person.CommandLine, place.SenderId, person.Id, keepLast: false, stop);
            parsed.Say(
                new PersonRemovedJson(person.Mail, only?.ScreenName, Removed: true), CommandJson.Default.PersonRemovedJson,
                $"{person.Mail} is removed{(only is null ? "" : $" from @{only.ScreenName}")}.");
        });
        return command;
    }

    private static Command SignOut()
    {
        var mail = Mail();
        var command = new Command("sign-out", "End a person's sessions; password and second factors stay. Example: afterword person sign-out ana@furni.example") { mail };
        command.OnStore(async (parsed, store, stop) =>
        {
            var address = parsed.GetRequiredValue(mail);
            var id = await store.Persons.FindAsync(address, stop) ?? throw Nobody(address);
            var (outcome, ended) = await store.Persons.SignOutAsync(Person.CommandLine, Place.Installation, id, stop);
            if (outcome != ChangeOutcome.Done) throw Nobody(address);

            parsed.Say(
                new PersonSignedOutJson(address, ended), CommandJson.Default.PersonSignedOutJson,
                string.Create(CultureInfo.InvariantCulture, $"{address} is signed out of {ended} {(ended == 1 ? "browser" : "browsers")}."));
        });
        return command;
    }

    private static Command Reset()
    {
        var mail = Mail();
        var command = new Command("reset", "End a person's password, second factors and sessions, and print a link to choose a new password. Example: afterword person reset ana@furni.example") { mail };
        command.OnStore(async (parsed, store, stop) =>
        {
            var address = parsed.GetRequiredValue(mail);
            var id = await store.Persons.FindAsync(address, stop) ?? throw Nobody(address);
            var link = PrintedLinks.Of(store.Settings, (await store.Persons.ResetAsync(Person.CommandLine, id, stop))!);
            var places = (await store.Persons.ListAllAsync(stop)).Find(one => one.Id == id)?.Places ?? [];
            parsed.Say(
                new PersonResetJson(address, link), CommandJson.Default.PersonResetJson,
                LinesOf(store.Settings, address, $"To choose a new password, once and within 7 days: {link}", places.Any(place => place.Role.NeedsSecondFactor)));
        });
        return command;
    }

    private static Argument<string> Mail() => new("MAIL") { Description = "The person's mail address." };

    private static Option<string?> Sender(string description)
    {
        var sender = new Option<string?>("--sender") { Description = description, HelpName = "@h", CustomParser = result => Accounts.Bare(result.Tokens[0].Value) };
        sender.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } handle && !Accounts.Handle.IsMatch(handle)) result.AddError(Inputs.NotAHandle(handle));
        });
        return sender;
    }

    private static async Task<Account?> PlaceAsync(OpenedStore store, Role role, string? handle, CancellationToken stop)
    {
        if (role == Role.Operator) return handle is null ? null : throw new CommandException(ExitCode.WrongUse, "An operator belongs to the installation: leave --sender out.");

        return await store.AccountAsync(handle ?? throw new CommandException(ExitCode.WrongUse, $"Whose {role.Word}? Name the sender: --sender @handle"), stop);
    }

    private static EmailAddress Address(string text) => EmailAddress.TryParse(text, out var address) ? address : throw new CommandException(ExitCode.WrongUse, $"\"{text}\" is not a mail address.");

    /// <summary>A link, and what its reader needs to know of it.</summary>
    private static string[] LinesOf(Settings settings, string mail, string link, bool needsSecondFactor) =>
    [
        link,
        .. needsSecondFactor && settings.Console.SecondFactorRequired
            ? (string[])[$"Right after the password comes a second factor, within an hour. If they stop before that, they need a new link: afterword person reset {mail}"] : [],
        .. PrintedLinks.NoteOf(settings),
    ];

    private static CommandException Nobody(string mail) => new(ExitCode.Failed, $"There is nobody with the address {mail}. See: afterword person list");
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
