using System.Globalization;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Languages;
using Afterword.Server.Reports;
using Afterword.Server.Reports.Pages;

namespace Afterword.Server.Automation.Pages;

/// <summary>Turns what was counted into what stands on the pages.</summary>
/// <param name="membership">Whose console.</param>
/// <param name="times">As whoever sits there reads them.</param>
internal sealed class AutomationPages(Membership membership, ConsoleTimes times)
{
    private const int FirstValues = 10;
    private const int MostValues = 1_000;
    private const int MostOffered = 100;

    private static readonly (string Name, string Label)[] s_chips =
        [("rule", "Rule"), ("agent", "Agent"), ("team", "Team"), ("tag", "Tag"), ("language", "Language"), ("channel", "Channel"), ("decision", "Decision"), ("reason", "Reason"), ("find", "Search")];

    /// <summary>The usual periods without any filter: the way out of one that is wrong.</summary>
    public static IReadOnlyList<LinkView> PlainRanges { get; } = [.. OverviewQuery.Ranges.Select(range => new LinkView(NameOf(range), $"?range={Say(range)}", Current: false))];

    public AutomationView View(AutomationForm form, string zone, Funnel funnel, LedgerPage list) => new(
        MetricTexts.Days(form.FirstDay, form.LastDay), zone, funnel.Since is { } since ? times.Minute(since) : null,
        [.. OverviewQuery.Ranges.Select(range => new LinkView(NameOf(range), form.With(("range", Say(range)), ("from", null), ("to", null)), form.Range == range))],
        Chips(form), form.Fields, Known(funnel), Steps(form, funnel), [.. Enum.GetValues<FunnelBreakdown>().Select(slice => Table(form, funnel, slice)).Where(table => table.Parts.Count > 0)], List(form, list),
        membership.AddressOf("automation/file") + form.With("find", null));

    public ConversationView View(Conversation one, LedgerLine line, RuleSet? rules, IReadOnlyList<LedgerLine> others, (long Id, long At, string? Agent)? byHand)
    {
        var explained = new ExplainDecision(one, rules, times);
        return new(
            Row(line), explained.Answer(), explained.Rules(), one.RulesVersion, Facts(one, line), Steps(one, byHand?.At),
            [.. others.Where(other => other.Id != one.Id).Select(Row)], one.PromptId is { } id ? membership.AddressOf($"answers/{Say(id)}") : null,
            byHand is var (_, at, agent) ? $"Somebody made a request about this ticket by hand on {times.Minute(at)}, outside the rules{(agent is null ? "" : $", for the agent {agent}")}." : null,
            byHand is var (made, _, _) ? membership.AddressOf($"answers/{Say(made)}") : null);
    }

    // What the fields of the filter offer while someone types.
    private static Dictionary<string, IReadOnlyList<string>> Known(Funnel funnel) =>
        Enum.GetValues<FunnelBreakdown>().ToDictionary(slice => slice.ToString().ToLowerInvariant(), IReadOnlyList<string> (slice) => [.. funnel.PartsBy(slice, MostOffered).Select(part => part.Value)]);

    private static List<ChipView> Chips(AutomationForm form)
    {
        var chips = s_chips.Where(chip => form.Fields.ContainsKey(chip.Name)).Select(chip => new ChipView($"{chip.Label}: {Shown(chip.Name, form.Fields[chip.Name])}", form.With(chip.Name, null))).ToList();
        if (form.Filter.Test) chips.Add(new("Test data only", form.With("test", null)));
        return chips;
    }

    private static string Shown(string name, string value) => name switch
    {
        "language" => LanguageNames.Of(value),
        "reason" => DecisionText.Of(Enum.GetValues<Reason>().First(reason => reason.Word == value)),
        "decision" => DecisionText.Of(Enum.GetValues<Decision>().First(decision => decision.Word == value)),
        _ => value,
    };

    private static List<FunnelRow> Steps(AutomationForm form, Funnel funnel)
    {
        var closed = funnel.All[FunnelStep.Closed];
        return [.. Enum.GetValues<FunnelStep>().Select(step => new FunnelRow(
            DecisionText.Of(step), DecisionText.MeaningOf(step), MetricTexts.Number(funnel.All[step]), step == FunnelStep.Closed || funnel.All[step - 1] == 0 ? "" : Share(funnel.All[step], funnel.All[step - 1]),
            closed == 0 ? 0 : 100.0 * funnel.All[step] / closed,
            [.. funnel.EndsAt(step).Where(end => end.End.Reached != FunnelStep.Commented).Select(end => new EndRow(DecisionText.Of(end.End), MetricTexts.Number(end.Count), AddressOf(form, end.End)))]))];
    }

    // Behind the request, the list of responses leads to them.
    private static string? AddressOf(AutomationForm form, FunnelEnd end) => end switch
    {
        { Reached: > FunnelStep.Scheduled } => null,
        { Reason: Reason.None } => form.With(("decision", Decision.Scheduled.Word), ("reason", null), ("find", null)) + "#ledger",
        { Reason: var reason } => form.With(("reason", reason.Word), ("decision", null), ("find", null)) + "#ledger",
    };

