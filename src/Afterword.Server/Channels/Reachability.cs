namespace Afterword.Server.Channels;

/// <summary>How a user is reached besides Messages. Checked: whoever is reached by mail has an address.</summary>
internal sealed record Reachability
{
    private Reachability(Channel channel, EmailAddress? mail) => (Channel, Mail) = (channel, mail);

    /// <summary>In Messages alone, which is what a user begins with.</summary>
    public static Reachability Default { get; } = new(Channel.BuiltIn, null);

    public Channel Channel { get; }

    /// <summary>The user's mail address, kept whatever the channel is; null when there is none.</summary>
    public EmailAddress? Mail { get; }

    /// <summary>Reads what an operator wrote, or says what is wrong with it.</summary>
    /// <param name="channel">A channel's name; null is the built-in one.</param>
    /// <param name="mail">A mail address, or null.</param>
    public static (Reachability? Reachability, string? Wrong) Read(string? channel, string? mail)
    {
        if (ChannelNames.Find(channel ?? Channel.BuiltIn.Name) is not { } found) return (null, $"the channel is \"{channel}\"; it must be one of {string.Join(", ", ChannelNames.All)}");

        EmailAddress? address = null;
        if (mail is not null && !EmailAddress.TryParse(mail, out address)) return (null, $"the mail address is \"{mail}\"; it must be {EmailAddress.Needed(mail, "one such as ada@example.com, without a name")}");
        if (found == Channel.Email && address is null) return (null, "the channel email needs a mail address");

        return (new(found, address), null);
    }
}
