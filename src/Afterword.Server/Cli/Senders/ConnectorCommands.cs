using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Console.Members;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>afterword connector …</c>: the helpdesks that tell a sender's conversations.</summary>
internal static class ConnectorCommands
{
    private const int Shown = 20;

    public static Command Create() => new("connector", "Connectors: helpdesks that tell when conversations are closed.") { Add(), List(), Show(), Test(), Rotate(), Remove() };

    private static Command Add()
    {
        var handle = Inputs.Handle("The sender whose conversations are told.");
        var kind = new Option<string>("--kind") { Description = $"The helpdesk: {string.Join(", ", Preset.Kinds)}.", HelpName = "KIND", Required = true };
        kind.AcceptOnlyFromAmong([.. Preset.Kinds]);
        var name = new Option<string?>("--name") { Description = "What rules call it; the kind when left out.", HelpName = "N" };
        name.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } given && ChangeConnectors.WrongWithName(given) is { } wrong) result.AddError($"--name is \"{given}\"; it must be {wrong}.");
        });
        var (secret, mapping) = (Secret("The secret that the helpdesk shows"), new Option<string?>("--mapping") { Description = "A file with a mapping of its own, in JSON.", HelpName = "FILE" });
        var noUsers = new Option<bool>("--no-create-users") { Description = "Skip customers whom nobody knows, instead of adding them as users." };
        var command = new Command("add", "Add a connector, and print its address and secret, once. Example: afterword connector add @furni --kind chatwoot") { handle, kind, name, secret, mapping, noUsers };
        command.OnStore(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var preset = Preset.Find(parsed.GetRequiredValue(kind))!;
            var given = await ReadSecretAsync(parsed.GetValue(secret), stop);
            var own = parsed.GetValue(mapping) is { } file ? await ReadMappingAsync(file, stop) : null;
            if (given is not null && !(own is null ? preset.Definition : DefinitionReader.OfStored(own)).TakesSecret) throw new CommandException(ExitCode.WrongUse, ChangeConnectors.TakesNoSecret);

            var added = await ChangeOf(store).AddAsync(user.Id, Member.CommandLine, new(preset, parsed.GetValue(name), given, own, !parsed.GetValue(noUsers)), stop);
            switch (added)
            {
                case AddConnectorOutcome.Added(var key, var called, var secrets):
                    var address = PrintedLinks.Of(store.Settings, secrets.Path!);
                    parsed.Say(
                        new ConnectorJson(Text(key.Id), user.ScreenName, preset.Kind, called, address, secrets.Secret, given is not null || secrets.Secret is not null, !parsed.GetValue(noUsers), null, 0, null),
                        ConnectorCommandJson.Default.ConnectorJson,
                        [
                            $"name     {called}", $"address  {address}", .. secrets.Secret is { } ours ? [$"secret   {ours}"] : Array.Empty<string>(), $"Set up {preset.Title}:",
                            .. preset.Steps.Select((step, at) => string.Create(CultureInfo.InvariantCulture, $"  {at + 1}. {step}")),
                            .. preset.Template is { } template ? ["Template:", template] : Array.Empty<string>(), .. PrintedLinks.NoteOf(store.Settings), .. await SilencesAsync(store, [(user.Id, user.ScreenName)], stop),
                        ]);
                    break;
                case AddConnectorOutcome.NameTaken(var taken):
                    throw new CommandException(ExitCode.Failed, $"@{user.ScreenName} has a connector {taken} already. Give this one another --name.");
                default:
                    throw new CommandException(ExitCode.Failed, $"@{user.ScreenName} has {ChangeConnectors.Most} connectors. Remove one first.");
            }
        });
        return command;
    }

    private static Command List()
    {
        var handle = Inputs.Handle("A sender; all of them when left out.");
        handle.Arity = ArgumentArity.ZeroOrOne;
        var command = new Command("list", "List connectors with when they last told of something. Example: afterword connector list @furni") { handle };
        command.OnStore(async (parsed, store, stop) =>
        {
            var sender = parsed.GetValue(handle) is { } name ? (await store.AccountAsync(name, stop)).Id : (long?)null;
            var all = await new FindConnector(store.Store, TimeProvider.System).ListAsync(sender, stop);
            parsed.Say(new ConnectorListJson([.. all.Select(one => Json(one.Connector, one.ScreenName, one.LastAt))]), ConnectorCommandJson.Default.ConnectorListJson,
                [.. all.Select(Line), .. await SilencesAsync(store, all.Select(one => (one.Connector.Key.SenderId, one.ScreenName)), stop)]);
        });
        return command;
    }

    private static Command Show()
    {
        var (handle, name) = (Inputs.Handle("The sender."), Name());
        var command = new Command("show", "Show a connector with its latest events and what became of them. Example: afterword connector show @furni chatwoot") { handle, name };
        command.OnStore(async (parsed, store, stop) =>
        {
            var (user, found) = await FindAsync(parsed, store, handle, name, stop);
            var events = await new ConnectorEvents(store.Store).LatestAsync(found.Key, Shown, stop);
            var deleted = await new ConnectorEvents(store.Store).DeletedAsync(found.Key, Shown, stop);
            var last = events is [var latest, ..] ? latest.ReceivedAt : (long?)null;
            parsed.Say(
                Json(found, user.ScreenName, last) with { Events = [.. events.Select(EventJson)], Deleted = deleted.Count == 0 ? null : [.. deleted.Select(one => one.ScreenName)] }, ConnectorCommandJson.Default.ConnectorJson,
                [Line(new ListedConnector(found, user.ScreenName, last)), .. events.Select(EventJson).Select(Line), .. deleted.Select(one => $"@{one.ScreenName} was deleted there. Erase here too: {one.Command}")]);
        });
        return command;
    }

    private static Command Test()
    {
        var (handle, name) = (Inputs.Handle("The sender."), Name());
        var to = new Option<string?>("--to") { Description = "A user who is asked instead of the sample's customer, as a test.", HelpName = Inputs.HandleName };
        var command = new Command("test", "Send the sample of the helpdesk through the whole path, marked as a test. Fails unless it is taken. Example: afterword connector test @furni chatwoot --to @ada") { handle, name, to };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var (account, found) = await FindAsync(parsed, store, handle, name, stop);
            var user = parsed.GetValue(to) is { } whom ? (await store.AccountAsync(Users.UserAccounts.Bare(whom), stop)).Id : (long?)null;
            var cardBase = PrintedLinks.Of(store.Settings, "");
            switch (await ReceiveOf(store).TestAsync(found, cardBase + ConnectorAddress.PathPrefix, cardBase, user, stop))
            {
                case ReceiveOutcome.Decided([var decided, ..]):
                    parsed.Say(DeliveryDecisionJson.Of([decided]), ConnectorsJson.Default.DeliveryDecisionJson, [decided.Reason is null ? decided.Decision : $"{decided.Decision}: {decided.Reason}", .. await SilencesAsync(store, [(account.Id, account.ScreenName)], stop)]);
                    if (decided.Decision == DecidedEvent.Ignored) throw new CommandException(ExitCode.Failed, "The sample tells of no end: see the mapping.");
                    break;
                case ReceiveOutcome.Refused(var why):
                    throw new CommandException(ExitCode.Failed, why);
            }
        });
        return command;
    }

    private static Command Rotate()
    {
        var (handle, name) = (Inputs.Handle("The sender."), Name());
        var address = new Option<bool>("--address") { Description = "A new address instead of a new secret; the old one opens nothing from then on." };
        var secret = Secret("The secret that the helpdesk shows; without it, one is made");
        var command = new Command("rotate", "Give a connector a new secret, beside which the old one works for a while, or a new address. Example: afterword connector rotate @furni zammad") { handle, name, address, secret };
        command.OnStore(async (parsed, store, stop) =>
        {
            var (user, found) = await FindAsync(parsed, store, handle, name, stop);
            var given = await ReadSecretAsync(parsed.GetValue(secret), stop);
            if (!parsed.GetValue(address) && !found.Definition.TakesSecret) throw new CommandException(ExitCode.WrongUse, $"{ChangeConnectors.TakesNoSecret} With --address, it gets a new address.");
            if (given is null && !parsed.GetValue(address) && found.Preset.Origin == SecretOrigin.Theirs)
            {
                throw new CommandException(ExitCode.WrongUse, $"{found.Preset.Title} makes the secret. Give it with --secret-file, or a new address with --address.");
            }

            var secrets = parsed.GetValue(address)
                ? await ChangeOf(store).ChangeAddressAsync(found, Member.CommandLine, stop)
                : await ChangeOf(store).ChangeSecretAsync(found, Member.CommandLine, given, stop);
            if (secrets is null) throw NoConnector(user.ScreenName, found.Name);

            var shown = secrets.Path is { } path ? PrintedLinks.Of(store.Settings, path) : null;
            parsed.Say(
                Json(found, user.ScreenName, null) with { Address = shown, Secret = secrets.Secret }, ConnectorCommandJson.Default.ConnectorJson,
                [
                    .. shown is null ? Array.Empty<string>() : [$"address  {shown}"], .. secrets.Secret is { } ours ? [$"secret   {ours}"] : Array.Empty<string>(),
                    .. shown is null && secrets.Secret is null ? ["The secret is saved."] : Array.Empty<string>(),
                ]);
        });
        return command;
    }

    private static Command Remove()
    {
        var (handle, name) = (Inputs.Handle("The sender."), Name());
        var command = new Command("remove", "Remove a connector: its address opens nothing from then on. Example: afterword connector remove @furni chatwoot") { handle, name };
        command.OnStore(async (parsed, store, stop) =>
        {
            var (user, found) = await FindAsync(parsed, store, handle, name, stop);
            if (!await ChangeOf(store).RemoveAsync(found, Member.CommandLine, stop)) throw NoConnector(user.ScreenName, found.Name);

            parsed.Say(new ConnectorRemovedJson(user.ScreenName, found.Name, Removed: true), ConnectorCommandJson.Default.ConnectorRemovedJson, $"The connector {found.Name} of @{user.ScreenName} is removed.");
        });
        return command;
    }

    /// <summary>Of which senders nobody is asked, whatever their helpdesks tell.</summary>
    private static async Task<List<string>> SilencesAsync(OpenedStore store, IEnumerable<(long Id, string ScreenName)> senders, CancellationToken stop)
    {
        var (rules, lines) = (new ChangeRules(store.Store, store.Audit, TimeProvider.System), new List<string>());
        foreach (var (id, screenName) in senders.Distinct())
        {
            if (await rules.SilenceAsync(id, stop) is { } silence) lines.Add(silence.ToldOf(screenName));
        }

        return lines;
    }

    private static Argument<string> Name() => new("NAME") { Description = "The connector's name; see: afterword connector list" };

    private static Option<string?> Secret(string what) => new("--secret-file") { Description = $"{what}, in a file; - reads it from stdin.", HelpName = "FILE" };

    private static async Task<(Users.User Account, Connector Found)> FindAsync(ParseResult parsed, OpenedStore store, Argument<string> handle, Argument<string> name, CancellationToken stop)
    {
        var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
        return (user, await new FindConnector(store.Store, TimeProvider.System).ByNameAsync(user.Id, parsed.GetRequiredValue(name), stop) ?? throw NoConnector(user.ScreenName, parsed.GetRequiredValue(name)));
    }

    private static CommandException NoConnector(string handle, string name) => new(ExitCode.Failed, $"@{handle} has no connector {name}. See: afterword connector list @{handle}");

    private static ChangeConnectors ChangeOf(OpenedStore store) => new(store.Store, store.Settings, store.Audit, TimeProvider.System);

    private static ReceiveDelivery ReceiveOf(OpenedStore store)
    {
        var decisions = new DecisionCounter(store.Store, store.Settings);
        var close = new CloseConversation(store.Store, new KeptRules(store.Store), store.Settings, decisions, TimeProvider.System);
        return new(store.Store, new DecideEvents(store.Store, close, new ReopenConversation(store.Store, decisions, TimeProvider.System), TimeProvider.System), TimeProvider.System);
    }

    /// <exception cref="CommandException">It is none.</exception>
    private static async Task<string?> ReadSecretAsync(string? given, CancellationToken stop)
    {
        // Not as a word of the command: the list of processes and the shell's history would have it.
        var secret = given is null ? null : (await SenderChannelCommands.ReadAsync(given, stop)).Trim();
        if (secret is not null && ChangeConnectors.WrongWithSecret(secret) is { } wrong) throw new CommandException(ExitCode.WrongUse, $"The secret must be {wrong}.");

        return secret;
    }

    /// <exception cref="CommandException">The file cannot be read, or holds no mapping.</exception>
    private static async Task<string> ReadMappingAsync(string file, CancellationToken stop)
    {
        string text;
        try
        {
            text = (await File.ReadAllTextAsync(file, Encoding.UTF8, stop)).ReplaceLineEndings("\n").Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"{file} cannot be read: {error.Message}");
        }

        return DefinitionReader.Parse(text, out var errors) is null ? throw new CommandException(ExitCode.Failed, string.Join('\n', errors.All.Select(error => error.Message))) : text;
    }

    private static ConnectorJson Json(Connector one, string sender, long? lastAt) => new(
        Text(one.Key.Id), sender, one.Kind, one.Name, null, null, one.IsSigned, one.CreatesUsers, Webhooks.WebhookJson.Iso(lastAt), one.Refused, one.RefusedWhy);

    private static ConnectorEventJson EventJson(ShownEvent one) => new(
        Text(one.Id), Webhooks.WebhookJson.Iso(one.ReceivedAt)!, one.ExternalId, one.Decision, one.Reason, one.Now, one.Times, one.Test);

    private static string Line(ListedConnector one) => string.Create(
        CultureInfo.InvariantCulture,
        $"@{one.ScreenName}  {one.Connector.Name}  {one.Connector.Kind}  {(one.LastAt is { } at ? $"last event {Webhooks.WebhookJson.Iso(at)}" : "no event yet")}{(one.Connector.Refused > 0 ? $"  at least {one.Connector.Refused:N0} rejected: {one.Connector.RefusedWhy}" : "")}");

    private static string Line(ConnectorEventJson one) =>
        $"    {one.ReceivedAt}  {one.ExternalId ?? "-"}  {one.Decision}{(one.Reason is null ? "" : $": {one.Reason}")}{(one.Now is null ? "" : $"  now {one.Now}")}{(one.Test ? "  test" : "")}";

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}

/// <param name="Address">Told once, when it is made.</param>
/// <param name="Secret">Likewise.</param>
/// <param name="Signed">Whether deliveries must be signed.</param>
/// <param name="Rejected">How many were not signed rightly, at least: of a flood, six a minute are counted.</param>
/// <param name="Deleted">The handles of users whom the helpdesk has deleted.</param>
internal sealed record ConnectorJson(
    string Id, string Sender, string Kind, string Name, string? Address, string? Secret, bool Signed, bool CreatesUsers, string? LastEventAt, long Rejected, string? RejectedWhy,
    IReadOnlyList<ConnectorEventJson>? Events = null, IReadOnlyList<string>? Deleted = null);

internal sealed record ConnectorListJson(IReadOnlyList<ConnectorJson> Connectors);

internal sealed record ConnectorEventJson(string Id, string ReceivedAt, string? ExternalId, string Decision, string? Reason, string? Now, long Times, bool Test);

internal sealed record ConnectorRemovedJson(string Sender, string Name, bool Removed);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(ConnectorJson))]
[JsonSerializable(typeof(ConnectorListJson))]
[JsonSerializable(typeof(ConnectorRemovedJson))]
internal sealed partial class ConnectorCommandJson : JsonSerializerContext;
