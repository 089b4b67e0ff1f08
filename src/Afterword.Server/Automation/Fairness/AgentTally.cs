using Afterword.Server.Automation.Funnels;

namespace Afterword.Server.Automation.Fairness;

/// <summary>Counts conversations and requests by agent, one after the other: the page and the alert compare the same numbers.</summary>
internal sealed class AgentTally
{
    private readonly Dictionary<string, Counting> _agents = new(StringComparer.Ordinal);
    private readonly HashSet<long> _drawn = [];

    public IReadOnlyList<AgentCounts> Counts => [.. _agents.Select(agent => agent.Value.Counts(agent.Key))];

    /// <summary>Counts a conversation.</summary>
    /// <param name="agent">Whose it was.</param>
    /// <param name="end">How far it came.</param>
    /// <param name="share">The share of the rule that decided, in millionths; null where none did.</param>
    /// <param name="draw">What was drawn; null where nothing was.</param>
    public void Add(string agent, FunnelEnd end, long? share, long? draw)
    {
        var counting = Of(agent);
        counting.Closed++;
        if (end.Reached < FunnelStep.Eligible || share is null) return;

        var isInSample = end.Reached >= FunnelStep.Scheduled;
        if (isInSample) counting.Scheduled++;
        if (isInSample && end.Reason == Reason.Reopened) counting.Withdrawn++;

        // A ticket that is closed again has the same draw: it says nothing new. The draw stays where the ticket's id was removed.
        if (draw is { } drawn && !_drawn.Add(drawn)) return;

        counting.Eligible++;
        counting.Millionths += share.Value;
        if (isInSample) counting.Asked++;
    }

    /// <summary>Notes how many requests somebody made for an agent outside the rules.</summary>
    public void ByHand(string agent, long many) => Of(agent).ByHand = many;

    private Counting Of(string agent)
    {
        if (!_agents.TryGetValue(agent, out var counting)) _agents[agent] = counting = new();
        return counting;
    }

    private sealed class Counting
    {
        public long Closed { get; set; }

        public long Eligible { get; set; }

        public long Millionths { get; set; }

        public long Asked { get; set; }

        public long Scheduled { get; set; }

        public long Withdrawn { get; set; }

        public long ByHand { get; set; }

        public AgentCounts Counts(string agent) => new(agent, Closed, Eligible, Millionths / (double)Rules.Share.Whole, Asked, Scheduled, Withdrawn, ByHand);
    }
}
