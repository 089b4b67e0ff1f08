using Afterword.Server.Channels;
using Afterword.Server.People;
using Afterword.Server.Storage;

namespace Afterword.Server.Prompts;

/// <summary>What decides whether somebody may be asked by a sender now.</summary>
/// <param name="Name">The recipient's name; null when there is no such user.</param>
/// <param name="Suspended">The recipient's account is suspended.</param>
/// <param name="CanBeAsked">The recipient can be messaged by the sender and did not opt out of its feedback requests.</param>
/// <param name="PromptedAt">When the sender asked this recipient last, Unix milliseconds.</param>
/// <param name="Exempt">The recipient may be asked at any time.</param>
/// <param name="Language">The tag of the language that the recipient reads, or null.</param>
/// <param name="Channel">How requests reach the recipient besides Messages.</param>
internal sealed record RecipientFacts(string? Name, bool Suspended, bool CanBeAsked, long? PromptedAt, bool Exempt, string? Language, Channel Channel)
{
    /// <summary>Finds the facts for each request of a batch.</summary>
    public static Lookup Lookup(IReadOnlyList<CreateRequest> requests, CreateBatch batch) => new(
        """
        select item.place, a.name, a.suspended_at, a.accepts, c.follows, c.blocks, c.wrote_at, c.opted_out_at, c.prompted_at, e.user_id, a.language, a.channel
        from {rows}
        left join account a on a.id = item.recipient_id
        left join contact c on c.sender_id = item.sender_id and c.user_id = item.recipient_id
        left join exempt e on e.user_id = item.recipient_id
        """,
        Rows.Of(requests).Place().Long("sender_id", r => r.Sender.UserId).Long("recipient_id", r => r.Draft.RecipientId),
        row => batch.Facts[(int)row.GetInt64(0)] = new(
            row.TextOrNull(1), !row.IsDBNull(2),
            Reach.IsOpen(row.TextOrNull(3), follows: row.Flag(4), blocks: row.Flag(5), wrote: !row.IsDBNull(6)) && row.IsDBNull(7),
            row.LongOrNull(8), !row.IsDBNull(9), row.TextOrNull(10), (Channel)(row.LongOrNull(11) ?? 0)));
}
