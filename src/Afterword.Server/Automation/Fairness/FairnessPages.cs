using System.Globalization;
using Afterword.Server.Access.Console;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Reports;
using Afterword.Server.Reports.Pages;

namespace Afterword.Server.Automation.Fairness;

/// <summary>Turns counts by agent into what stands on the page, and says of whom chance does not explain them.</summary>
/// <param name="seat">Whose console.</param>
/// <param name="times">As whoever sits there reads them.</param>
internal sealed class FairnessPages(Seat seat, ConsoleTimes times)
{
    private const int MostRows = 100;

    public FairnessView View(AutomationForm form, AgentsFound found)
    {
        var marks = JudgeFairness.Judge(found.Agents).ToLookup(mark => mark.Agent, mark => mark.Picking);
        var ordered = found.Agents.OrderByDescending(agent => marks.Contains(agent.Agent)).ThenByDescending(agent => agent.Closed).ThenBy(agent => agent.Agent, StringComparer.Ordinal).ToArray();
        return new(
            FigureWords.Days(form.FirstDay, form.LastDay), Iso(form.FirstDay), Iso(form.LastDay),
            [.. OverviewQuery.Ranges.Select(range => new LinkView(range == 365 ? "12 months" : Say($"{range} days"), Say($"?range={range}"), form.Range == range))],
            found.Since is { } since ? times.Minute(since) : null,
            [.. ordered.Where(agent => marks.Contains(agent.Agent)).Select(agent => new NamedAgent(
                agent.Agent, AddressOf(form, agent), [.. marks[agent.Agent].Order().Select(picking => Sentence(agent, picking, found.Agents))], marks[agent.Agent].Contains(Picking.ByHand) ? ByHandOf(form, agent) : null))],
            [.. ordered.Take(MostRows).Select(agent => Row(form, agent, found.Agents, marks.Contains(agent.Agent)))], Math.Max(0, ordered.Length - MostRows), form.Range is null or < 365,
            string.Join(' ', Unnamed(found.Unnamed, "conversation", ""), Unnamed(found.UnnamedByHand, "request", " made by hand")).Trim());
    }

    private static string Sentence(AgentCounts agent, Picking picking, IReadOnlyList<AgentCounts> all)
    {
        switch (picking)
        {
            case Picking.Sample:
                var (asked, expected) = ((double)agent.Asked / agent.Eligible, agent.ExpectedShare!.Value);
                return Say($"{FigureWords.Percent(asked)} of the eligible conversations were chosen to be asked about, {(asked < expected ? "fewer" : "more")} than the {FigureWords.Percent(expected)} that the rules expect. Chance does not explain the difference.");
            case Picking.ByHand:
                return Say($"{Count(agent.ByHand, "request")} made by hand, outside the rules; {agent.Closed * (double)all.Sum(one => one.ByHand) / all.Sum(one => one.Closed):0.#} would be expected. Chance does not explain the difference.");
            default:
                var (others, theirs) = (all.Sum(one => one.Scheduled) - agent.Scheduled, all.Sum(one => one.Withdrawn) - agent.Withdrawn);
                return Say($"{FigureWords.Number(agent.Withdrawn)} of {Count(agent.Scheduled, "scheduled request")} withdrawn because the conversation was reopened, against {FigureWords.Percent((double)theirs / others)} of the others'. Chance does not explain the difference.");
        }
    }

    private FairnessRow Row(AutomationForm form, AgentCounts agent, IReadOnlyList<AgentCounts> all, bool isNamed)
    {
        var share = Intervals.Share(agent.Asked, agent.Eligible);
        var (byHand, closed) = (all.Sum(one => one.ByHand), all.Sum(one => one.Closed));
        return new(
            agent.Agent, AddressOf(form, agent), FigureWords.Number(agent.Closed), FigureWords.Number(agent.Eligible),
            agent.ExpectedShare is { } expected ? FigureWords.Percent(expected) : FigureWords.None, share is { } asked ? FigureWords.Percent(asked.Value) : FigureWords.None,
            share is { } interval ? FigureWords.Percents(interval) : "", share?.Value * 100, share?.Low * 100, share?.High * 100, agent.ExpectedShare * 100,
            FigureWords.Number(agent.ByHand), byHand == 0 || closed == 0 ? "" : Say($" (expected {(double)byHand * agent.Closed / closed:0.#})"), agent.ByHand == 0 ? null : ByHandOf(form, agent),
            agent.Scheduled == 0 ? FigureWords.None : Say($"{agent.Withdrawn:N0} of {agent.Scheduled:N0}"), isNamed);
    }

    private static string Unnamed(long many, string what, string how) => many == 0 ? "" : Say($"{many:N0} {what}{(many == 1 ? "" : "s")}{how} without an agent.");

    private string AddressOf(AutomationForm form, AgentCounts agent) => seat.AddressOf("automation") + form.With(("agent", agent.Agent), ("find", null));

    private string ByHandOf(AutomationForm form, AgentCounts agent) =>
        $"{seat.AddressOf("answers")}?origin={Overview.ByHand}&show=all&from={Iso(form.FirstDay)}&to={Iso(form.LastDay)}&agent={Uri.EscapeDataString(agent.Agent)}";

    private static string Count(long number, string word) => Say($"{number:N0} {word}{(number == 1 ? " was" : "s were")}");

    private static string Iso(long day) => DateOnly.FromDayNumber((int)day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Say(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
