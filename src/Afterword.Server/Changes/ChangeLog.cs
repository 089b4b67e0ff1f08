using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;

namespace Afterword.Server.Changes;

/// <summary>One thing that happened to a prompt, in its place in the sender's order.</summary>
internal readonly record struct Change(long SenderId, long At, long Id, ChangeKind Kind, long PromptId);

/// <summary>The change log: what happened, in the order in which it was committed.</summary>
/// <remarks>
/// A writer of a sender's changes first takes the sender's stamp: a lock that it holds until it commits, and an instant
/// later than that of every change committed before. So the log of a sender has no holes that fill up later: whoever
/// reads up to a stamp has read everything up to it, on any number of nodes, whatever their clocks say.
/// </remarks>
internal static class ChangeLog
{
    // Changes of a range that ended longer ago have been committed, whatever the nodes' clocks say.
    private static readonly TimeSpan s_settled = TimeSpan.FromHours(1);

    /// <summary>Locks the senders until the transaction ends and gives the stamp of this transaction for each.</summary>
    /// <param name="senders">Each once. They are locked in the order of their ids, so that two batches cannot wait for each other.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="states">Receives the state of each sender.</param>
    /// <returns>The first of a transaction's lookups: what those behind it find holds until the commit.</returns>
    public static IReadOnlyList<Lookup> Stamp(IEnumerable<long> senders, long now, Dictionary<long, SenderState> states) => StampWhere("true", senders, now, states);

    /// <summary>The same for those who name senders before it is known whether there are any: who never asked gets no state.</summary>
    /// <inheritdoc cref="Stamp" path="/param"/>
    public static IReadOnlyList<Lookup> StampAsking(IEnumerable<long> senders, long now, Dictionary<long, SenderState> states) =>
        StampWhere("exists (select 1 from prompt p where p.sender_id = item.sender_id)", senders, now, states);

    // Two statements: with "returning", SQLite would build two temporary tables for each sender (with its sorter, a tenth of the time of a score's statements).
    private static IReadOnlyList<Lookup> StampWhere([StringSyntax("sql")] string condition, IEnumerable<long> senders, long now, Dictionary<long, SenderState> states)
    {
        Rows rows = Rows.Of(senders.Order().ToArray()).Long("sender_id", sender => sender).Long("now", _ => now);
        return
        [
            new(
                $$"""
                insert into sender_state (sender_id, changed_at, window_started_at, window_used, day_zone)
                select sender_id, now, 0, 0, (select zone from figure_zone) from {rows} where {{condition}} order by sender_id
                on conflict (sender_id) do update set
                    changed_at = case when excluded.changed_at > sender_state.changed_at then excluded.changed_at else sender_state.changed_at + 1 end
                """,
                rows, null),
            new(
                $$"""select s.sender_id, s.changed_at, s.window_started_at, s.window_used, {{RollupState.Columns}} from {rows} join sender_state s on s.sender_id = item.sender_id""",
                rows,
                row => states[row.GetInt64(0)] = new SenderState(
                    row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), new(row.TextOrNull(4), row.GetInt64(5), row.GetInt64(6)))),
        ];
    }

    /// <summary>Appends changes; the caller has stamped their senders in this transaction.</summary>
    public static void Append(Session session, IReadOnlyList<Change> changes) => session.Then(
        """
        insert into change (sender_id, changed_at, id, kind, prompt_id)
        select sender_id, changed_at, id, kind, prompt_id from {rows}
        """,
        Rows.Of(changes).Long("sender_id", c => c.SenderId).Long("changed_at", c => c.At).Long("id", c => c.Id)
            .Long("kind", c => (long)c.Kind).Long("prompt_id", c => c.PromptId));

    /// <summary>Makes sure that a range that is about to be read does not change any more.</summary>
    /// <remarks>
    /// While the one server of a SQLite store cannot write, nothing changes but by its own clock, which has passed the range. That does
    /// not hold of a full queue: what waits in it may have a stamp within the range. On PostgreSQL another node may be the first to write
    /// again, with a clock that is behind: such a range cannot be given out yet.
    /// </remarks>
    /// <param name="store">The store.</param>
    /// <param name="sender">Whose changes are read.</param>
    /// <param name="until">Where the range ends, Unix milliseconds.</param>
    /// <param name="now">The present.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task SettleAsync(Store store, long sender, long until, DateTimeOffset now, CancellationToken stop)
    {
        if (until <= (now - s_settled).ToUnixTimeMilliseconds()) return;

        try
        {
            await store.Main.WriteAsync(
                async session =>
                {
                    await SealAsync(session, sender, until, stop);
                    return 0;
                },
                stop);
        }
        catch (Exception error) when (store.Main is SqliteDatabase && error is not OverloadedException && store.Main.IsUnavailable(error))
        {
            // Whoever writes hears of it.
        }
    }

    /// <summary>Makes sure that every change of this sender from now on is later than <paramref name="until"/>, and waits for those under way.</summary>
    private static Task SealAsync(Session session, long sender, long until, CancellationToken stop) => session.Sql(
        """
        insert into sender_state (sender_id, changed_at, window_started_at, window_used, day_zone) values (@sender, @until, 0, 0, (select zone from figure_zone))
        on conflict (sender_id) do update set
            changed_at = case when excluded.changed_at > sender_state.changed_at then excluded.changed_at else sender_state.changed_at end
        """).Bind("sender", sender).Bind("until", until).RunAsync(stop);
}

/// <summary>What is locked while a sender's changes are written.</summary>
/// <param name="Stamp">The instant of this transaction's changes, Unix milliseconds.</param>
/// <param name="WindowStartedAt">When the present window of prompts began.</param>
/// <param name="WindowUsed">Prompts stored in it.</param>
/// <param name="Rollups">Which of the sender's prompts are counted.</param>
internal sealed record SenderState(long Stamp, long WindowStartedAt, long WindowUsed, RollupState Rollups);
