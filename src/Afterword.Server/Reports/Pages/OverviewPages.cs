using System.Globalization;
using Afterword.Server.Access.Console;
using Afterword.Server.Answers.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;

namespace Afterword.Server.Reports.Pages;

/// <summary>Turns an <see cref="Overview"/> into what stands on its page.</summary>
/// <param name="seat">Whose console.</param>
/// <param name="overview">What was reckoned.</param>
/// <param name="questions">Names the question variants.</param>
/// <param name="problem">What was wrong with the days that were asked for.</param>
internal sealed class OverviewPages(Seat seat, Overview overview, Questions questions, string? problem)
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
            FigureWords.Days(now.From, now.To), before.Figures.Counts.Sent == 0 ? null : FigureWords.Days(before.From, before.To), overview.Zone, problem, Limit(), _query.Test, _isNps,
            now.Figures.Counts.Sent == 0 && before.Figures.Counts.Sent == 0 && _query.Only is null,
            [Link("CSAT", _query with { Type = PromptType.Csat }, !_isNps), Link("NPS", _query with { Type = PromptType.Nps }, _isNps)],
            [.. OverviewQuery.Ranges.Select(range => Link(range == 365 ? "12 months" : $"{range} days", _query with { Range = range, From = null, To = null }, _query.Range == range))],
            [.. Enum.GetValues<Step>().Select(step => Link(NameOf(step), _query with { Step = step }, overview.Step == step))],
            Link(_query.Test ? "Show real feedback" : "Show test feedback", _query with { Test = !_query.Test }, _query.Test),
            Iso(now.From), Iso(now.To), Kept(), new FigureCards(overview.Now, overview.Before, overview.Points).All(), Line(), Bars(), BreakDowns(), Today());
    }

    private static LinkView Link(string text, OverviewQuery query, bool current) => new(text, query.ToString(), current);

    private LimitView? Limit() => _query.Only is var (slice, value) ? new($"{NameOf(slice)}: {NameOf(slice, value)}", (_query with { Only = null }).ToString()) : null;

    // What the form for days of one's own must not lose.
    private List<FieldView> Kept()
    {
        var kept = new List<FieldView>();
        if (_query.Type is { } type) kept.Add(new("type", type.Wire));
        if (_query.Step is { } step) kept.Add(new("by", OverviewQuery.WordOf(step)));
        if (_query.Test) kept.Add(new("test", "1"));
        if (_query.Only is var (slice, value)) kept.Add(new("only", $"{OverviewQuery.WordOf(slice)}:{value}"));
        if (_query.Sort is { } sort) kept.Add(new("sort", sort));
        return kept;
    }

    private LineView Line()
    {
        var (step, before) = (OverviewQuery.WordOf(overview.Step), Before());
        return new(
            $"{(_isNps ? "NPS" : "CSAT")} by {step}",
            $"The {(_isNps ? "net promoter score" : "share of satisfied customers")} of each {step} with its 95% interval. Hollow points stand on fewer than {Figures.Enough} answers."
                + (before is null ? "" : $" The dashed line is the whole period before: {before.Value}."),
            _isNps ? "NPS" : "CSAT",
            _isNps ? ["+100", "+50", "0", "−50", "−100"] : ["100%", "75%", "50%", "25%", "0%"],
            [.. overview.Points.Select(Point)],
            before);
    }

    private BeforeView? Before() =>
        overview.Before is { IsHidden: false, Figures: { IsTooFew: false, Headline: { Value: var value } } } && !IsHidden ? new(Down(value), Text(value)) : null;

    private PointView Point(Stretch stretch)
    {
        var figure = IsHidden || stretch.IsHidden ? null : stretch.Figures.Headline;
        var date = DateOnly.FromDayNumber((int)stretch.From);
        return new(
            FigureWords.Days(stretch.From, stretch.To),
            date.ToString(overview.Step == Step.Month ? "MMM yy" : "d MMM", CultureInfo.InvariantCulture),
            figure is { } at ? Down(at.Value) : null, figure is { } low ? Down(low.Low) : null, figure is { } high ? Down(high.High) : null,
            stretch.Figures.IsTooFew, stretch.Figures.Counts.Scored,
            figure is { } value ? Text(value.Value) : FigureWords.None, figure is { } interval ? Interval(interval) : FigureWords.None);
    }

    private BarsView Bars()
    {
        var counts = overview.Now.Figures.Counts;
        var (scale, all) = (Scale.Of(_isNps), counts.Scored);
        BarView Bar(string label, string tone, long count) => IsHidden || all == 0
            ? new(label, tone, 0, 0, FigureWords.None)
            : new(label, tone, 100.0 * count / all, count, FigureWords.Percent((double)count / all));

        var passive = all - Figures.Promoters(counts) - Figures.Detractors(counts);
        return new(
            "Scores", "How many answers gave each score.",
            [.. scale.Scores.OrderDescending().Select(score => Bar(_isNps ? $"{score}" : $"{score}, {s_satisfaction[score - 1]}", scale.Tone(score), counts.Scores[score]))],
            _isNps
                ?
                [
                    Bar("Detractors, 0–6", "t1", Figures.Detractors(counts)), Bar("Passives, 7–8", "t5", passive), Bar("Promoters, 9–10", "t10", Figures.Promoters(counts)),
                ]
                : []);
    }

    private List<BreakDownView> BreakDowns() => [.. new[] { Slice.Agent, Slice.Origin, Slice.Language, Slice.Channel, Slice.Tag, Slice.Variant }
        .Where(slice => overview.Parts[slice].Count > 1 || (overview.Parts[slice].Count == 1 && slice is Slice.Agent or Slice.Tag or Slice.Origin) || overview.Since.ContainsKey(slice) || (_query.Whole == slice && overview.Counted[slice] > 0))
        .Select(slice => new BreakDownView(
            OverviewQuery.WordOf(slice), $"By {OverviewQuery.WordOf(slice)}", NameOf(slice),
            HintOf(slice),
            [Sort("name", NameOf(slice), false), Sort("score", _isNps ? "NPS" : "CSAT", true), Sort("answers", "Answers", true), Sort("response", "Response", true)],
            [.. Sorted(slice, overview.Parts[slice]).Select(part => Row(slice, part))],
            WholeOf(slice)))];

    private WholeView? WholeOf(Slice slice)
    {
        if (overview.Counted.GetValueOrDefault(slice) is var count && count <= ReadRollups.FirstValues) return null;

        var isShown = _query.Whole == slice;
        List<FieldView> kept = [.. Kept(), new("all", OverviewQuery.WordOf(slice))];
        if (_query.Range is { } range) kept.Add(new("range", range.ToString(CultureInfo.InvariantCulture)));
        else kept.AddRange([new("from", Iso(overview.Now.From)), new("to", Iso(overview.Now.To))]);
        return new(
            $"{OverviewQuery.WordOf(slice)}s", count, isShown, (_query with { Whole = isShown && _query.Find is null ? null : slice, Find = null }).ToString(), isShown ? _query.Find : null, kept);
    }

    private string? HintOf(Slice slice)
    {
        var (shown, all) = (overview.Parts[slice].Count, overview.Counted.GetValueOrDefault(slice));
        var most = shown >= all || (_query.Whole == slice && _query.Find is not null) ? null : string.Create(CultureInfo.InvariantCulture, $"Top {shown:N0} of {all:N0} by answers.");
        if (!overview.Since.TryGetValue(slice, out var since)) return most;

        var word = OverviewQuery.WordOf(slice);
        return since > overview.Now.To
            ? $"The last day alone has too many {word}s to compare."
            : $"{most} Since {FigureWords.Day(since)}: the whole period has too many {word}s to compare.".TrimStart();
    }

    private SortView Sort(string name, string text, bool isNumber) =>
        new(name, text, (_query.Sort ?? "answers") == name ? null : (_query with { Sort = name }).ToString(), isNumber);

    private IEnumerable<Part> Sorted(Slice slice, IReadOnlyList<Part> parts) => _query.Sort switch
    {
        // Those without a figure have no place in its order.
        "score" => parts.OrderBy(part => part.IsHidden).ThenByDescending(part => part.Figures.Headline?.Value ?? 0),
        "response" => parts.OrderByDescending(part => part.Figures.ResponseRate?.Value ?? 0),
        "name" => parts.OrderBy(part => slice == Slice.Variant ? int.Parse(part.Value, CultureInfo.InvariantCulture) : 0).ThenBy(part => NameOf(slice, part.Value), StringComparer.InvariantCultureIgnoreCase),
        _ => parts.OrderByDescending(part => part.Figures.Counts.Scored).ThenBy(part => part.Value, StringComparer.Ordinal),
    };

    private PartView Row(Slice slice, Part part)
    {
        var figures = part.Figures;
        var shown = part.IsHidden ? null : figures.Headline;
        var current = _query.Only == (slice, part.Value);
        return new(
            NameOf(slice, part.Value), (_query with { Only = current ? null : (slice, part.Value) }).ToString(), current, figures.Counts.Sent, figures.Counts.Scored,
            shown is { } at ? 100 - Down(at.Value) : null, shown is { } low ? 100 - Down(low.Low) : null, shown is { } high ? 100 - Down(high.High) : null,
            shown is { } value ? Text(value.Value) : FigureWords.None, shown is { } interval ? Interval(interval) : $"fewer than {Figures.Enough}",
            figures.ResponseRate is { } rate ? FigureWords.Percent(rate.Value) : FigureWords.None);
    }

    private TodayView Today()
    {
        var (days, scale) = (ConsoleDays.Of(overview.Zone), Scale.Of(_isNps));
        return new(
            overview.Today.Count == 0 ? "No answers yet today." : "The latest, whenever they were asked for.",
            [.. overview.Today.Select(answer => new TodayRow(
                days.LocalOf(answer.At).ToString("HH:mm", CultureInfo.InvariantCulture), DateTimeOffset.FromUnixTimeMilliseconds(answer.At).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                answer.Score.ToString(CultureInfo.InvariantCulture), scale.Tone(answer.Score), answer.HasText,
                seat.AddressOf(string.Create(CultureInfo.InvariantCulture, $"answers/{answer.PromptId}"))))]);
    }

    private double Down(double value) => Math.Clamp(_isNps ? 50 - (value * 50) : 100 - (value * 100), 0, 100);

    private string Text(double value) => _isNps ? FigureWords.Points(value) : FigureWords.Percent(value);

    private string Interval(Estimate estimate) => _isNps ? FigureWords.Points(estimate) : FigureWords.Percents(estimate);

    private static string Iso(long day) => DateOnly.FromDayNumber((int)day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string NameOf(Step step) => step switch
    {
        Step.Day => "Days",
        Step.Week => "Weeks",
        _ => "Months",
    };

    private static string NameOf(Slice slice) => slice switch
    {
        Slice.Variant => "Question",
        Slice.Language => "Language",
        Slice.Channel => "Channel",
        Slice.Agent => "Agent",
        Slice.Origin => "Origin",
        _ => "Tag",
    };

    private string NameOf(Slice slice, string value) => slice switch
    {
        Slice.Variant when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var variant) && variant < questions.CountOf(overview.Type) =>
            $"{value}: {questions.Ask(overview.Type, variant, seat.SenderName, Language.English).Text}",
        Slice.Language => LanguageNames.Of(value),
        Slice.Origin => value == Overview.Automatic ? "Automatic, by the rules" : "By hand",
        _ => value,
    };
}
