using System.CommandLine;
using System.Globalization;
using Afterword.Server.Allowlists;
using Afterword.Server.OAuth;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>afterword allow …</c>: who may ask for feedback, where it is told and shown.</summary>
internal static class AllowCommands
{
    public static Command Create() => new("allow", "The allowlists: who may ask for feedback, where it is told, and which pages may show cards.")
    {
        App(), Sender(), WebhookCommands.Allow(), SenderChannelCommands.Allow(), EmbedCommands.Allow(), List(),
    };

    private static Command App()
    {
        var key = Inputs.ConsumerKey();
        var command = new Command("app", "Let an app use the feedback API. Example: afterword allow app KEY") { key };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var consumerKey = parsed.GetRequiredValue(key);
            if (!await store.Apps.AllowAsync(consumerKey, true, stop)) throw OpenedStore.NoApp(consumerKey);

            var app = await store.AppAsync(consumerKey, stop);
            parsed.Say(AppCommands.ToJson(app), CommandJson.Default.AppJson, AppCommands.Line(app));
        });
        return command;
    }

    private static Command Sender()
    {
        var handle = Inputs.Handle();
        var creates = Inputs.Limit("--creates-per-day", "Prompts in 24 hours, instead of Limits:CreatesPerDay.");
        var interval = Inputs.Duration("--recipient-interval", "Time between two prompts to one recipient, instead of Limits:RecipientInterval; 00:00:00 is no limit.");
        var shows = Inputs.Limit("--shows", "Calls of feedback/show in 15 minutes, instead of Limits:ShowPer15Minutes.");
        var events = Inputs.Limit("--events", "Calls of feedback/events in 15 minutes, instead of Limits:EventsPer15Minutes.");
        var command = new Command(
            "sender",
            "Let a user ask for feedback, or change its limits; a limit left out is that of the settings. Example: afterword allow sender @furni --creates-per-day 5000")
        {
            handle, creates, interval, shows, events,
        };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var limits = new SenderGrant(parsed.GetValue(creates), (long?)parsed.GetValue(interval)?.TotalMilliseconds, parsed.GetValue(shows), parsed.GetValue(events));
            await store.Allowlist.AllowSenderAsync(user.Id, limits, stop);

            var sender = new AllowedSender(user.Id, user.ScreenName, limits);
            parsed.Say(ToJson(sender), CommandJson.Default.SenderJson, Line(sender));
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List allowed apps, allowed senders, exempt recipients, webhooks, channels and pages with cards. Example: afterword allow list");
        command.OnStore(async (parsed, store, stop) =>
        {
            var apps = (await store.Apps.ListAsync(stop)).FindAll(app => app.Allowed);
            var senders = await store.Allowlist.SendersAsync(stop);
            var exempt = await store.Allowlist.ExemptAsync(stop);
            var webhooks = await store.Endpoints.ListAsync(null, null, stop);
            var channels = await SenderChannelCommands.ListAsync(store, stop);
            var embeds = await store.EmbedOrigins.ListAsync(stop);
            parsed.Say(
                new AllowedJson(
                    [.. apps.Select(AppCommands.ToJson)], [.. senders.Select(ToJson)], exempt, [.. webhooks.Select(WebhookJson.Of)],
                    channels, [.. embeds.Select(EmbedCommands.ToJson)]),
                CommandJson.Default.AllowedJson,
                [
                    .. apps.Select(app => $"app     {AppCommands.Line(app)}"), .. senders.Select(sender => $"sender  {Line(sender)}"), .. exempt.Select(handle => $"exempt  @{handle}"),
                    .. webhooks.Select(webhook => $"webhook {WebhookCommands.Line(webhook)}"), .. channels.Select(channel => $"channel {SenderChannelCommands.Line(channel)}"),
                    .. embeds.Select(embed => $"embed   {EmbedCommands.Line(embed)}"),
                ]);
        });
        return command;
    }

    private static SenderJson ToJson(AllowedSender sender) => new(
        sender.UserId.ToString(CultureInfo.InvariantCulture), sender.ScreenName, sender.Limits.CreatesPerDay, IntervalOf(sender.Limits),
        sender.Limits.Shows, sender.Limits.Events);

    private static string Line(AllowedSender sender)
    {
        var raised = new (string Name, object? Value)[]
        {
            ("creates-per-day", sender.Limits.CreatesPerDay), ("recipient-interval", IntervalOf(sender.Limits)),
            ("shows", sender.Limits.Shows), ("events", sender.Limits.Events),
        };
        return $"@{sender.ScreenName}{string.Concat(raised.Where(limit => limit.Value is not null).Select(limit => $"  {limit.Name}={limit.Value}"))}";
    }

    private static string? IntervalOf(SenderGrant limits) =>
        limits.RecipientIntervalMillis is { } millis ? TimeSpan.FromMilliseconds(millis).ToString("c", CultureInfo.InvariantCulture) : null;
}
