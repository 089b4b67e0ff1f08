using Afterword.Server.Automation.Funnels;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Fairness;

/// <summary>What is known of the agents of a sender in a period.</summary>
/// <param name="Unnamed">How many conversations have no agent, and are compared with nothing.</param>
/// <param name="UnnamedByHand">The same of requests beside the rules: whoever picks may well not say so.</param>
/// <param name="Since">Only what happened since then is counted, because there is too much: Unix milliseconds; null when all is.</param>
internal sealed record AgentsFound(IReadOnlyList<AgentCounts> Agents, long Unnamed, long UnnamedByHand, long? Since);

/// <summary>Counts by agent from the conversations and requests themselves; a page reads <see cref="ReadFunnel.MostRead"/> of each at most.</summary>
internal sealed class ReadFairness(Store store)
{
    /// <param name="filter">The period; tests never count.</param>
    /// <param name="stop">Gives up.</param>
    public Task<AgentsFound> RunAsync(ConversationFilter filter, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var (counter, unnamed, unnamedByHand) = (new AgentCounter(), 0L, 0L);
            var read = await ReadFunnel.LatestAsync(session, filter, stop);
            await ReadFunnel.EachAsync(
                session, $"c.agent, c.share, c.draw, {AgentCounter.FirstDrawSql}", read,
                row =>
                {
                    if (row.TextOrNull(4) is { } agent) counter.Add(agent, ReadFunnel.EndOf(row), row.LongOrNull(5), row.LongOrNull(6), row.Flag(7));
                    else unnamed++;
                },
                stop);
            foreach (var (agent, count) in await ByHandAsync(session, read, stop))
            {
                if (agent is null) unnamedByHand = count;
                else counter.ByHand(agent, count);
            }

            return new AgentsFound(counter.Counts, unnamed, unnamedByHand, read.From > filter.From ? read.From : null);
        },
        stop);

    /// <summary>Requests that someone made beside the rules, by the agent that they were made for; null where nobody was named.</summary>
    private static Task<List<(string? Agent, long Count)>> ByHandAsync(Session session, ConversationFilter filter, CancellationToken stop) => session.Sql(
        """
        with latest as (
            select p.agent, p.automatic, p.test, p.created_at from prompt p
            where p.sender_id = @sender and p.id >= @above and p.id < @below order by p.id desc limit @most)
        select agent, count(*) from latest where automatic = 0 and test = 0 and created_at >= @from and created_at <= @to group by agent
        """)
        .Bind("sender", filter.SenderId).Bind("above", Snowflakes.FirstOf(Math.Max(0, filter.HeardFrom))).Bind("below", Snowflakes.FirstOf(filter.HeardTo)).Bind("most", ReadFunnel.MostRead)
        .Bind("from", filter.From).Bind("to", filter.To)
        .ListAsync(row => (row.TextOrNull(0), row.GetInt64(1)), stop);
}
