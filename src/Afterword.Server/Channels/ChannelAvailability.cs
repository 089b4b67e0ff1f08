using Afterword.Server.Parsing;

namespace Afterword.Server.Channels;

/// <summary>How a user is reached besides Messages. Checked: who is reached by email has an address, and who is reached at X is a user there.</summary>
internal sealed record ChannelAvailability
{
    private ChannelAvailability(Channel channel, EmailAddress? email, long? xUserId) => (Channel, Email, XUserId) = (channel, email, xUserId);

    /// <summary>In Messages alone, which is what a user begins with.</summary>
    public static ChannelAvailability Default { get; } = new(Channel.BuiltIn, null, null);

    public Channel Channel { get; }

    /// <summary>The user's email address, kept whatever the channel is; null when there is none.</summary>
    public EmailAddress? Email { get; }

    /// <summary>Which user of X it is, kept whatever the channel is; null when nobody has said.</summary>
    public long? XUserId { get; }

    /// <summary>Reads what an operator wrote, or says what is wrong with it.</summary>
    /// <param name="channel">A channel's name; null is the built-in one.</param>
    /// <param name="email">An email address, or null.</param>
    /// <param name="xUserId">The id of a user of X, or null.</param>
    public static (ChannelAvailability? Reachability, string? Wrong) Read(string? channel, string? email, string? xUserId = null)
    {
        if (ChannelNames.Find(channel ?? Channel.BuiltIn.Name) is not { } found) return (null, $"the channel is \"{channel}\"; it must be one of {string.Join(", ", ChannelNames.All)}");

        EmailAddress? address = null;
        if (email is not null && !EmailAddress.TryParse(email, out address)) return (null, $"the mail address is \"{email}\"; it must be {EmailAddress.Needed(email, "one such as ada@example.com, without a name")}");
        if (found == Channel.Email && address is null) return (null, "the channel email needs a mail address");

        long? user = null;
        if (xUserId is not null)
        {
            if (!WholeNumber.TryRead(xUserId, out var id) || id == 0) return (null, $"the X user id is \"{xUserId}\"; it must be digits, such as 2244994945: the id, not the name behind the @");
            user = id;
        }

        if (found == Channel.X && user is null) return (null, "the channel x needs an X user id");

        return (new(found, address, user), null);
    }
}
