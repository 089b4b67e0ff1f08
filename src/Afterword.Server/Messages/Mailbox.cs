using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages;

/// <summary>What a user sent and received in the last 30 days, without what <see cref="HideMessage"/> took out.</summary>
internal sealed class Mailbox(Store store, TimeProvider clock)
{
    /// <summary>Two stretches of two indexes, each read from where the page begins: page 1,000 costs what page 1 costs.</summary>
    [StringSyntax("sql")]
    internal const string Page =
        $"""
        select {Message.Columns} from (
            select * from (
                select {Message.Columns} from message
                where sender_id = @user and id < @before and id >= @oldest and (hidden & 1) = 0
                order by id desc limit @limit) as sent
            union all
            select * from (
                select {Message.Columns} from message
                where recipient_id = @user and id < @before and id >= @oldest and (hidden & 2) = 0
                order by id desc limit @limit) as received) as both_ways
        order by id desc limit @limit
        """;

    /// <summary>How long messages can be read.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    /// <summary>Newest first.</summary>
    /// <param name="user">Whose messages.</param>
    /// <param name="before">Only messages with a lower id.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="stop">Gives up.</param>
    public Task<List<Message>> ListAsync(long user, long before, int limit, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(Page)
            .Bind("user", user).Bind("before", before).Bind("oldest", Oldest).Bind("limit", (long)limit).ListAsync(Message.Read, stop),
        stop);

    /// <returns>The message, or null when the user neither sent nor received it in the last 30 days.</returns>
    public Task<Message?> FindAsync(long user, long id, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            $"""
            select {Message.Columns} from message where sender_id = @user and id = @id and id >= @oldest and (hidden & 1) = 0
            union all
            select {Message.Columns} from message where recipient_id = @user and id = @id and id >= @oldest and (hidden & 2) = 0
            """)
            .Bind("user", user).Bind("id", id).Bind("oldest", Oldest).FirstAsync(Message.Read, stop),
        stop);

    // Ids tell the time, so that the index that finds a message knows its age as well.
    private long Oldest => Snowflakes.FirstOf(clock.GetUtcNow() - Kept);
}
