using System.CommandLine;
using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.X;
using Afterword.Server.Users;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>allow channel</c> and <c>deny channel</c>: by which means of its own a sender's requests reach its customers.</summary>
internal static class SenderChannelCommands
{
    private const string Help =
        """
        Say by which means of its own a sender's requests reach its customers, in place of an earlier one: handed over at an address, posted into the conversation at its helpdesk, or as direct messages at X.
        Example: afterword allow channel @furni https://desk.example.com/requests
        Example: afterword allow channel @furni conversation --kind chatwoot --url https://desk.example.com --account 1 --token-file token
        Example: afterword allow channel @furni x --keys-file keys
        """;

    public static Command Allow()
    {
        var handle = Inputs.Handle("The sender.");
        var means = new Argument<string>("WHERE") { Description = "Where they are posted to, https unless Webhooks:AllowPlainHttp is set; or conversation; or x." };
        var basic = WebhookCommands.Basic();
        var kind = Kind("Which helpdesk, for conversation.");
        var url = new Option<string?>("--url") { Description = "Where the helpdesk is. Left out, Intercom is at api.intercom.io, and X at api.x.com.", HelpName = "URL" };
        var account = new Option<string?>("--account") { Description = "Chatwoot: the number of the account. Zendesk: the email address of an agent. Intercom: the id of a teammate.", HelpName = "A" };
        var token = new Option<string?>("--token-file") { Description = "A file with the API token of the helpdesk; - reads it from stdin.", HelpName = "FILE" };
        var keys = new Option<string?>("--keys-file") { Description = "A file with the keys of X: lines with api_key=, api_key_secret=, access_token= and access_token_secret=; - reads them from stdin.", HelpName = "FILE" };
        var command = new Command("channel", Help) { handle, means, basic, kind, url, account, token, keys };
        command.Validators.Add(result =>
        {
            var chosen = result.GetResult(means)?.Tokens is [var word, ..] ? word.Value : null;
            (string Channel, Option[] Own)[] all = [("conversation", [kind, account, token]), ("x", [keys])];
            foreach (var (channel, own) in all)
            {
                foreach (var option in own.Where(option => channel != chosen && result.GetResult(option) is not null)) result.AddError($"{option.Name} is for the channel {channel} alone.");
            }

            if (chosen == "conversation" && (result.GetResult(kind) is null || result.GetResult(token) is null)) result.AddError("The channel conversation needs --kind and --token-file.");
            if (chosen == "x" && result.GetResult(keys) is null) result.AddError("The channel x needs --keys-file.");
            if (result.GetResult(chosen is "conversation" or "x" ? basic : url) is not null) result.AddError(chosen is "conversation" or "x" ? "--basic is for an address alone." : "--url is for the channels conversation and x alone.");
        });
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var sender = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var allowed = parsed.GetRequiredValue(means) switch
            {
                "conversation" => await AllowHelpdeskAsync(
                    store, sender, HelpdeskKinds.Find(parsed.GetValue(kind)!)!.Value, parsed.GetValue(url), parsed.GetValue(account), await ReadAsync(parsed.GetValue(token)!, stop), stop),
                "x" => await AllowXAsync(store, sender, parsed.GetValue(url) ?? XAccount.Api, await ReadAsync(parsed.GetValue(keys)!, stop), stop),
                var address => await AllowRelayAsync(store, sender, address, await WebhookCommands.ReadBasicAsync(parsed.GetValue(basic), stop), stop),
            };
            parsed.Say(
                allowed, CommandJson.Default.ChannelAllowedJson,
                [$"url     {allowed.Url}", .. allowed.Secret is { } secret ? (string[])[$"secret  {secret}"] : [], $"Try it: afterword channel test {allowed.Channel} @{sender.ScreenName}"]);
        });
        return command;
    }

    public static Command Deny()
    {
        var handle = Inputs.Handle();
        var channel = new Argument<string>("CHANNEL") { Description = "webhook, conversation or x.", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => Channel.Webhook.Name };
        channel.AcceptOnlyFromAmong(Channel.Webhook.Name, Channel.Conversation.Name, Channel.X.Name);
        var kind = Kind("One helpdesk of the channel conversation; all of them when left out.");
        var command = new Command("channel", "Send no more requests of a sender this way; what waits goes on waiting, or for a helpdesk is called off. Example: afterword deny channel @furni conversation") { handle, channel, kind };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var (user, name) = (await store.AccountAsync(parsed.GetRequiredValue(handle), stop), parsed.GetRequiredValue(channel));
            var was = ChannelNames.Find(name) switch
            {
                Channel.Conversation => await store.Helpdesks.RemoveAsync(user.Id, parsed.GetValue(kind) is { } which ? HelpdeskKinds.Find(which) : null, stop),
                Channel.X => await store.XAccounts.RemoveAsync(user.Id, stop),
                _ => await store.RelayAddresses.RemoveAsync(user.Id, stop),
            };
            if (!was) throw NotAllowed(user.ScreenName, name);

            parsed.Say(
                new ChannelDeniedJson(user.Id.ToString(CultureInfo.InvariantCulture), user.ScreenName, name, Allowed: false), CommandJson.Default.ChannelDeniedJson,
                $"Nothing of @{user.ScreenName} is sent by the channel {name} any more.");
        });
        return command;
    }

    /// <summary>What senders have of their own, without secrets.</summary>
    public static async Task<List<ChannelAllowedJson>> ListAsync(OpenedStore store, CancellationToken stop) =>
    [
        .. (await store.RelayAddresses.ListAsync(stop)).Select(place => new ChannelAllowedJson(place.ScreenName, place.Url, null, place.HasBasic, Channel.Webhook.Name)),
        .. (await store.Helpdesks.ListAsync(stop)).Select(place => new ChannelAllowedJson(place.ScreenName, place.Url, null, Basic: false, Channel.Conversation.Name, place.Kind.Name)),
        .. (await store.XAccounts.ListAsync(stop)).Select(place => new ChannelAllowedJson(place.ScreenName, place.Url, null, Basic: false, Channel.X.Name)),
    ];

    public static string Line(ChannelAllowedJson allowed) => $"@{allowed.Sender}  {(allowed.Channel == Channel.Webhook.Name ? "" : $"{allowed.Kind ?? allowed.Channel}  ")}{allowed.Url}";

    /// <summary>A sender without means of its own for a channel.</summary>
    public static CommandException NotAllowed(string screenName, string channel) => new(ExitCode.Failed, channel == Channel.Webhook.Name
        ? $"@{screenName} has no address for the channel webhook. Set one with: afterword allow channel @{screenName} URL"
        : $"@{screenName} has no access for the channel {channel}. See: afterword allow channel --help");

    private static async Task<ChannelAllowedJson> AllowRelayAsync(OpenedStore store, User sender, string text, string? basic, CancellationToken stop)
    {
        var url = WebhookCommands.ReadUrl(store, text);
        var secret = await store.RelayAddresses.SetAsync(sender.Id, url, basic, stop);
        return new(sender.ScreenName, url.AbsoluteUri, secret.ToString(), basic is not null, Channel.Webhook.Name);
    }

    private static async Task<ChannelAllowedJson> AllowHelpdeskAsync(OpenedStore store, User sender, HelpdeskKind kind, string? url, string? account, string token, CancellationToken stop)
    {
        var (helpdesk, wrong) = Helpdesk.Read(kind, url, account, token.Trim(), store.Settings.Webhooks, WebhookCommands.Guard(store));
        if (wrong is not null) throw new CommandException(ExitCode.WrongUse, $"{char.ToUpperInvariant(wrong[0])}{wrong[1..]}.");

        await store.Helpdesks.SetAsync(sender.Id, helpdesk!, stop);
        return new(sender.ScreenName, helpdesk!.Url.AbsoluteUri, null, Basic: false, Channel.Conversation.Name, kind.Name);
    }

    private static async Task<ChannelAllowedJson> AllowXAsync(OpenedStore store, User sender, string text, string file, CancellationToken stop)
    {
        var (url, wrong) = Helpdesk.ReadUrl(text, store.Settings.Webhooks, WebhookCommands.Guard(store));
        if (wrong is not null) throw new CommandException(ExitCode.WrongUse, $"--url is \"{text}\"; it must be {wrong}.");

        var (keys, missing) = XAccount.ReadKeys(file);
        if (missing is not null) throw new CommandException(ExitCode.WrongUse, $"{char.ToUpperInvariant(missing[0])}{missing[1..]}.");

        await store.XAccounts.SetAsync(sender.Id, new(url!, keys!), stop);
        return new(sender.ScreenName, url!.AbsoluteUri, null, Basic: false, Channel.X.Name);
    }

    /// <summary>Names a helpdesk.</summary>
    public static Option<string?> Kind(string description)
    {
        var kind = new Option<string?>("--kind") { Description = description, HelpName = string.Join('|', HelpdeskKinds.All) };
        kind.AcceptOnlyFromAmong([.. HelpdeskKinds.All]);
        return kind;
    }

    /// <summary>Reads a file, or stdin where it is called <c>-</c>.</summary>
    /// <exception cref="CommandException">It cannot be read.</exception>
    internal static async Task<string> ReadAsync(string file, CancellationToken stop)
    {
        try
        {
            return file == "-" ? await System.Console.In.ReadToEndAsync(stop) : await File.ReadAllTextAsync(file, stop);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"{file} cannot be read: {error.Message}");
        }
    }
}

/// <param name="Secret">Of a handover. Told once, when it is made.</param>
/// <param name="Kind">Which helpdesk; absent for other channels.</param>
internal sealed record ChannelAllowedJson(string Sender, string Url, string? Secret, bool Basic, string Channel, string? Kind = null);

internal sealed record ChannelDeniedJson(string UserId, string ScreenName, string Channel, bool Allowed);
