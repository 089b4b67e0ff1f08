namespace Afterword.Server.Automation.Fairness;

/// <summary>What is known of one agent's conversations in a period.</summary>
/// <param name="Closed">All that were closed.</param>
/// <param name="Eligible">Tickets that came to the sample for the first time: the draw is always the same.</param>
/// <param name="Expected">How many of these the shares of their rules expect to be in it.</param>
/// <param name="Asked">How many were in it, and so were scheduled, whatever became of that.</param>
/// <param name="Scheduled">Tickets for which a request was scheduled.</param>
/// <param name="Withdrawn">Of these, those whose last request was withdrawn because the conversation was reopened.</param>
/// <param name="ByHand">Requests for this agent beside the rules.</param>
internal sealed record AgentCounts(string Agent, long Closed, long Eligible, double Expected, long Asked, long Scheduled, long Withdrawn, long ByHand)
{
    /// <summary>The share of the rules that decided.</summary>
    public double? ExpectedShare => Eligible == 0 ? null : Expected / Eligible;
}

/// <summary>A way to pick who is asked.</summary>
internal enum SelectionMethod
{
    /// <summary>More or fewer are in the sample than the rules expect.</summary>
    Sample,

    /// <summary>More requests by hand than the conversations account for.</summary>
    ByHand,

    /// <summary>More scheduled requests are withdrawn than of the others.</summary>
    Withdrawn,
}

/// <summary>What goes beyond chance for an agent.</summary>
internal sealed record FairnessFlag(string Agent, SelectionMethod Method);

/// <summary>Tells which agents' counts chance alone does not make, as <c>docs/automation.md</c> states it. Pure arithmetic.</summary>
/// <remarks>
/// Every agent is tested in up to three ways, each test by an exact distribution. Holm's method corrects for their number: where
/// everybody is fair, at most 5 % of pages name anybody at all.
/// </remarks>
internal static class JudgeFairness
{
    /// <summary>How often a page may name someone where all are fair.</summary>
    public const double Level = 0.05;

    public static IReadOnlyList<FairnessFlag> Judge(IReadOnlyList<AgentCounts> agents)
    {
        var (closed, byHand) = (agents.Sum(agent => agent.Closed), agents.Sum(agent => agent.ByHand));
        var (scheduled, withdrawn) = (agents.Sum(agent => agent.Scheduled), agents.Sum(agent => agent.Withdrawn));
        var tests = new List<(FairnessFlag Mark, double Chance)>();
        foreach (var agent in agents)
        {
            if (agent.ExpectedShare is > 0 and < 1) tests.Add((new(agent.Agent, SelectionMethod.Sample), OfSample(agent)));
            if (byHand > 0 && agent.Closed < closed) tests.Add((new(agent.Agent, SelectionMethod.ByHand), OfByHand(agent, byHand, closed)));
            if (withdrawn > 0 && agent.Scheduled > 0 && agent.Scheduled < scheduled) tests.Add((new(agent.Agent, SelectionMethod.Withdrawn), TailProbabilities.AtLeastAmong(agent.Withdrawn, agent.Scheduled, withdrawn, scheduled)));
        }

        // Holm: the smallest is held against all tests, the next against those that are left, until one holds.
        var ordered = tests.OrderBy(test => test.Chance).ToArray();
        return [.. ordered.TakeWhile((test, i) => test.Chance <= Level / (ordered.Length - i)).Select(test => test.Mark)];
    }

    // Both sides count. Where shares differ, the number in the sample varies less than with their mean for all of them (Hoeffding, 1956): the test errs on the side of the agent.
    private static double OfSample(AgentCounts agent)
    {
        var share = agent.ExpectedShare!.Value;
        return Math.Min(1, 2 * Math.Min(TailProbabilities.AtLeast(agent.Asked, agent.Eligible, share), TailProbabilities.AtMost(agent.Asked, agent.Eligible, share)));
    }

    // Whoever has had a third of the conversations has a third of the requests by hand, give or take chance. One of whom no conversation was closed counts as if there were one.
    private static double OfByHand(AgentCounts agent, long byHand, long closed) => TailProbabilities.AtLeast(agent.ByHand, byHand, Math.Max((double)agent.Closed / closed, 1.0 / (closed + 1)));
}
