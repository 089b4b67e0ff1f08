using System.Globalization;
using Afterword.Client.Wire;
using Afterword.Server.Prompts;

namespace Afterword.Server.Reports.Metrics;

/// <summary>Turns an <see cref="Overview"/> into what programs are told. It shows no number that the page does not.</summary>
internal static class MetricsWire
{
    // Enough for every use, and the same on every machine.
    private const int Digits = 6;

    public static MetricsJson Of(Overview overview, Slice? slice) => new(
        Figures.Formulas, overview.Type.Wire, overview.Query.Test, overview.Zone, Iso(overview.Now.From), Iso(overview.Now.To), Iso(overview.Before.From), Iso(overview.Before.To),
        overview.Query.Only is var (property, value) ? $"{OverviewQuery.WordOf(property)}:{value}" : null,
        ValuesOf(overview.Now, overview.Before), OverviewQuery.WordOf(overview.Step), [.. overview.Points.Select(point => StepOf(point, overview.Now.IsHidden))],
        slice is { } by ? BreakdownOf(overview, by) : null);

    private static MetricValuesJson ValuesOf(Stretch period, Stretch periodBefore)
    {
        var (now, before) = (period.Figures, periodBefore.Figures);
        var isNps = now.Type == PromptType.Nps;
        var headline = OfScores(now.Headline, FigureChange.OfHeadline(now, before), isNps ? 100 : 1);
        return new(
            isNps ? null : headline, isNps ? headline : null,
            OfScores(now.Average, FigureChange.OfAverage(now, before)),
            new(now.Counts.Sent, now.Counts.Sent, null, null, TooFew: false, Suppressed: false, ChangeOf(FigureChange.OfSent(now, before), 1)),
            MetricOf(now.ResponseRate, now.Counts.Delivered, FigureChange.OfResponse(now, before), 1),
            OfScores(now.CommentRate, FigureChange.OfComments(now, before)),
            OfScores(now.MedianTime, FigureChange.OfMedianTime(now, before)));

        MetricJson OfScores(Estimate? estimate, FigureChange change, double scale = 1) => period.IsHidden
            ? new(now.Counts.Scored, null, null, null, IsFew(now.Counts.Scored), Suppressed: true)
            : MetricOf(estimate, now.Counts.Scored, periodBefore.Shown(change), scale);
    }

    private static MetricJson MetricOf(Estimate? estimate, long n, FigureChange change, double scale) =>
        new(n, Value(estimate, scale), Low(estimate, scale), High(estimate, scale), IsFew(n), Suppressed: false, ChangeOf(change, scale));

    private static MetricChangeJson? ChangeOf(FigureChange change, double scale) => change.Movement switch
    {
        Movement.Unknown => null,
        Movement.TooFew => new("too_few", null, Tested: false),
        Movement.WithinChance => new(change.Tested ? "not_significant" : "same", Rounded(change.By * scale), change.Tested),
        Movement.Up => new("up", Rounded(change.By * scale), change.Tested),
        _ => new("down", Rounded(change.By * scale), change.Tested),
    };

    private static MetricStepJson StepOf(Stretch step, bool isHidden)
    {
        var (figures, hidden) = (step.Figures, isHidden || step.IsHidden);
        var (shown, scale) = (hidden ? null : figures.Headline, ScaleOf(figures.Type));
        return new(Iso(step.From), Iso(step.To), figures.Counts.Scored, Value(shown, scale), Low(shown, scale), High(shown, scale), figures.Counts.Sent, hidden);
    }

    private static MetricBreakdownJson BreakdownOf(Overview overview, Slice slice) => new(
        OverviewQuery.WordOf(slice), overview.Since.TryGetValue(slice, out var since) ? Iso(since) : null,
        [.. overview.Parts[slice].OrderByDescending(part => part.Figures.Counts.Scored).ThenBy(part => part.Value, StringComparer.Ordinal).Select(PartOf)]);

    private static MetricPartJson PartOf(Part part)
    {
        var (figures, scale) = (part.Figures, ScaleOf(part.Figures.Type));
        var shown = part.IsHidden ? null : figures.Headline;
        return new(part.Value, figures.Counts.Scored, Value(shown, scale), Low(shown, scale), High(shown, scale), figures.Counts.Sent, Value(figures.ResponseRate, 1), part.IsHidden);
    }

    private static bool IsFew(long n) => n is > 0 and < Figures.Enough;

    private static double ScaleOf(PromptType type) => type == PromptType.Nps ? 100 : 1;

    private static double? Value(Estimate? estimate, double scale) => estimate is { } known ? Rounded(known.Value * scale) : null;

    // Too few times have a median without an interval.
    private static double? Low(Estimate? estimate, double scale) => estimate is { Low: var low } && !double.IsNaN(low) ? Rounded(low * scale) : null;

    private static double? High(Estimate? estimate, double scale) => estimate is { High: var high } && !double.IsNaN(high) ? Rounded(high * scale) : null;

    // The sum makes a plain zero of one below zero.
    private static double Rounded(double number) => Math.Round(number, Digits, MidpointRounding.AwayFromZero) + 0.0;

    private static string Iso(long day) => DateOnly.FromDayNumber((int)day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
