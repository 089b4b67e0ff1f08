using System.CommandLine;
using System.Globalization;
using Afterword.Server.Channels.Handover;

namespace Afterword.Server.Cli;

/// <summary><c>allow channel</c> and <c>deny channel</c>: where a sender takes over what it brings to its customers itself.</summary>
internal static class HandoverCommands
{
    public static Command Allow()
    {
        var handle = Inputs.Handle("The sender that takes its requests over.");
        var url = new Argument<string>("URL") { Description = "Where they are posted to; https, unless Webhooks:AllowPlainHttp is set." };
        var basic = WebhookCommands.Basic();
        var command = new Command(
            "channel",
            "Hand a sender's requests for users of the channel webhook over at an address, in place of an earlier one, and print the secret that signs them. Example: afterword allow channel @furni https://desk.example.com/requests")
        {
            handle, url, basic,
        };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var account = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var address = WebhookCommands.ReadUrl(store, parsed.GetRequiredValue(url));
            var credentials = await WebhookCommands.ReadBasicAsync(parsed.GetValue(basic), stop);
            var secret = await store.Handovers.SetAsync(account.Id, address, credentials, stop);
            parsed.Say(
                new HandoverAllowedJson(account.ScreenName, address.AbsoluteUri, secret.ToString(), credentials is not null), CommandJson.Default.HandoverAllowedJson,
                $"url     {address.AbsoluteUri}", $"secret  {secret}", $"Try it: afterword channel test webhook @{account.ScreenName}");
        });
        return command;
    }

    public static HandoverAllowedJson ToJson(HandoverPlace place) => new(place.ScreenName, place.Url, null, place.HasBasic);

    public static Command Deny()
    {
        var handle = Inputs.Handle();
        var command = new Command("channel", "Hand no more requests over to a sender; what waits goes on waiting. Example: afterword deny channel @furni") { handle };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var account = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            if (!await store.Handovers.RemoveAsync(account.Id, stop)) throw ChannelCommands.NoAddress(account.ScreenName);

            parsed.Say(
                new HandoverDeniedJson(account.Id.ToString(CultureInfo.InvariantCulture), account.ScreenName, Allowed: false), CommandJson.Default.HandoverDeniedJson,
                $"@{account.ScreenName} is handed nothing over any more.");
        });
        return command;
    }
}

/// <param name="Secret">Told once, when it is made.</param>
internal sealed record HandoverAllowedJson(string Sender, string Url, string? Secret, bool Basic);

internal sealed record HandoverDeniedJson(string UserId, string ScreenName, bool Allowed);
