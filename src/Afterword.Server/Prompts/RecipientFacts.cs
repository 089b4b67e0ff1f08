using Afterword.Server.Channels;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.Prompts;

/// <summary>What decides whether someone may be asked by a sender now. Times are Unix milliseconds.</summary>
/// <param name="Name">The recipient's name; null when there is no such user.</param>
/// <param name="Suspended">The recipient's account is suspended.</param>
/// <param name="CanBeMessaged">The recipient takes messages from the sender.</param>
/// <param name="OptedOut">The recipient wants no requests of the sender.</param>
/// <param name="PromptedAt">When the sender asked this recipient last.</param>
/// <param name="AskedAt">The same of requests that were no tests.</param>
/// <param name="DismissedAt">When the recipient last dismissed a card of the sender without a score.</param>
/// <param name="WroteAt">When the recipient last wrote to the sender.</param>
/// <param name="Exempt">The recipient may be asked at any time.</param>
/// <param name="Language">The tag of the language that the recipient reads, or null.</param>
/// <param name="Channel">How requests reach the recipient besides Messages.</param>
internal sealed record RecipientFacts(
    string? Name, bool Suspended, bool CanBeMessaged, bool OptedOut, long? PromptedAt, long? AskedAt, long? DismissedAt, long? WroteAt, bool Exempt, string? Language, Channel Channel)
{
    /// <summary>The recipient can be messaged by the sender and did not opt out of its feedback requests.</summary>
    public bool CanBeAsked => CanBeMessaged && !OptedOut;

    /// <summary>Finds the facts for each request of a batch.</summary>
    /// <param name="requests">The batch.</param>
    /// <param name="sender">Who asks.</param>
    /// <param name="recipient">Who is asked.</param>
    /// <param name="found">Takes them, with the request's place.</param>
    public static Lookup Lookup<T>(IReadOnlyList<T> requests, Func<T, long> sender, Func<T, long> recipient, Action<int, RecipientFacts> found) => new(
        """
        select item.place, a.name, a.suspended_at, a.accepts, c.follows, c.blocks, c.wrote_at, c.opted_out_at, c.prompted_at, e.user_id, a.language, a.channel,
            case when c.prompted_at = c.tested_at then c.asked_at else c.prompted_at end, c.dismissed_at
        from {rows}
        left join account a on a.id = item.recipient_id
        left join contact c on c.sender_id = item.sender_id and c.user_id = item.recipient_id
        left join exempt e on e.user_id = item.recipient_id
        """,
        Rows.Of(requests).Place().Long("sender_id", sender).Long("recipient_id", recipient),
        row => found((int)row.GetInt64(0), new(
            row.TextOrNull(1), !row.IsDBNull(2), MessagingPermission.IsOpen(row.TextOrNull(3), follows: row.Flag(4), blocks: row.Flag(5), wrote: !row.IsDBNull(6)), !row.IsDBNull(7),
            row.LongOrNull(8), row.LongOrNull(12), row.LongOrNull(13), row.LongOrNull(6), !row.IsDBNull(9), row.TextOrNull(10), (Channel)(row.LongOrNull(11) ?? 0))));
}
