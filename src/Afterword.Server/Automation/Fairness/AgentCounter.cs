using Afterword.Server.Automation.Funnels;

namespace Afterword.Server.Automation.Fairness;

/// <summary>Counts conversations and requests by agent, one after the other: the page and the alert compare the same numbers.</summary>
internal sealed class AgentCounter
{
    /// <summary>
    /// Whether a conversation <c>c</c> came to the sample, and none of its ticket did before. Only then its draw says something: a ticket keeps its draw, and
    /// what becomes of it when it is closed again depends on it. Who was asked may be asked again; who was not is only counted where it was drawn.
    /// </summary>
    public const string FirstDrawSql =
        """
        case when (c.planned_at is not null or c.reason = 4) and not exists (
            select 1 from conversation d
            where d.sender_id = c.sender_id and d.external_id = c.external_id and c.external_id <> '' and d.test = c.test and (d.created_at, d.id) < (c.created_at, c.id) and (d.planned_at is not null or d.reason = 4))
        then 1 else 0 end
        """;

    private readonly Dictionary<string, AgentCount> _agents = new(StringComparer.Ordinal);
    private readonly Dictionary<long, (AgentCount Agent, bool Withdrawn)> _scheduled = [];
    private readonly HashSet<long> _drawn = [];

    public IReadOnlyList<AgentCounts> Counts => [.. _agents.Select(agent => agent.Value.Counts(agent.Key))];

    /// <summary>Counts a conversation, in the order in which they were heard of.</summary>
    /// <param name="agent">Whose it was.</param>
    /// <param name="end">How far it came.</param>
    /// <param name="share">The share of the rule that decided, in millionths; null where none did.</param>
    /// <param name="draw">Of its ticket, which it stands for; null where its customer was erased.</param>
    /// <param name="isFirstDraw">What <see cref="FirstDrawSql"/> gave.</param>
    public void Add(string agent, FunnelEnd end, long? share, long? draw, bool isFirstDraw)
    {
        var count = Of(agent);
        count.Closed++;
        if (end.Reached < FunnelStep.Eligible || share is null) return;

        var isInSample = end.Reached >= FunnelStep.Scheduled;
        if (isInSample) Schedule(count, draw, end.Reason == Reason.Reopened);

        // Where retention removed the ticket's id, its draw still tells it from others.
        if (!isFirstDraw || (draw is { } drawn && !_drawn.Add(drawn))) return;

        count.Eligible++;
        count.Millionths += share.Value;
        if (isInSample) count.Asked++;
    }

    // A ticket counts once, for the agent who closed it last and as it ended: that one customer opens it five times is not five withdrawals, and who is asked after all was not picked.
    private void Schedule(AgentCount agent, long? draw, bool isWithdrawn)
    {
        if (draw is { } ticket)
        {
            if (_scheduled.TryGetValue(ticket, out var before))
            {
                before.Agent.Scheduled--;
                if (before.Withdrawn) before.Agent.Withdrawn--;
            }

            _scheduled[ticket] = (agent, isWithdrawn);
        }

        agent.Scheduled++;
        if (isWithdrawn) agent.Withdrawn++;
    }

    /// <summary>Notes how many requests someone made for an agent outside the rules.</summary>
    public void ByHand(string agent, long many) => Of(agent).ByHand = many;

    private AgentCount Of(string agent)
    {
        if (!_agents.TryGetValue(agent, out var count)) _agents[agent] = count = new();
        return count;
    }

    private sealed class AgentCount
    {
        public long Closed { get; set; }

        public long Eligible { get; set; }

        public long Millionths { get; set; }

        public long Asked { get; set; }

        public long Scheduled { get; set; }

        public long Withdrawn { get; set; }

        public long ByHand { get; set; }

        public AgentCounts Counts(string agent) => new(agent, Closed, Eligible, Millionths / (double)Rules.SamplingRate.Whole, Asked, Scheduled, Withdrawn, ByHand);
    }
}
