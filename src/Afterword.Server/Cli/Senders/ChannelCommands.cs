using System.CommandLine;
using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Email;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Channels.X;
using Afterword.Server.Users;
using GuardedHttp = Afterword.Server.Webhooks.GuardedHttp;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>afterword channel …</c>: how far requests have come on their way to customers.</summary>
internal static class ChannelCommands
{
    private const int Shown = 20;

    public static Command Create() => new("channel", "Channels: requests on their way to customers by mail, by a sender's own means, in a helpdesk's conversation, or at X.") { List(), Show(), Retry(), Test() };

    private static Command List()
    {
        var handle = Inputs.Handle("A sender; all of them when left out.");
        handle.Arity = ArgumentArity.ZeroOrOne;
        var command = new Command("list", "List how many requests wait, were sent, and are dead in each channel. Example: afterword channel list @furni") { handle };
        command.OnStore(async (parsed, store, stop) =>
        {
            var sender = parsed.GetValue(handle) is { } name ? (await store.AccountAsync(name, stop)).Id : (long?)null;
            var history = new ChannelDeliveryHistory(store.Store, store.Settings);
            var channels = new List<ChannelJson>();
            foreach (var count in await history.CountAsync(sender, stop))
            {
                var user = await store.AccountAsync(count.Sender, stop);
                channels.Add(new(count.Sender, count.Channel.Name, count.Waiting, count.Sent, count.Dead, count.CalledOff, await history.NotConfiguredAsync(count.Channel, user.Id, stop)));
            }

            parsed.Say(new ChannelsJson(channels), CommandJson.Default.ChannelsJson, channels.Select(Line));
        });
        return command;
    }

