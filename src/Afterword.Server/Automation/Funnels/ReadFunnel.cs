using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Funnels;

/// <summary>Counts the funnel of a period from the conversations themselves, so that every filter can be combined with every other.</summary>
/// <remarks>A page reads <see cref="MostRead"/> of them at most. Where the period has more, it is of the latest, and says since when.</remarks>
internal sealed class ReadFunnel(Store store)
{
    /// <summary>The most conversations that a page reads. On SQLite about 0.2 s of processor time.</summary>
    public const long MostRead = 50_000;

    // Of those that were heard of when the period was over.
    private const long MostLate = 10_000;

    /// <summary>Counts.</summary>
    /// <param name="filter">Which conversations; what was decided is not asked.</param>
    /// <param name="stop">Gives up.</param>
    public Task<Funnel> RunAsync(ConversationFilter filter, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var funnel = new Funnel();
            var read = await LatestAsync(session, filter.OfEveryDecision, stop);
            if (read.From > filter.From) funnel.Since = read.From;

            await EachAsync(
                session, "c.rule, c.agent, c.team, c.tags", read,
                row => funnel.Add(EndOf(row), row.TextOrNull(4), row.TextOrNull(5), row.TextOrNull(6), Tags.OfStored(row.TextOrNull(7))), stop);
            return funnel;
        },
        stop);

    /// <summary>The filter, cut so that no more conversations than <see cref="MostRead"/> have to be looked at.</summary>
    public static async Task<ConversationFilter> LatestAsync(Session session, ConversationFilter filter, CancellationToken stop)
    {
        var edge = await session.Sql(
            "select c.created_at from conversation c where c.sender_id = @sender and c.created_at >= @first and c.created_at <= @last order by c.created_at desc, c.id desc limit 1 offset @most")
            .Bind("sender", filter.SenderId).Bind("first", filter.HeardFrom).Bind("last", filter.HeardTo).Bind("most", MostRead).FirstAsync(row => (long?)row.GetInt64(0), stop);
        return edge is { } heard ? filter.After(heard) : filter;
    }

    /// <summary>Hands over each conversation of a filter that <see cref="LatestAsync"/> has cut: columns for <see cref="EndOf"/>, then those that are named.</summary>
    public static async Task EachAsync(Session session, string columns, ConversationFilter filter, Action<Row> read, CancellationToken stop)
    {
        var sql = $"select c.decision, c.reason, case when c.planned_at is null then 0 else 1 end, {FunnelEnd.RequestSql}, {columns} from conversation c where c.sender_id = @sender";
        await filter.Bind(session.Sql($"{sql} and c.created_at >= @first and c.created_at <= @last{filter.Sql()} order by c.created_at"))
            .Bind("first", filter.HeardFrom).Bind("last", filter.HeardTo).EachAsync(read, stop);

        // Then those of which the sender told late: behind the period there may be many that are none of it.
        var edge = await session.Sql(
            "select c.created_at from conversation c where c.sender_id = @sender and c.created_at > @first and c.created_at <= @last order by c.created_at, c.id limit 1 offset @most")
            .Bind("sender", filter.SenderId).Bind("first", filter.HeardTo).Bind("last", filter.HeardLate).Bind("most", MostLate).FirstAsync(row => (long?)row.GetInt64(0), stop);
        await filter.Bind(session.Sql($"{sql} and c.created_at > @first and c.created_at <= @last{filter.Sql()} order by c.created_at"))
            .Bind("first", filter.HeardTo).Bind("last", edge ?? filter.HeardLate).EachAsync(read, stop);
    }

    /// <summary>How far the conversation of a row has come.</summary>
    public static FunnelEnd EndOf(Row row) => FunnelEnd.Of((Decision)row.GetInt32(0), (Reason)row.GetInt32(1), row.Flag(2), row.IsDBNull(3) ? null : row.GetInt32(3));
}