    private static FunnelTable Table(AutomationForm form, Funnel funnel, FunnelBreakdown slice)
    {
        var name = slice.ToString().ToLowerInvariant();
        var (isWhole, count) = (form.Fields.GetValueOrDefault(AutomationForm.All) == name, funnel.CountOf(slice));
        var parts = funnel.PartsBy(slice, isWhole ? MostValues : FirstValues);
        var hint = count > parts.Count ? string.Create(CultureInfo.InvariantCulture, $"Top {parts.Count:N0} of {count:N0} by conversations.") : null;
        var more = count <= FirstValues ? null : new LinkView(isWhole ? $"Top {FirstValues}" : $"Show all {MetricTexts.Number(count)}", form.With(AutomationForm.All, isWhole ? null : name), isWhole);
        return new(name, $"By {name}", slice.ToString(), hint, more, [.. parts.Select(part =>
        {
            var (current, counts) = (form.Fields.GetValueOrDefault(name) == part.Value, part.Counts);
            return new FunnelPart(
                part.Value, form.With(name, current ? null : part.Value), current, MetricTexts.Number(counts[FunnelStep.Closed]), MetricTexts.Number(counts[FunnelStep.Eligible]),
                MetricTexts.Number(counts[FunnelStep.Asked]), MetricTexts.Number(counts[FunnelStep.Scored]), Share(counts[FunnelStep.Scored], counts[FunnelStep.Delivered]));
        })]);
    }

    private LedgerView List(AutomationForm form, LedgerPage page) => new(
        page.Lines.Count == 1 ? "1 conversation" : $"{page.Lines.Count} conversations", [.. page.Lines.Select(Row)], page.Next is { } next ? $"{form.With("before", Say(next))}#ledger" : null,
        page.LookedBackTo is { } time ? $"Look before {times.Day(time)}" : "Older", form.Before == long.MaxValue ? null : $"{form.With("before", null)}#ledger",
        page.LookedBackTo is { } back ? times.Day(back) : null, form.Fields.ContainsKey("find"), Chips(form).Count > 0);

    private LedgerRow Row(LedgerLine line) => new(
        membership.AddressOf($"automation/{Say(line.Id)}"), DecisionText.TicketOf(line.ExternalId), line.Name, line.Handle, line.Agent, line.Team, line.Tags, line.Rule, ConsoleTimes.Machine(line.ClosedAt), times.Minute(line.ClosedAt),
        DecisionText.Of(line.Decision), DecisionText.ToneOf(line.Decision), Why(line), line.Test, line.ByHand);

    private string Why(LedgerLine line) => line.Decision switch
    {
        Decision.Asked => DecisionText.Of(line.End),
        Decision.Scheduled when line.DueAt is { } due => $"Due on {times.Minute(due)}",
        _ => DecisionText.Of(line.End),
    };

    private static List<FactView> Facts(Conversation one, LedgerLine line)
    {
        var facts = new List<FactView> { new("Customer", line.Handle is null ? "unknown" : $"{line.Name} (@{line.Handle})"), new("Ticket ID", DecisionText.TicketOf(one.ExternalId)) };
        Add("Agent", one.Agent);
        Add("Team", one.Team);
        Add("Tags", one.Tags is { } tags ? string.Join(", ", tags.All) : null);
        Add("Language", one.Language is { } language ? LanguageNames.Of(language) : null);
        Add("Told by", one.Connector);
        Add("Messages", one.Messages?.ToString(CultureInfo.InvariantCulture));
        Add("Messages of the agent", one.AgentMessages?.ToString(CultureInfo.InvariantCulture));
        Add("Rule", one.Rule);
        Add("Rules version", one.RulesVersion == 0 ? "none saved" : Say(one.RulesVersion));
        Add("Share of the rule", one.Rate is { } rate ? string.Create(CultureInfo.InvariantCulture, $"{rate.Value * 100:0.####}%") : null);
        Add("Draw", one.Draw is { } draw ? draw.Value.ToString("0.######", CultureInfo.InvariantCulture) : null);
        Add("Times closed", one.Closes > 1 ? Say(one.Closes) : null);
        Add("ID", Say(one.Id));
        return facts;

        void Add(string name, string? value)
        {
            if (value is not null) facts.Add(new(name, value));
        }
    }

    private List<FactView> Steps(Conversation one, long? byHand)
    {
        var steps = new List<(long At, string What)> { (one.ClosedAt, "Closed") };
        if (one.CreatedAt - one.ClosedAt > 60_000) steps.Add((one.CreatedAt, "You told us"));
        if (one.PlannedAt is { } planned && one.Decision is Decision.Scheduled or Decision.Asked) steps.Add((planned, one.Decision == Decision.Scheduled ? "To be asked" : "Due"));
        if (one.UpdatedAt > one.CreatedAt && one.Decision is not Decision.Scheduled) steps.Add((one.UpdatedAt, one.Decision == Decision.Skipped && one.PlannedAt is null ? "Closed again" : DecisionText.Of(one.Decision)));
        if (byHand is { } made) steps.Add((made, "Requested by hand"));
        return [.. steps.OrderBy(step => step.At).Select(step => new FactView(step.What, times.Minute(step.At)))];
    }

    private static string NameOf(int range) => range == 365 ? "12 months" : $"{range} days";

    private static string Share(long part, long whole) => whole == 0 ? MetricTexts.None : MetricTexts.Percent((double)part / whole);

    private static string Say(long number) => number.ToString(CultureInfo.InvariantCulture);
}
