using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>Where a person stands in the store: keys, and what of their rows has to be known to erase them.</summary>
internal sealed class FoundPerson
{
    private FoundPerson(long userId) => UserId = userId;

    public long UserId { get; }

    /// <summary>Null when there is no such account, or none any more.</summary>
    public FoundUser? Account { get; private set; }

    public IReadOnlyList<FoundMessage> Messages { get; private set; } = [];

    public IReadOnlyList<FoundRequest> Requests { get; private set; } = [];

    public IReadOnlyList<FoundConversation> Conversations { get; private set; } = [];

    /// <summary>What the person is to others, and others to the person.</summary>
    public IReadOnlyList<FoundContact> Contacts { get; private set; } = [];

    public ErasedCounts Counts { get; private set; } = new(0, 0, 0, 0, 0, 0);

    public bool IsEmpty => Account is null && Messages.Count == 0 && Requests.Count == 0 && Conversations.Count == 0 && Contacts.Count == 0 && Counts.Sessions == 0;

    /// <summary>All who know the person.</summary>
    public IEnumerable<long> Others => Messages.Select(message => message.SenderId).Concat(Messages.Select(message => message.RecipientId))
        .Concat(Contacts.Select(contact => contact.SenderId)).Concat(Contacts.Select(contact => contact.UserId)).Concat(Conversations.Select(conversation => conversation.SenderId))
        .Where(id => id != UserId).Distinct().Order();

    public static async Task<FoundPerson> FindAsync(Session session, long user, CancellationToken stop)
    {
        var found = new FoundPerson(user)
        {
            Account = await FindAccountAsync(session, user, stop),
            Messages = await FindMessagesAsync(session, user, stop),
            Conversations = await session.Sql(
                """
                select c.sender_id, c.id, c.external_id from conversation c where c.recipient_id = @user and c.decision <> 0
                union all
                select c.sender_id, c.id, c.external_id from automation r cross join conversation c where c.sender_id = r.sender_id and c.recipient_id = @user and c.decision = 0
                order by 1, 2
                """).Bind("user", user).ListAsync(row => new FoundConversation(row.GetInt64(0), row.GetInt64(1), row.GetString(2)), stop),
            Contacts = await FindContactsAsync(session, user, stop),
        };
        found.Requests = await FindRequestsAsync(session, found, stop);
        found.Counts = new(
            found.Requests.Count, found.Requests.Count(request => request.Comment is { Length: > 0 }), found.Messages.Count(message => message.PromptId is null), found.Conversations.Count,
            await CountNotesAsync(session, found.Requests, stop), await CountSessionsAsync(session, user, stop));
        return found;
    }

    /// <summary>Whether the account asks customers, or did: then what is stored under it belongs to them.</summary>
    public static async Task<bool> AsksOthersAsync(Session session, long user, CancellationToken stop) => await session.Sql(
        """
        select 1 from sender where user_id = @user
        union all select 1 from person_role where sender_id = @user
        union all select 1 from prompt where sender_id = @user
        union all select 1 from conversation where sender_id = @user
        union all select 1 from webhook where sender_id = @user
        union all select 1 from handover where sender_id = @user
        limit 1
        """).Bind("user", user).FirstAsync(_ => true, stop);

    public static Task<FoundUser?> FindAccountAsync(Session session, long user, CancellationToken stop) => session.Sql("select screen_name, mail from account where id = @user and erased = 0")
        .Bind("user", user).FirstAsync(row => new FoundUser(row.GetString(0), row.TextOrNull(1)), stop);

    private static Task<List<FoundMessage>> FindMessagesAsync(Session session, long user, CancellationToken stop) => session.Sql(
        """
        select m.sender_id, m.id, m.recipient_id, m.prompt_id, m.created_at from message m where m.recipient_id = @user
        union all
        select m.sender_id, m.id, m.recipient_id, m.prompt_id, m.created_at from message m where m.sender_id = @user
        """).Bind("user", user)
        .ListAsync(row => new FoundMessage(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.LongOrNull(3), row.GetInt64(4)), stop);

    private static async Task<IReadOnlyList<FoundRequest>> FindRequestsAsync(Session session, FoundPerson found, CancellationToken stop)
    {
        var requests = new List<FoundRequest>();
        await session.EachAsync(
            """
            select p.sender_id, p.id, p.external_id, p.privacy_url, p.comment, p.created_at from {rows}
            join prompt p on p.sender_id = item.sender_id and p.id = item.prompt_id
            where p.recipient_id = item.user_id
            """,
            Rows.Of(found.Messages.Where(message => message.PromptId is not null).ToArray()).Long("sender_id", m => m.SenderId).Long("prompt_id", m => m.PromptId!.Value).Long("user_id", _ => found.UserId),
            row => requests.Add(new(row.GetInt64(0), row.GetInt64(1), row.TextOrNull(2), row.GetString(3), row.TextOrNull(4), row.GetInt64(5))), stop);
        return [.. requests.OrderBy(request => (request.SenderId, request.Id))];
    }

    // Contacts lie by sender, and an index by user would cost every request a page. So this steps from sender to sender, of which there are few, with a seek each.
    public static Task<List<FoundContact>> FindContactsAsync(Session session, long user, CancellationToken stop) => session.Sql(
        """
        with recursive known (sender_id) as (
            select (select c.sender_id from contact c order by c.sender_id limit 1)
            union all
            select (select c.sender_id from contact c where c.sender_id > known.sender_id order by c.sender_id limit 1) from known where known.sender_id is not null)
        select c.sender_id, c.user_id, c.follows, c.blocks, c.opted_out_at, c.prompted_at from known cross join contact c where c.sender_id = known.sender_id and c.user_id = @user
        union all
        select c.sender_id, c.user_id, c.follows, c.blocks, c.opted_out_at, c.prompted_at from contact c where c.sender_id = @user
        """).Bind("user", user)
        .ListAsync(row => new FoundContact(row.GetInt64(0), row.GetInt64(1), row.Flag(2), row.Flag(3), row.LongOrNull(4), row.LongOrNull(5)), stop);

    private static async Task<long> CountNotesAsync(Session session, IReadOnlyList<FoundRequest> requests, CancellationToken stop)
    {
        var notes = 0L;
        await session.EachAsync(
            "select n.id from {rows} join follow_up_note n on n.sender_id = item.sender_id and n.prompt_id = item.prompt_id",
            Rows.Of(requests).Long("sender_id", r => r.SenderId).Long("prompt_id", r => r.Id), _ => notes++, stop);
        return notes;
    }

    private static Task<long> CountSessionsAsync(Session session, long user, CancellationToken stop) => session.Sql(
        "select (select count(*) from visit where user_id = @user) + (select count(*) from access_token where user_id = @user)")
        .Bind("user", user).FirstAsync(row => row.GetInt64(0), stop);
}

internal sealed record FoundUser(string ScreenName, string? Email);

/// <param name="PromptId">The request that the message brought; null for what someone wrote.</param>
internal readonly record struct FoundMessage(long SenderId, long Id, long RecipientId, long? PromptId, long CreatedAt);

internal sealed record FoundRequest(long SenderId, long Id, string? ExternalId, string PrivacyUrl, string? Comment, long CreatedAt);

internal readonly record struct FoundConversation(long SenderId, long Id, string ExternalId);

/// <summary>What a user is to a sender; the person is one of the two.</summary>
internal readonly record struct FoundContact(long SenderId, long UserId, bool Follows, bool Blocks, long? OptedOutAt, long? PromptedAt);
