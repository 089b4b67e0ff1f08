using Afterword.Server.Answers;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages.Inbox;

/// <summary>The requests that wait for a user's answer.</summary>
internal static class OpenCards
{
    // The user's own messages first, whatever the planner knows of the sender: a shop has a million of them.
    private const string Received =
        """
        with received as materialized (
            select sender_id, prompt_id from message where recipient_id = @user and id >= @oldest and prompt_id is not null)
        """;

    private const string IsOpen = "p.dismissed_at is null and (p.score is null or p.comment is null) and p.created_at >= @since";

    // A request's time is that of its sender's lock, its id was made a moment later or before.
    private static readonly TimeSpan s_apart = TimeSpan.FromMinutes(5);

    /// <summary>Who waits for an answer.</summary>
    /// <param name="session">Reads.</param>
    /// <param name="user">Whose answer.</param>
    /// <param name="since">Cards of before are closed.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<HashSet<long>> SendersAsync(Session session, long user, DateTimeOffset since, CancellationToken stop) =>
    [
        .. await session.Sql(
            $"""
            {Received}
            select distinct p.sender_id from received as mine join prompt p on p.sender_id = mine.sender_id and p.id = mine.prompt_id
            where {IsOpen}
            """)
            .Bind("user", user).Bind("oldest", Snowflakes.FirstOf(since - s_apart)).Bind("since", since.ToUnixTimeMilliseconds())
            .ListAsync(row => row.GetInt64(0), stop),
    ];

    /// <summary>What one sender waits for, newest first.</summary>
    /// <inheritdoc cref="SendersAsync" path="/param"/>
    /// <param name="sender">Who asked.</param>
    public static Task<List<Card>> OfAsync(Session session, long user, long sender, DateTimeOffset since, CancellationToken stop) => session.Sql(
        $"""
        {Received}
        select {Card.Columns} from received as mine, {Card.Tables}
        where mine.sender_id = @sender and p.sender_id = mine.sender_id and p.id = mine.prompt_id and {IsOpen}
        order by p.id desc
        """)
        .Bind("user", user).Bind("sender", sender).Bind("oldest", Snowflakes.FirstOf(since - s_apart)).Bind("since", since.ToUnixTimeMilliseconds())
        .ListAsync(Card.Read, stop);

    /// <summary>When a request was last answered or dismissed, Unix milliseconds; 0 when none was.</summary>
    /// <inheritdoc cref="SendersAsync" path="/param"/>
    public static async Task<long> ChangedAtAsync(Session session, long user, DateTimeOffset since, CancellationToken stop) => await session.Sql(
        $"""
        {Received}
        select max(p.updated_at), max(p.dismissed_at) from received as mine join prompt p on p.sender_id = mine.sender_id and p.id = mine.prompt_id
        """)
        .Bind("user", user).Bind("oldest", Snowflakes.FirstOf(since - s_apart)).FirstAsync(row => Math.Max(row.LongOrNull(0) ?? 0, row.LongOrNull(1) ?? 0), stop);
}
