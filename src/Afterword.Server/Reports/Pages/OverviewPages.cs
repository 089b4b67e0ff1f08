using System.Globalization;
using Afterword.Server.Answers.Pages;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Rollups;

namespace Afterword.Server.Reports.Pages;

/// <summary>Turns an <see cref="Overview"/> into what stands on its page.</summary>
/// <param name="membership">Whose console.</param>
/// <param name="overview">What was calculated.</param>
/// <param name="questions">Names the question variants.</param>
/// <param name="problem">What was wrong with the days that were asked for.</param>
internal sealed class OverviewPages(Membership membership, Overview overview, Questions questions, string? problem)
{
    private static readonly string[] s_satisfaction = ["very dissatisfied", "dissatisfied", "neutral", "satisfied", "very satisfied"];

    private readonly OverviewQuery _query = overview.Query;
    private readonly bool _isNps = overview.Type == PromptType.Nps;

    // A part of the whole with few answers would show what single customers said.
    private bool IsHidden => overview.Now.IsHidden;

    public OverviewView View()
    {
        var (now, before) = (overview.Now, overview.Before);
        return new(
            MetricTexts.Days(now.From, now.To), before.Metrics.Counts.Sent == 0 ? null : MetricTexts.Days(before.From, before.To), overview.Zone, problem, Limit(), _query.Test, _isNps,
            now.Metrics.Counts.Sent == 0 && before.Metrics.Counts.Sent == 0 && _query.Only is null,
            [Link("CSAT", _query with { Type = PromptType.Csat }, !_isNps), Link("NPS", _query with { Type = PromptType.Nps }, _isNps)],
            [.. OverviewQuery.Ranges.Select(range => Link(range == 365 ? "12 months" : $"{range} days", _query with { Range = range, From = null, To = null }, _query.Range == range))],
            [.. Enum.GetValues<ChartInterval>().Select(chartInterval => Link(NameOf(chartInterval), _query with { ChartInterval = chartInterval }, overview.ChartInterval == chartInterval))],
            Link(_query.Test ? "Show real feedback" : "Show test feedback", _query with { Test = !_query.Test }, _query.Test),
            Iso(now.From), Iso(now.To), Kept(), new MetricCards(overview.Now, overview.Before, overview.Points).All(), Line(), Bars(), Breakdowns(), Today());
    }

    private static LinkView Link(string text, OverviewQuery query, bool current) => new(text, query.ToString(), current);

    private LimitView? Limit() => _query.Only is var (breakdown, value) ? new($"{NameOf(breakdown)}: {NameOf(breakdown, value)}", (_query with { Only = null }).ToString()) : null;

    // What the form for days of one's own must not lose.
    private List<FieldView> Kept()
    {
        var kept = new List<FieldView>();
        if (_query.Type is { } type) kept.Add(new("type", type.Wire));
        if (_query.ChartInterval is { } chartInterval) kept.Add(new("by", OverviewQuery.WordOf(chartInterval)));
        if (_query.Test) kept.Add(new("test", "1"));
        if (_query.Only is var (breakdown, value)) kept.Add(new("only", $"{OverviewQuery.WordOf(breakdown)}:{value}"));
        if (_query.Sort is { } sort) kept.Add(new("sort", sort));
        return kept;
    }

    private LineView Line()
    {
        var (step, before) = (OverviewQuery.WordOf(overview.ChartInterval), Before());
        return new(
            $"{(_isNps ? "NPS" : "CSAT")} by {step}",
            $"The {(_isNps ? "net promoter score" : "share of satisfied customers")} of each {step} with its 95% interval. Hollow points stand on fewer than {Metrics.Enough} answers."
                + (before is null ? "" : $" The dashed line is the whole period before: {before.Value}."),
            _isNps ? "NPS" : "CSAT",
            _isNps ? ["+100", "+50", "0", "−50", "−100"] : ["100%", "75%", "50%", "25%", "0%"],
            [.. overview.Points.Select(Point)],
            before);
    }

    private BeforeView? Before() =>
        overview.Before is { IsHidden: false, Metrics: { IsTooFew: false, Headline: { Value: var value } } } && !IsHidden ? new(Down(value), Text(value)) : null;

