using System.Globalization;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports;
using Afterword.Server.Reports.Pages;

namespace Afterword.Server.Automation.Fairness;

/// <summary>Turns counts by agent into what stands on the page, and says of whom chance does not explain them.</summary>
/// <param name="membership">Whose console.</param>
/// <param name="times">As whoever sits there reads them.</param>
internal sealed class FairnessPages(Membership membership, ConsoleTimes times)
{
    private const int MostRows = 100;

    public FairnessView View(AutomationForm form, AgentsFound found)
    {
        var marks = JudgeFairness.Judge(found.Agents).ToLookup(flag => flag.Agent, flag => flag.Method);
        var ordered = found.Agents.OrderByDescending(agent => marks.Contains(agent.Agent)).ThenByDescending(agent => agent.Closed).ThenBy(agent => agent.Agent, StringComparer.Ordinal).ToArray();
        return new(
            MetricTexts.Days(form.FirstDay, form.LastDay), Iso(form.FirstDay), Iso(form.LastDay),
            [.. OverviewQuery.Ranges.Select(range => new LinkView(range == 365 ? "12 months" : Say($"{range} days"), Say($"?range={range}"), form.Range == range))],
            found.Since is { } since ? times.Minute(since) : null,
            [.. ordered.Where(agent => marks.Contains(agent.Agent)).Select(agent => new NamedAgent(
                agent.Agent, AddressOf(form, agent), [.. marks[agent.Agent].Order().Select(method => Sentence(agent, method, found.Agents))], marks[agent.Agent].Contains(SelectionMethod.ByHand) ? ByHandOf(form, agent) : null))],
            [.. ordered.Take(MostRows).Select(agent => Row(form, agent, found.Agents, marks.Contains(agent.Agent)))], Math.Max(0, ordered.Length - MostRows), form.Range is null or < 365,
            string.Join(' ', Unnamed(found.Unnamed, "conversation", ""), Unnamed(found.UnnamedByHand, "request", " made by hand")).Trim());
    }

    private static string Sentence(AgentCounts agent, SelectionMethod method, IReadOnlyList<AgentCounts> all)
    {
        switch (method)
        {
            case SelectionMethod.Sample:
                var (asked, expected) = ((double)agent.Asked / agent.Eligible, agent.ExpectedShare!.Value);
                return Say($"{MetricTexts.Percent(asked)} of the eligible conversations were chosen to be asked about, {(asked < expected ? "fewer" : "more")} than the {MetricTexts.Percent(expected)} that the rules expect. Chance does not explain the difference.");
            case SelectionMethod.ByHand:
                return Say($"{Count(agent.ByHand, "request")} made by hand, outside the rules; {agent.Closed * (double)all.Sum(one => one.ByHand) / all.Sum(one => one.Closed):0.#} would be expected. Chance does not explain the difference.");
            default:
                var (others, theirs) = (all.Sum(one => one.Scheduled) - agent.Scheduled, all.Sum(one => one.Withdrawn) - agent.Withdrawn);
                return Say($"{MetricTexts.Number(agent.Withdrawn)} of {Count(agent.Scheduled, "scheduled request")} withdrawn because the conversation was reopened, against {MetricTexts.Percent((double)theirs / others)} of the others'. Chance does not explain the difference.");
        }
    }

    private FairnessRow Row(AutomationForm form, AgentCounts agent, IReadOnlyList<AgentCounts> all, bool isNamed)
    {
        var share = Intervals.Share(agent.Asked, agent.Eligible);
        var (byHand, closed) = (all.Sum(one => one.ByHand), all.Sum(one => one.Closed));
        return new(
            agent.Agent, AddressOf(form, agent), MetricTexts.Number(agent.Closed), MetricTexts.Number(agent.Eligible),
            agent.ExpectedShare is { } expected ? MetricTexts.Percent(expected) : MetricTexts.None, share is { } asked ? MetricTexts.Percent(asked.Value) : MetricTexts.None,
            share is { } interval ? MetricTexts.Percents(interval) : "", share?.Value * 100, share?.Low * 100, share?.High * 100, agent.ExpectedShare * 100,
            MetricTexts.Number(agent.ByHand), byHand == 0 || closed == 0 ? "" : Say($" (expected {(double)byHand * agent.Closed / closed:0.#})"), agent.ByHand == 0 ? null : ByHandOf(form, agent),
            agent.Scheduled == 0 ? MetricTexts.None : Say($"{agent.Withdrawn:N0} of {agent.Scheduled:N0}"), isNamed);
    }

    private static string Unnamed(long many, string what, string how) => many == 0 ? "" : Say($"{many:N0} {what}{(many == 1 ? "" : "s")}{how} without an agent.");

    private string AddressOf(AutomationForm form, AgentCounts agent) => membership.AddressOf("automation") + form.With(("agent", agent.Agent), ("find", null));

    private string ByHandOf(AutomationForm form, AgentCounts agent) =>
        $"{membership.AddressOf("answers")}?origin={Overview.ByHand}&show=all&from={Iso(form.FirstDay)}&to={Iso(form.LastDay)}&agent={Uri.EscapeDataString(agent.Agent)}";

    private static string Count(long number, string word) => Say($"{number:N0} {word}{(number == 1 ? " was" : "s were")}");

    private static string Iso(long day) => DateOnly.FromDayNumber((int)day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Say(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
