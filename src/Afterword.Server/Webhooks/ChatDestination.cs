using System.Diagnostics;

namespace Afterword.Server.Webhooks;

/// <summary>What a webhook is sent. The numbers are stored.</summary>
internal enum WebhookFormat
{
    /// <summary>Events, for programs.</summary>
    Events = 0,

    /// <summary>Messages for a channel of Slack.</summary>
    Slack = 1,

    /// <summary>Messages for a channel of Microsoft Teams.</summary>
    Teams = 2,
}

/// <summary>A channel in which people read what a webhook is told.</summary>
/// <param name="Format">Slack or Teams.</param>
/// <param name="Handle">The sender's, without @.</param>
internal sealed record ChatDestination(WebhookFormat Format, string Handle)
{
    /// <summary>Null where programs read it.</summary>
    public static ChatDestination? Of(WebhookFormat format, string handle) => format == WebhookFormat.Events ? null : new(format, handle);
}

internal static class WebhookFormats
{
    /// <summary>The names as operators write them.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<WebhookFormat>().Select(format => format.Name)];

    extension(WebhookFormat format)
    {
        public string Name => format switch
        {
            WebhookFormat.Events => "events",
            WebhookFormat.Slack => "slack",
            WebhookFormat.Teams => "teams",
            _ => throw new UnreachableException(format.ToString()),
        };

        /// <summary>Who makes the program in which it is read; null where programs read it.</summary>
        public string? Product => format switch
        {
            WebhookFormat.Slack => "Slack",
            WebhookFormat.Teams => "Microsoft Teams",
            _ => null,
        };
    }

    /// <summary>The format of this name, or null.</summary>
    public static WebhookFormat? Find(string name) => All.Contains(name) ? Enum.GetValues<WebhookFormat>().First(format => format.Name == name) : null;
}