    private PointView Point(PeriodMetrics periodMetrics)
    {
        var metric = IsHidden || periodMetrics.IsHidden ? null : periodMetrics.Metrics.Headline;
        var date = DateOnly.FromDayNumber((int)periodMetrics.From);
        return new(
            MetricTexts.Days(periodMetrics.From, periodMetrics.To),
            date.ToString(overview.ChartInterval == ChartInterval.Month ? "MMM yy" : "d MMM", CultureInfo.InvariantCulture),
            metric is { } at ? Down(at.Value) : null, metric is { } low ? Down(low.Low) : null, metric is { } high ? Down(high.High) : null,
            periodMetrics.Metrics.IsTooFew, periodMetrics.Metrics.Counts.Scored,
            metric is { } value ? Text(value.Value) : MetricTexts.None, metric is { } interval ? Interval(interval) : MetricTexts.None);
    }

    private BarsView Bars()
    {
        var counts = overview.Now.Metrics.Counts;
        var (scale, all) = (Scale.Of(_isNps), counts.Scored);
        BarView Bar(string label, string tone, long count) => IsHidden || all == 0
            ? new(label, tone, 0, 0, MetricTexts.None)
            : new(label, tone, 100.0 * count / all, count, MetricTexts.Percent((double)count / all));

        var passive = all - Metrics.Promoters(counts) - Metrics.Detractors(counts);
        return new(
            "Scores", "How many answers gave each score.",
            [.. scale.Scores.OrderDescending().Select(score => Bar(_isNps ? $"{score}" : $"{score}, {s_satisfaction[score - 1]}", scale.Tone(score), counts.Scores[score]))],
            _isNps
                ?
                [
                    Bar("Detractors, 0–6", "t1", Metrics.Detractors(counts)), Bar("Passives, 7–8", "t5", passive), Bar("Promoters, 9–10", "t10", Metrics.Promoters(counts)),
                ]
                : []);
    }

    private List<BreakdownView> Breakdowns() => [.. new[] { Breakdown.Agent, Breakdown.Origin, Breakdown.Language, Breakdown.Channel, Breakdown.Tag, Breakdown.Variant }
        .Where(breakdown => overview.Parts[breakdown].Count > 1 || (overview.Parts[breakdown].Count == 1 && breakdown is Breakdown.Agent or Breakdown.Tag or Breakdown.Origin) || overview.Since.ContainsKey(breakdown) || (_query.Whole == breakdown && overview.Counted[breakdown] > 0))
        .Select(breakdown => new BreakdownView(
            OverviewQuery.WordOf(breakdown), $"By {OverviewQuery.WordOf(breakdown)}", NameOf(breakdown),
            HintOf(breakdown),
            [Sort("name", NameOf(breakdown), false), Sort("score", _isNps ? "NPS" : "CSAT", true), Sort("answers", "Answers", true), Sort("response", "Response", true)],
            [.. Sorted(breakdown, overview.Parts[breakdown]).Select(part => Row(breakdown, part))],
            WholeOf(breakdown)))];

    private WholeView? WholeOf(Breakdown breakdown)
    {
        if (overview.Counted.GetValueOrDefault(breakdown) is var count && count <= ReadRollups.FirstValues) return null;

        var isShown = _query.Whole == breakdown;
        List<FieldView> kept = [.. Kept(), new("all", OverviewQuery.WordOf(breakdown))];
        if (_query.Range is { } range) kept.Add(new("range", range.ToString(CultureInfo.InvariantCulture)));
        else kept.AddRange([new("from", Iso(overview.Now.From)), new("to", Iso(overview.Now.To))]);
        return new(
            $"{OverviewQuery.WordOf(breakdown)}s", count, isShown, (_query with { Whole = isShown && _query.Find is null ? null : breakdown, Find = null }).ToString(), isShown ? _query.Find : null, kept);
    }

    private string? HintOf(Breakdown breakdown)
    {
        var (shown, all) = (overview.Parts[breakdown].Count, overview.Counted.GetValueOrDefault(breakdown));
        var most = shown >= all || (_query.Whole == breakdown && _query.Find is not null) ? null : string.Create(CultureInfo.InvariantCulture, $"Top {shown:N0} of {all:N0} by answers.");
        if (!overview.Since.TryGetValue(breakdown, out var since)) return most;

        var word = OverviewQuery.WordOf(breakdown);
        return since > overview.Now.To
            ? $"The last day alone has too many {word}s to compare."
            : $"{most} Since {MetricTexts.Day(since)}: the whole period has too many {word}s to compare.".TrimStart();
    }