    private static Command Show()
    {
        var handle = Inputs.Handle("The sender.");
        var prompt = Prompt("One request, by the id of its feedback.");
        var dead = new Option<bool>("--dead") { Description = "Only requests that were given up." };
        var command = new Command("show", "Show a sender's latest requests with every attempt, the dead first. Example: afterword channel show @furni --dead") { handle, prompt, dead };
        command.OnStore(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var history = new ChannelDeliveryHistory(store.Store, store.Settings);
            var found = parsed.GetValue(prompt) is { } id
                ? [await history.FindAsync(user.Id, id, stop) ?? throw new CommandException(ExitCode.Failed, FormattableString.Invariant($"@{user.ScreenName} has no request {id} that went through a channel. One that is for Messages alone is not listed."))]
                : await history.LatestAsync(user.Id, parsed.GetValue(dead), Shown, stop);
            var shown = new List<DispatchJson>();
            foreach (var delivery in found) shown.Add(DispatchJson.Of(delivery, delivery.State is ChannelDeliveryState.Waiting ? await history.NotConfiguredAsync(delivery.Channel, user.Id, stop) : null));
            parsed.Say(new DispatchesJson(shown), CommandJson.Default.DispatchesJson, shown.SelectMany(Lines));
        });
        return command;
    }

    private static Command Retry()
    {
        var handle = Inputs.Handle("The sender.");
        var prompt = Prompt("One dead request, by the id of its feedback.");
        var dead = new Option<bool>("--dead") { Description = "All that is dead." };
        var command = new Command(
            "retry", "Send dead requests again. Each card gets a new link; one that was handed out before leads nowhere from then on. Example: afterword channel retry @furni --dead")
        {
            handle, prompt, dead,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(prompt) is null == result.GetResult(dead) is null) result.AddError("Say what to send again: --feedback ID, or --dead.");
        });
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var revived = await new RetryChannelDeliveries(store.Store, TimeProvider.System).RunAsync(user.Id, parsed.GetValue(prompt), stop);
            parsed.Say(new DispatchesRetriedJson(revived), CommandJson.Default.DispatchesRetriedJson, string.Create(CultureInfo.InvariantCulture, $"{revived:N0} requests are sent again."));
            if (revived == 0 && parsed.GetValue(prompt) is { } id) throw new CommandException(ExitCode.Failed, FormattableString.Invariant($"@{user.ScreenName} has no dead request {id}. See: afterword channel show @{user.ScreenName} --dead"));
        });
        return command;
    }

    private static Command Test() => new("test", "Try a channel out, from here.") { TestEmail(), TestWebhook(), TestConversation(), TestX() };

    private static Command TestEmail()
    {
        var to = new Option<string>("--to") { Description = "Who gets it.", HelpName = "ADDRESS", Required = true };
        var command = new Command("mail", "Send a mail that asks nothing. Fails unless the mail server takes it. Example: afterword channel test mail --to ada@example.com") { to };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            UserCommands.NeedEmail(store);
            if (!EmailAddress.TryParse(parsed.GetRequiredValue(to), out var address)) throw new CommandException(ExitCode.WrongUse, $"--to is \"{parsed.GetRequiredValue(to)}\"; it must be a mail address such as ada@example.com.");

            using var tokens = new EmailTokens(store.Settings, TimeProvider.System);
            Tell(parsed, await new EmailTransport(store.Store, store.Settings, tokens, TimeProvider.System).SendTestAsync(address, stop), "The mail server did not take it.");
        });
        return command;
    }

    private static Command TestWebhook()
    {
        var handle = Inputs.Handle("The sender.");
        var command = new Command("webhook", "Hand over a request that never was, marked as a test. Fails unless the address takes it. Example: afterword channel test webhook @furni") { handle };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var target = await store.RelayAddresses.TargetAsync(user.Id, stop) ?? throw SenderChannelCommands.NotAllowed(user.ScreenName, Channel.Webhook.Name);
            using var connections = WebhookCommands.Connections(store);
            var transport = new RelayTransport(store.Store, store.Settings, store.RelayAddresses, new(WebhookCommands.Guard(store), connections, store.Settings.Webhooks, TimeProvider.System));
            Tell(parsed, await transport.SendTestAsync(target, PartyOf(user), store.Store.Ids.NextPair(), TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), stop), "It was not taken: an answer of 200 to 299 was expected.");
        });
        return command;
    }

    private static Command TestConversation()
    {
        var handle = Inputs.Handle("The sender.");
        var kind = SenderChannelCommands.Kind("Which helpdesk, where the sender has several.");
        var command = new Command("conversation", "Ask a sender's helpdesk whether it takes the token; nothing is posted. Fails unless it does. Example: afterword channel test conversation @furni") { handle, kind };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var chosen = parsed.GetValue(kind);
            var helpdesks = (await store.Helpdesks.OfAsync(user.Id, stop)).FindAll(one => chosen is null || one.Kind.Name == chosen);
            if (helpdesks.Count == 0) throw SenderChannelCommands.NotAllowed(user.ScreenName, Channel.Conversation.Name);
            if (helpdesks is not [var helpdesk]) throw new CommandException(ExitCode.WrongUse, $"@{user.ScreenName} has several helpdesks. Say which: --kind {string.Join('|', helpdesks.Select(one => one.Kind.Name))}");

            using var connections = WebhookCommands.Connections(store);
            using var permit = await connections.TakeAsync(HelpdeskTransport.EndOf(user.Id), stop);
            var transport = new HelpdeskTransport(store.Store, store.Settings, store.Helpdesks, Http(store), TimeProvider.System);
            Tell(parsed, await transport.TestAsync(helpdesk, permit, stop), $"{helpdesk.Kind.Name} did not take the token.");
        });
        return command;
    }

    private static Command TestX()
    {
        var handle = Inputs.Handle("The sender.");
        var command = new Command("x", "Ask X whether it takes the sender's keys; nothing is sent. Fails unless it does. Example: afterword channel test x @furni") { handle };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var x = await store.XAccounts.FindAsync(user.Id, stop) ?? throw SenderChannelCommands.NotAllowed(user.ScreenName, Channel.X.Name);
            using var connections = WebhookCommands.Connections(store);
            using var permit = await connections.TakeAsync(XTransport.EndOf(user.Id), stop);
            Tell(parsed, await new XTransport(store.Store, store.Settings, store.XAccounts, Http(store)).TestAsync(x, permit, stop), "X did not take the keys.");
        });
        return command;
    }

    private static GuardedHttp Http(OpenedStore store) => new(WebhookCommands.Guard(store), store.Settings.Webhooks, TimeProvider.System);

    private static DeliveryParty PartyOf(User user) => new(user.Id, user.ScreenName, user.Name, null, user.Email, user.Suspended);

    private static void Tell(ParseResult parsed, ChannelAttempt attempt, string notTaken)
    {
        var shown = DispatchAttemptJson.Of(new(1, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - attempt.Took, attempt.Took, attempt.Outcome, attempt.Status, attempt.Error));
        parsed.Say(shown, CommandJson.Default.DispatchAttemptJson, Line(shown));
        if (attempt.Outcome != AttemptOutcome.Sent) throw new CommandException(ExitCode.Failed, notTaken);
    }

    private static Option<long?> Prompt(string description) => Inputs.Number("--feedback", description, "ID");

    private static string Line(ChannelJson channel) => string.Create(
        CultureInfo.InvariantCulture,
        $"@{channel.Sender}  {channel.Channel}  {channel.Waiting:N0} waiting, {channel.Sent:N0} sent, {channel.Dead:N0} dead, {channel.CalledOff:N0} called off{(channel.NotConfigured is { } why ? $"  {why}" : "")}");

    private static IEnumerable<string> Lines(DispatchJson delivery) =>
    [
        $"{delivery.CreatedAt}  feedback {delivery.Feedback}  @{delivery.Recipient}  {delivery.Channel}  {delivery.State}{(delivery.DueAt is { } due ? $", due {due}" : "")}{(delivery.MaybeTwice ? ", maybe sent twice" : "")}{(delivery.Reason is { } why ? $"  {OneLine(why)}" : "")}",
        .. delivery.Attempts.Select(attempt => $"    {Line(attempt)}"),
    ];

    private static string Line(DispatchAttemptJson attempt) =>
        $"{attempt.StartedAt}  {(attempt.Milliseconds is { } took ? string.Create(CultureInfo.InvariantCulture, $"{took} ms") : "-")}  {attempt.Outcome}  {attempt.Status?.ToString(CultureInfo.InvariantCulture)}  {OneLine(attempt.Error ?? "")}".TrimEnd();

    // What the other side wrote must not speak to the terminal.
    private static string OneLine(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter).Take(200));
}

