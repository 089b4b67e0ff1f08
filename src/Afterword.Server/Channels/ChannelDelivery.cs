using Afterword.Server.Answers;
using Afterword.Server.Configuration;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Channels;

/// <summary>Where a delivery stands. The numbers are stored.</summary>
internal enum ChannelDeliveryState
{
    /// <summary>It is due now or later.</summary>
    Waiting = 0,

    /// <summary>A node is at it, until its lease runs out.</summary>
    Sending = 1,

    /// <summary>The mail server, the sender's own one, its helpdesk or X took it over.</summary>
    Sent = 2,

    /// <summary>It was refused, or failed too often: nothing is sent until someone has it tried again.</summary>
    Dead = 3,

    /// <summary>There was no need for it any more before it could be sent.</summary>
    CalledOff = 4,
}

/// <summary>Whose turn it is: what goes to the mail server, or by one sender's own means, helpdesk or user of X. None waits for another.</summary>
/// <param name="SenderId">0 for the mail server, which all senders share.</param>
internal readonly record struct ChannelQueue(Channel Channel, long SenderId)
{
    public static ChannelQueue Email { get; } = new(Channel.Email, 0);
}

/// <summary>A delivery that is due, with all that is needed to bring it to its recipient.</summary>
/// <param name="State"><see cref="ChannelDeliveryState.Sending"/> when an attempt was begun and never noted: its node died, or was cut off.</param>
/// <param name="Failures">Failed attempts since it was written or tried again.</param>
/// <param name="OptedOut">The recipient wants no more requests of this sender, or blocked it.</param>
internal sealed record ChannelDelivery(
    Prompt Prompt, ChannelDeliveryState State, long Attempts, long Failures, long Fence, string CardBase, byte[]? Token,
    string Message, DeliveryParty Sender, DeliveryParty Recipient, bool OptedOut)
{
    /// <summary>The way that it takes.</summary>
    public Channel Channel { get; init; }

    /// <summary>Which user of X the recipient is, or null.</summary>
    public long? RecipientXId { get; init; }

    /// <summary>An attempt was begun before this one and never noted: it may have arrived.</summary>
    public bool WasBegun { get; init; }

    /// <summary>Whether this attempt is not the first.</summary>
    public bool IsRepeat => Attempts > 1;

    /// <summary>Whether all attempts had the same link for sure: each before this one counts since it was written, so that nobody has had it tried again.</summary>
    public bool HasOneLink => Failures + (WasBegun ? 1 : 0) == Attempts - 1;

    /// <summary>How often it came too early, or somewhat more: attempts of before it was tried again count, too.</summary>
    public long EarlyAttempts => Attempts - 1 - Failures;

    /// <summary>The columns that <see cref="Read"/> wants, in its order.</summary>
    public const string Columns =
        $"""
        {Prompt.Columns},
        d.state, d.attempts, d.failures, d.fence, d.card_base, d.token, m.body,
        s.id, s.screen_name, s.name, s.language, s.mail, s.suspended_at, r.id, r.screen_name, r.name, r.language, r.mail, r.suspended_at,
        case when c.opted_out_at is not null or c.blocks = 1 then 1 else 0 end, d.channel, r.x_user_id
        """;

    /// <summary>What goes behind the table <c>dispatch d</c>.</summary>
    public const string Joins =
        """
        join prompt p on p.sender_id = d.sender_id and p.id = d.prompt_id
        join message m on m.sender_id = p.sender_id and m.id = p.message_id
        join account s on s.id = p.sender_id
        join account r on r.id = p.recipient_id
        left join contact c on c.sender_id = p.sender_id and c.user_id = p.recipient_id
        """;

    private const int Own = Prompt.ColumnCount;

    /// <param name="row">A row that begins with <see cref="Columns"/>.</param>
    public static ChannelDelivery Read(Row row) => new(
        Prompt.Read(row), (ChannelDeliveryState)row.GetInt32(Own), row.GetInt64(Own + 1), row.GetInt64(Own + 2), row.GetInt64(Own + 3),
        row.GetString(Own + 4), row.BytesOrNull(Own + 5), row.GetString(Own + 6), DeliveryParty.Read(row, Own + 7), DeliveryParty.Read(row, Own + 13), row.GetInt64(Own + 19) == 1)
    {
        Channel = (Channel)row.GetInt32(Own + 20), RecipientXId = row.LongOrNull(Own + 21),
    };

    /// <summary>Why there is no need to send it any more; null when there is.</summary>
    public string? CalledOffBecause(DateTimeOffset now, Settings settings)
    {
        if (Prompt.Score is not null) return "It was answered before.";
        if (!Prompt.IsOpen(now, settings.CardLifetime)) return "The card is closed.";
        if (OptedOut) return "The recipient wants no requests of this sender.";
        return Recipient.Suspended ? "The recipient is suspended." : null;
    }

    /// <summary>The card's link as the recipient gets it.</summary>
    public string CardUrl(Secrets secrets, Settings settings) =>
        $"{settings.PublicBase ?? CardBase}{CardLink.PathPrefix}{NewChannelDelivery.Unseal(secrets, Token ?? throw new InvalidOperationException($"The card's token of {Prompt.Id} is gone."))}";
}

/// <summary>One of the two people of a delivery.</summary>
internal sealed record DeliveryParty(long Id, string ScreenName, string Name, string? Language, string? Email, bool Suspended)
{
    public static DeliveryParty Read(Row row, int at) => new(
        row.GetInt64(at), row.GetString(at + 1), row.GetString(at + 2), row.TextOrNull(at + 3), row.TextOrNull(at + 4), !row.IsDBNull(at + 5));
}