    private SortView Sort(string name, string text, bool isNumber) =>
        new(name, text, (_query.Sort ?? "answers") == name ? null : (_query with { Sort = name }).ToString(), isNumber);

    private IEnumerable<BreakdownPart> Sorted(Breakdown breakdown, IReadOnlyList<BreakdownPart> parts) => _query.Sort switch
    {
        // Those without a metric have no place in its order.
        "score" => parts.OrderBy(part => part.IsHidden).ThenByDescending(part => part.Metrics.Headline?.Value ?? 0),
        "response" => parts.OrderByDescending(part => part.Metrics.ResponseRate?.Value ?? 0),
        "name" => parts.OrderBy(part => breakdown == Breakdown.Variant ? int.Parse(part.Value, CultureInfo.InvariantCulture) : 0).ThenBy(part => NameOf(breakdown, part.Value), StringComparer.InvariantCultureIgnoreCase),
        _ => parts.OrderByDescending(part => part.Metrics.Counts.Scored).ThenBy(part => part.Value, StringComparer.Ordinal),
    };

    private PartView Row(Breakdown breakdown, BreakdownPart part)
    {
        var metrics = part.Metrics;
        var shown = part.IsHidden ? null : metrics.Headline;
        var current = _query.Only == (breakdown, part.Value);
        return new(
            NameOf(breakdown, part.Value), (_query with { Only = current ? null : (breakdown, part.Value) }).ToString(), current, metrics.Counts.Sent, metrics.Counts.Scored,
            shown is { } at ? 100 - Down(at.Value) : null, shown is { } low ? 100 - Down(low.Low) : null, shown is { } high ? 100 - Down(high.High) : null,
            shown is { } value ? Text(value.Value) : MetricTexts.None, shown is { } interval ? Interval(interval) : $"fewer than {Metrics.Enough}",
            metrics.ResponseRate is { } rate ? MetricTexts.Percent(rate.Value) : MetricTexts.None);
    }

    private TodayView Today()
    {
        var (days, scale) = (ConsoleDays.Of(overview.Zone), Scale.Of(_isNps));
        return new(
            overview.Today.Count == 0 ? "No answers yet today." : "The latest, whenever they were asked for.",
            [.. overview.Today.Select(answer => new TodayRow(
                days.LocalOf(answer.At).ToString("HH:mm", CultureInfo.InvariantCulture), DateTimeOffset.FromUnixTimeMilliseconds(answer.At).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                answer.Score.ToString(CultureInfo.InvariantCulture), scale.Tone(answer.Score), answer.HasText,
                membership.AddressOf(string.Create(CultureInfo.InvariantCulture, $"answers/{answer.PromptId}"))))]);
    }

    private double Down(double value) => Math.Clamp(_isNps ? 50 - (value * 50) : 100 - (value * 100), 0, 100);

    private string Text(double value) => _isNps ? MetricTexts.Points(value) : MetricTexts.Percent(value);

    private string Interval(Estimate estimate) => _isNps ? MetricTexts.Points(estimate) : MetricTexts.Percents(estimate);

    private static string Iso(long day) => DateOnly.FromDayNumber((int)day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string NameOf(ChartInterval chartInterval) => chartInterval switch
    {
        ChartInterval.Day => "Days",
        ChartInterval.Week => "Weeks",
        _ => "Months",
    };

    private static string NameOf(Breakdown breakdown) => breakdown switch
    {
        Breakdown.Variant => "Question",
        Breakdown.Language => "Language",
        Breakdown.Channel => "Channel",
        Breakdown.Agent => "Agent",
        Breakdown.Origin => "Origin",
        _ => "Tag",
    };

    private string NameOf(Breakdown breakdown, string value) => breakdown switch
    {
        Breakdown.Variant when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var variant) && variant < questions.CountOf(overview.Type) =>
            $"{value}: {questions.Ask(overview.Type, variant, membership.SenderName, Language.English).Text}",
        Breakdown.Language => LanguageNames.Of(value),
        Breakdown.Origin => value == Overview.Automatic ? "Automatic, by the rules" : "By hand",
        _ => value,
    };
}
