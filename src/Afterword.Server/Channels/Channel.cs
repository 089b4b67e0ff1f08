using System.Diagnostics;

namespace Afterword.Server.Channels;

/// <summary>How a feedback request reaches its recipient besides Messages, where each of them is. The numbers are stored.</summary>
internal enum Channel
{
    /// <summary>In no other way.</summary>
    BuiltIn = 0,

    /// <summary>By email, through the operator's mail server.</summary>
    Email = 1,

    /// <summary>By the sender's own means: message and card link are handed over to it.</summary>
    Webhook = 2,

    /// <summary>In the conversation it came from, at the sender's helpdesk.</summary>
    Conversation = 3,

    /// <summary>By direct message at X, as the sender's user there.</summary>
    X = 4,
}

internal static class ChannelNames
{
    /// <summary>The names as operators write them.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<Channel>().Select(channel => channel.Name)];

    extension(Channel channel)
    {
        public string Name => channel switch
        {
            Channel.BuiltIn => "built-in",
            Channel.Email => "email",
            Channel.Webhook => "webhook",
            Channel.Conversation => "conversation",
            Channel.X => "x",
            _ => throw new UnreachableException(channel.ToString()),
        };
    }

    /// <summary>The channel of this name, or null.</summary>
    public static Channel? Find(string name) => All.Contains(name) ? Enum.GetValues<Channel>().First(channel => channel.Name == name) : null;
}
