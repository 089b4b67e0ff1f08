using System.Runtime.InteropServices;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation.Funnels;

/// <summary>What became of the conversations that were closed in a period: each counts where it was closed, whenever it was asked about and answered.</summary>
internal sealed class Funnel
{
    private readonly Dictionary<FunnelEnd, long> _ends = [];
    private readonly Dictionary<FunnelBreakdown, Dictionary<string, FunnelCounts>> _parts = Enum.GetValues<FunnelBreakdown>().ToDictionary(slice => slice, _ => new Dictionary<string, FunnelCounts>(StringComparer.Ordinal));

    public FunnelCounts All { get; } = new();

    /// <summary>Only what was closed since this time is counted, because there is too much: Unix milliseconds; null when all is.</summary>
    public long? Since { get; set; }

    /// <summary>Why those who reached a step went no further, the most frequent first.</summary>
    public IEnumerable<(FunnelEnd End, long Count)> EndsAt(FunnelStep step) =>
        _ends.Where(end => end.Key.Reached == step).OrderByDescending(end => end.Value).ThenBy(end => end.Key.Reason).Select(end => (end.Key, end.Value));

    /// <summary>The values of a breakdown, those with most conversations first.</summary>
    /// <param name="slice">What it is by.</param>
    /// <param name="most">The most values.</param>
    public IReadOnlyList<(string Value, FunnelCounts Counts)> PartsBy(FunnelBreakdown slice, int most) =>
        [.. _parts[slice].OrderByDescending(part => part.Value[FunnelStep.Closed]).ThenBy(part => part.Key, StringComparer.Ordinal).Take(most).Select(part => (part.Key, part.Value))];

    public int CountOf(FunnelBreakdown slice) => _parts[slice].Count;

    public void Add(FunnelEnd end, string? rule, string? agent, string? team, Tags? tags)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_ends, end, out _)++;
        All.Add(end.Reached);
        Add(FunnelBreakdown.Rule, rule, end.Reached);
        Add(FunnelBreakdown.Agent, agent, end.Reached);
        Add(FunnelBreakdown.Team, team, end.Reached);
        foreach (var tag in tags?.All ?? []) Add(FunnelBreakdown.Tag, tag, end.Reached);
    }

    private void Add(FunnelBreakdown slice, string? value, FunnelStep reached)
    {
        if (value is null) return;

        (CollectionsMarshal.GetValueRefOrAddDefault(_parts[slice], value, out _) ??= new()).Add(reached);
    }
}

/// <summary>What a funnel is broken down by.</summary>
internal enum FunnelBreakdown
{
    Rule,
    Agent,
    Team,
    Tag,
}
