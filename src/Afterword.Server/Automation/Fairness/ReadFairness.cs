using Afterword.Server.Automation.Funnels;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Fairness;

/// <summary>What is known of the agents of a sender in a period.</summary>
/// <param name="Unnamed">How many conversations have no agent, and are compared with nothing.</param>
/// <param name="Since">Only what happened since then is counted, because there is too much: Unix milliseconds; null when all is.</param>
internal sealed record AgentsFound(IReadOnlyList<AgentCounts> Agents, long Unnamed, long? Since);

/// <summary>Counts by agent from the conversations and requests themselves; a page reads <see cref="ReadFunnel.MostRead"/> of each at most.</summary>
internal sealed class ReadFairness(Store store)
{
    /// <param name="filter">The period; tests never count.</param>
    /// <param name="stop">Gives up.</param>
    public Task<AgentsFound> RunAsync(ConversationFilter filter, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var (agents, drawn, unnamed) = (new Dictionary<string, Counting>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal), 0L);
            var read = await ReadFunnel.LatestAsync(session, filter, stop);
            await ReadFunnel.EachAsync(
                session, "c.agent, c.share, c.external_id", read,
                row =>
                {
                    if (row.TextOrNull(4) is { } agent) Of(agents, agent).Add(ReadFunnel.EndOf(row), row.LongOrNull(5), row.GetString(6), drawn);
                    else unnamed++;
                },
                stop);
            foreach (var (agent, count) in await ByHandAsync(session, read, stop)) Of(agents, agent).ByHand = count;
            return new AgentsFound([.. agents.Select(agent => agent.Value.Counts(agent.Key))], unnamed, read.From > filter.From ? read.From : null);
        },
        stop);

    /// <summary>Requests that somebody made for an agent beside the rules.</summary>
    private static Task<List<(string Agent, long Count)>> ByHandAsync(Session session, ConversationFilter filter, CancellationToken stop) => session.Sql(
        """
        with latest as (
            select p.agent, p.automatic, p.test, p.created_at from prompt p
            where p.sender_id = @sender and p.id >= @above and p.id < @below order by p.id desc limit @most)
        select agent, count(*) from latest where agent is not null and automatic = 0 and test = 0 and created_at >= @from and created_at <= @to group by agent
        """)
        .Bind("sender", filter.SenderId).Bind("above", Snowflakes.FirstOf(Math.Max(0, filter.HeardFrom))).Bind("below", Snowflakes.FirstOf(filter.HeardTo)).Bind("most", ReadFunnel.MostRead)
        .Bind("from", filter.From).Bind("to", filter.To)
        .ListAsync(row => (row.GetString(0), row.GetInt64(1)), stop);

    private static Counting Of(Dictionary<string, Counting> agents, string agent)
    {
        if (!agents.TryGetValue(agent, out var counting)) agents[agent] = counting = new();
        return counting;
    }

    private sealed class Counting
    {
        private long _closed;
        private long _eligible;
        private long _millionths;
        private long _asked;
        private long _scheduled;
        private long _withdrawn;

        public long ByHand { get; set; }

        public void Add(FunnelEnd end, long? share, string externalId, HashSet<string> drawn)
        {
            _closed++;
            if (end.Reached < FunnelStep.Eligible || share is null) return;

            var isInSample = end.Reached >= FunnelStep.Scheduled;
            if (isInSample) _scheduled++;
            if (isInSample && end.Reason == Reason.Reopened) _withdrawn++;

            // A ticket that is closed again has the same draw: it says nothing new.
            if (!drawn.Add(externalId)) return;

            _eligible++;
            _millionths += share.Value;
            if (isInSample) _asked++;
        }

        public AgentCounts Counts(string agent) => new(agent, _closed, _eligible, _millionths / (double)Rules.Share.Whole, _asked, _scheduled, _withdrawn, ByHand);
    }
}
