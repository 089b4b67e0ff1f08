using System.CommandLine;
using System.Globalization;
using System.Text;
using Afterword.Server.Channels;
using Afterword.Server.Languages;
using Afterword.Server.SignIn;
using Afterword.Server.Users;

namespace Afterword.Server.Cli;

/// <summary><c>afterword user …</c>: the users of the platform.</summary>
internal static class UserCommands
{
    public static Command Create() => new("user", "Users: those who ask and those who are asked.")
    {
        Add(), UserImport.Create(), ReachBy(), Password(), Suspend("suspend", true), Suspend("resume", false), Show(), UserList.Create(),
    };

    private static Command Add()
    {
        var handle = Inputs.Handle("The new handle, such as @furni.");
        var name = new Option<string>("--name") { Description = "The profile name, which customers read.", HelpName = "N", Required = true };
        name.Validators.Add(result => Inputs.CheckName(result, "--name", result.GetValueOrDefault<string>() ?? ""));
        var password = new Option<string?>("--password")
        {
            Description = "For signing in; - reads it from stdin. Without one, the user works by issued tokens alone.", HelpName = "P",
        };
        password.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { Length: 0 }) result.AddError("--password is empty.");
        });
        var dms = new Option<string>("--dms")
        {
            Description = "Who may write to the user: anyone, or accounts that the user follows.", HelpName = "anyone|following", DefaultValueFactory = _ => MessagingPermission.Anyone,
        };
        dms.AcceptOnlyFromAmong(MessagingPermission.Anyone, MessagingPermission.Following);

        var language = new Option<string?>("--language")
        {
            Description = "What the user reads, as a tag: questions and pages come in it. Without one, the browser decides.", HelpName = "TAG",
        };
        language.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } tag && !Language.IsTag(tag)) result.AddError(Inputs.NotALanguage(tag));
        });

        var channel = new Option<string?>("--channel") { Description = "How requests reach the user besides Messages.", HelpName = string.Join('|', ChannelNames.All) };
        var (email, x) = (Email(), XUserId());
        var command = new Command("add", "Add a user. Example: afterword user add @furni --name Furni") { handle, name, password, dms, language, channel, email, x };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var screenName = parsed.GetRequiredValue(handle);
            var secret = parsed.GetValue(password) is "-" ? ReadPassword() : parsed.GetValue(password);
            var by = ReadReachability(store, parsed.GetValue(channel), parsed.GetValue(email), parsed.GetValue(x));
            if (secret is not null && PasswordRules.WrongWith(secret, screenName, parsed.GetRequiredValue(name), by.Email?.Value, store.Settings.Platform) is { } wrong)
            {
                throw new CommandException(ExitCode.WrongUse, wrong);
            }

            var user = await store.UserAccounts.AddAsync(
                new NewUser(screenName, parsed.GetRequiredValue(name), secret, parsed.GetRequiredValue(dms)) { Language = parsed.GetValue(language), ChannelAvailability = by }, stop)
                ?? throw new CommandException(ExitCode.Failed, $"There is a user @{screenName} already. See: afterword user show @{screenName}");
            Say(parsed, user);
        });
        return command;
    }

    private static Command ReachBy()
    {
        var handle = Inputs.Handle();
        var channel = new Argument<string>("CHANNEL") { Description = $"One of {string.Join(", ", ChannelNames.All)}." };
        var (email, x) = (Email(), XUserId());
        var command = new Command("channel", "Say how requests reach a user from now on, besides Messages. Example: afterword user channel @ada email --mail ada@example.com") { handle, channel, email, x };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var id = parsed.GetValue(x) ?? user.XUserId?.ToString(CultureInfo.InvariantCulture);
            await store.UserAccounts.ReachByAsync(user.ScreenName, ReadReachability(store, parsed.GetRequiredValue(channel), parsed.GetValue(email) ?? user.Email, id), stop);
            Say(parsed, await store.AccountAsync(user.ScreenName, stop));
        });
        return command;
    }

    private static Command Password()
    {
        var handle = Inputs.Handle();
        var alone = new Option<bool>("--without-app") { Description = "Whoever uses the link also loses the app for codes and the recovery codes, for a user who has lost them." };
        var command = new Command("password", "Print a link with which a user chooses a new password, once and within 24 hours. Example: afterword user password @maja") { handle, alone };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var link = PrintedLinks.Of(store.Settings, await store.UserPasswords.IssueLinkAsync(user.Id, parsed.GetValue(alone), stop));
            parsed.Say(
                new UserPasswordJson(user.ScreenName, link), CommandJson.Default.UserPasswordJson,
                [
                    $"To choose a new password, once and within 24 hours: {link}",
                    parsed.GetValue(alone) ? "The old password and the app for codes work until then. Give the link to nobody else." : "The old password works until then. Give the link to nobody else.",
                    .. PrintedLinks.NoteOf(store.Settings),
                ]);
        });
        return command;
    }

    private static Option<string?> Email() => new("--mail") { Description = "The user's mail address.", HelpName = "ADDRESS" };

    private static Option<string?> XUserId() => new("--x-user-id") { Description = "Which user of X it is: the id, not the name behind the @.", HelpName = "ID" };

    /// <exception cref="CommandException">What was given is wrong, or there is no mail server.</exception>
    private static ChannelAvailability ReadReachability(OpenedStore store, string? channel, string? email, string? xUserId)
    {
        var (by, wrong) = ChannelAvailability.Read(channel, email, xUserId);
        if (wrong is not null) throw new CommandException(ExitCode.WrongUse, $"{char.ToUpperInvariant(wrong[0])}{wrong[1..]}.");

        if (by!.Channel == Channel.Email) NeedEmail(store);
        return by;
    }

    /// <exception cref="CommandException">There is no mail server.</exception>
    public static void NeedEmail(OpenedStore store)
    {
        if (store.Settings.Mail is null) throw new CommandException(ExitCode.Failed, "The channel email is not configured: set Mail:Host, Mail:From and PublicUrl, for the server and for this command.");
    }

    private static Command Suspend(string verb, bool suspended)
    {
        var handle = Inputs.Handle();
        var does = suspended ? "Suspend a user: it can neither call nor be asked." : "End the suspension of a user.";
        var command = new Command(verb, $"{does} Example: afterword user {verb} @maja") { handle };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var screenName = parsed.GetRequiredValue(handle);
            if (!await store.UserAccounts.SuspendAsync(screenName, suspended, stop)) throw OpenedStore.NoAccount(screenName);

            Say(parsed, await store.AccountAsync(screenName, stop));
        });
        return command;
    }

    private static Command Show()
    {
        var handle = Inputs.Handle();
        var command = new Command("show", "Show a user with its id. Example: afterword user show @furni") { handle };
        command.OnStore(async (parsed, store, stop) => Say(parsed, await store.AccountAsync(parsed.GetRequiredValue(handle), stop)));
        return command;
    }

    private static void Say(ParseResult parsed, User user) => parsed.Say(Json(user), CommandJson.Default.UserJson, Line(user));

    public static UserJson Json(User user) => new(
        user.Id.ToString(CultureInfo.InvariantCulture), user.ScreenName, user.Name, user.Accepts, user.Suspended, user.Language, user.Channel.Name, user.Email,
        user.XUserId?.ToString(CultureInfo.InvariantCulture));

    public static string Line(User user) => string.Join("  ", ((string?[])[
        string.Create(CultureInfo.InvariantCulture, $"{user.Id}  @{user.ScreenName}  {user.Name}  messages from {(user.Accepts == MessagingPermission.Anyone ? "anyone" : "accounts it follows")}"),
        user.Channel.Name, user.Email, user.XUserId is { } x ? string.Create(CultureInfo.InvariantCulture, $"user {x} of X") : null, user.Language is { } tag ? $"reads {tag}" : null, user.Suspended ? "suspended" : null]).OfType<string>());

    private static string ReadPassword()
    {
        var password = System.Console.IsInputRedirected ? System.Console.In.ReadLine() : TypedPassword();
        return string.IsNullOrEmpty(password) ? throw new CommandException(ExitCode.WrongUse, "No password came from stdin.") : password;
    }

    /// <summary>What is typed at the terminal, which does not show it.</summary>
    private static string TypedPassword()
    {
        System.Console.Error.Write("Password: ");
        var typed = new StringBuilder();
        while (System.Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key != ConsoleKey.Backspace) typed.Append(key.KeyChar);
            else if (typed.Length > 0) typed.Length--;
        }

        System.Console.Error.WriteLine();
        return typed.ToString();
    }
}

/// <param name="Link">Where the user chooses a new password; told once.</param>
internal sealed record UserPasswordJson(string ScreenName, string Link);
