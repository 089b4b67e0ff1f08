using System.CommandLine;
using Afterword.Server.Embed;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>allow embed</c> and <c>deny embed</c>: which pages may show a sender's cards.</summary>
internal static class EmbedCommands
{
    /// <summary><c>allow embed</c>.</summary>
    public static Command Allow()
    {
        var (handle, origin) = (Inputs.Handle("The sender whose cards are shown."), Origin());
        var command = new Command("embed", "Let the pages of a site show a sender's cards. Example: afterword allow embed @furni https://shop.example") { handle, origin };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var page = parsed.GetRequiredValue(origin);
            await store.EmbedOrigins.AllowAsync(user.Id, page, stop);
            parsed.Say(new EmbedJson(user.ScreenName, page.Text, Allowed: true), CommandJson.Default.EmbedJson, $"{page} may show cards of @{user.ScreenName}.");
        });
        return command;
    }

    /// <summary><c>deny embed</c>.</summary>
    public static Command Deny()
    {
        var (handle, origin) = (Inputs.Handle("The sender whose cards were shown."), Origin());
        var command = new Command("embed", "No longer let the pages of a site show a sender's cards. Example: afterword deny embed @furni https://shop.example") { handle, origin };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var page = parsed.GetRequiredValue(origin);
            if (!await store.EmbedOrigins.DenyAsync(user.Id, page, stop))
            {
                throw new CommandException(ExitCode.Failed, $"{page} was not allowed to show cards of @{user.ScreenName}. See: afterword allow list");
            }

            parsed.Say(new EmbedJson(user.ScreenName, page.Text, Allowed: false), CommandJson.Default.EmbedJson, $"{page} may no longer show cards of @{user.ScreenName}.");
        });
        return command;
    }

    public static EmbedJson ToJson(AllowedEmbed embed) => new(embed.ScreenName, embed.Origin.Text, Allowed: true);

    public static string Line(AllowedEmbed embed) => $"@{embed.ScreenName}  {embed.Origin}";

    private static Argument<PageOrigin> Origin() => new("ORIGIN")
    {
        Description = "Scheme, host and port of the site, such as https://shop.example; http for localhost alone.",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            var (origin, wrong) = PageOrigin.Read(text);
            if (wrong is not null) result.AddError($"The page is \"{text}\"; it must be {wrong}.");
            return origin ?? default;
        },
    };
}