/// <param name="NotConfigured">Why nothing goes out, or null.</param>
internal sealed record ChannelJson(string Sender, string Channel, long Waiting, long Sent, long Dead, long CalledOff, string? NotConfigured);

internal sealed record ChannelsJson(IReadOnlyList<ChannelJson> Channels);

internal sealed record DispatchesJson(IReadOnlyList<DispatchJson> Requests);

/// <param name="MaybeTwice">An attempt may have arrived without our hearing of it, and another one was made.</param>
internal sealed record DispatchJson(
    string Feedback, string Recipient, string Channel, string State, string CreatedAt, string? DueAt, bool MaybeTwice, string? Reason, IReadOnlyList<DispatchAttemptJson> Attempts)
{
    public static DispatchJson Of(ShownChannelDelivery dispatch, string? notConfigured) => new(
        Webhooks.WebhookJson.Text(dispatch.PromptId), dispatch.Recipient, dispatch.Channel.Name, Name(dispatch.State), Webhooks.WebhookJson.Iso(dispatch.CreatedAt)!,
        dispatch.State == ChannelDeliveryState.Waiting ? Webhooks.WebhookJson.Iso(dispatch.DueAt) : null, dispatch.MaybeTwice, notConfigured ?? dispatch.Reason, [.. dispatch.Attempts.Select(DispatchAttemptJson.Of)]);

    private static string Name(ChannelDeliveryState state) => state switch
    {
        ChannelDeliveryState.Waiting => "waiting",
        ChannelDeliveryState.Sending => "sending",
        ChannelDeliveryState.Sent => "sent",
        ChannelDeliveryState.Dead => "dead",
        _ => "called off",
    };
}

internal sealed record DispatchesRetriedJson(int Retried);

/// <param name="Milliseconds">How long it took; null while it is under way, and when it was never noted.</param>
/// <param name="Status">A reply of SMTP or a status of HTTP; null when none came.</param>
internal sealed record DispatchAttemptJson(long Number, string StartedAt, long? Milliseconds, string Outcome, int? Status, string? Error)
{
    public static DispatchAttemptJson Of(ShownChannelAttempt attempt) =>
        new(attempt.Number, Webhooks.WebhookJson.Iso(attempt.StartedAt)!, attempt.Took, Name(attempt.Outcome), attempt.Status, attempt.Error);

    private static string Name(AttemptOutcome? outcome) => outcome switch
    {
        null => "under way",
        AttemptOutcome.Sent => "sent",
        AttemptOutcome.Failed => "failed",
        AttemptOutcome.Refused => "refused",
        _ => "uncertain",
    };
}
