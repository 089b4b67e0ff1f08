using System.CommandLine;
using System.Globalization;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>afterword webhook replay</c>: sends again what an endpoint missed.</summary>
internal static class WebhookReplay
{
    public static Command Create()
    {
        var id = WebhookCommands.Id();
        var one = Inputs.Number("--event", "One event, whatever became of it.", "EVENT");
        var dead = new Option<bool>("--dead") { Description = "What failed; with --from or --to only of that time." };
        var from = Time("--from", "The first instant of the events, such as 2026-01-05T09:00:00Z.");
        var to = Time("--to", "The last instant of the events; until now when left out.");
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say how many deliveries it would send." };
        var command = new Command(
            "replay",
            "Send deliveries again, in order, with their old ids: one event, what failed, or all of a time. Example: afterword webhook replay ID --dead")
        {
            id, one, dead, from, to, dryRun,
        };
        command.Validators.Add(result =>
        {
            var (single, range) = (result.GetResult(one) is not null, result.GetResult(dead) is not null || result.GetResult(from) is not null || result.GetResult(to) is not null);
            if (single == range) result.AddError("Say what to replay: --event EVENT, or --dead, or --from T and --to T, or the last two with --dead.");
        });
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var found = await WebhookCommands.FindSentAsync(store, parsed.GetRequiredValue(id), stop);
            var range = new ReplayRange(
                parsed.GetValue(one), parsed.GetValue(from)?.ToUnixTimeMilliseconds() ?? 0, parsed.GetValue(to)?.ToUnixTimeMilliseconds() ?? long.MaxValue, parsed.GetValue(dead));
            var replay = new ReplayDeliveries(store.Store, TimeProvider.System);
            var all = await replay.CountAsync(found.Endpoint.Key, range, stop);
            if (parsed.GetValue(dryRun))
            {
                parsed.Say(new WebhookReplayJson(0, all), CommandJson.Default.WebhookReplayJson, string.Create(CultureInfo.InvariantCulture, $"This would send {all:N0} deliveries. Nothing has been changed."));
                return;
            }

            var progress = parsed.Progress();
            var replayed = await replay.RunAsync(
                found.Endpoint.Key, range, soFar => progress.Show(string.Create(CultureInfo.InvariantCulture, $"Replayed {soFar:N0} of {all:N0}")), stop);
            progress.Clear();
            parsed.Say(new WebhookReplayJson(replayed, all), CommandJson.Default.WebhookReplayJson, [.. Lines(found, replayed), .. await OutboundPause.WarningsAsync(store.Store.Main, stop)]);
            if (range.Event is { } wanted && replayed == 0) throw new CommandException(ExitCode.Failed, string.Create(CultureInfo.InvariantCulture, $"There is no event {wanted} for this webhook. See: afterword webhook show {found.Endpoint.Key.Id}"));
        });
        return command;
    }

    private static IEnumerable<string> Lines(ListedEndpoint found, long replayed)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"{replayed:N0} deliveries are due now, to be sent in order.");
        if (found.Endpoint.DisabledAt is not null) yield return string.Create(CultureInfo.InvariantCulture, $"The webhook is off. Next: afterword webhook enable {found.Endpoint.Key.Id}");
    }

    private static Option<DateTimeOffset?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "T",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)) return time;

            result.AddError($"{name} is \"{text}\"; it must be an instant such as 2026-01-05T09:00:00Z.");
            return null;
        },
    };
}

/// <param name="Replayed">So many are due now.</param>
/// <param name="Matching">So many there were to send when it began.</param>
internal sealed record WebhookReplayJson(long Replayed, long Matching);
