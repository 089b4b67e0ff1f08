using System.CommandLine;
using System.Globalization;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword resume</c>: lets webhooks, channels, alerts and automatic requests go on after a restore.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        var yes = new Option<bool>("--yes") { Description = "Do it. Without, the command says what waits." };
        var command = new Command("resume", "Let webhooks, channels, alerts and automatic requests of a restored store go on. Example: afterword resume --yes") { yes };
        command.OnStore(async (parsed, store, stop) =>
        {
            var hold = await OutboundPause.FindAsync(store.Store.Main, stop);
            var waiting = await Waiting.CountAsync(store.Store.Main, stop);
            var json = new ResumedJson(hold is not null, hold?.Reason, waiting.Deliveries, waiting.Requests, waiting.Alerts, waiting.Conversations);
            if (hold is null)
            {
                parsed.Say(json, CommandJson.Default.ResumedJson, "Nothing is paused: webhooks, channels, alerts and automatic requests go out.");
                return;
            }

            var since = hold.Since.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            if (!parsed.GetValue(yes))
            {
                parsed.Say(
                    json, CommandJson.Default.ResumedJson, $"Webhooks, channels, alerts and automatic requests have been paused since {since} UTC: {hold.Reason}.", $"{waiting} wait; some may have gone out after the backup was taken.",
                    "Check them first with: webhook list, channel list, rules show. Nothing has been changed. Give --yes to let them go out.");
                return;
            }

            await store.Audit.NoteAsync(Workspace.Installation, Member.CommandLine, AuditAction.Changed, "resume", stop);
            await OutboundPause.ReleaseAsync(store.Store.Main, stop);
            parsed.Say(json with { Paused = false }, CommandJson.Default.ResumedJson, $"Webhooks, channels, alerts and automatic requests go out again: {waiting} waited.");
        });
        return command;
    }
}

/// <param name="Paused">Whether anything is paused now.</param>
/// <param name="Reason">Why it is, or was; absent when nothing was.</param>
internal sealed record ResumedJson(bool Paused, string? Reason, long WaitingDeliveries, long WaitingRequests, long WaitingAlerts, long WaitingConversations);
