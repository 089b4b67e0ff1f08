using System.Globalization;
using Afterword.Client.Wire;
using Afterword.Server.Prompts;

namespace Afterword.Server.Reports.MetricsApi;

/// <summary>Turns an <see cref="Overview"/> into what programs are told. It shows no number that the page does not.</summary>
internal static class MetricsWire
{
    // Enough for every use, and the same on every machine.
    private const int Digits = 6;

    public static MetricsJson Of(Overview overview, Breakdown? breakdown) => new(
        Metrics.Formulas, overview.Type.Wire, overview.Query.Test, overview.Zone, Iso(overview.Now.From), Iso(overview.Now.To), Iso(overview.Before.From), Iso(overview.Before.To),
        overview.Query.Only is var (property, value) ? $"{OverviewQuery.WordOf(property)}:{value}" : null,
        ValuesOf(overview.Now, overview.Before), OverviewQuery.WordOf(overview.ChartInterval), [.. overview.Points.Select(point => StepOf(point, overview.Now.IsHidden))],
        breakdown is { } by ? BreakdownOf(overview, by) : null);

    private static MetricValuesJson ValuesOf(PeriodMetrics period, PeriodMetrics periodBefore)
    {
        var (now, before) = (period.Metrics, periodBefore.Metrics);
        var isNps = now.Type == PromptType.Nps;
        var headline = OfScores(now.Headline, MetricChange.OfHeadline(now, before), isNps ? 100 : 1);
        return new(
            isNps ? null : headline, isNps ? headline : null,
            OfScores(now.Average, MetricChange.OfAverage(now, before)),
            new(now.Counts.Sent, now.Counts.Sent, null, null, TooFew: false, Suppressed: false, ChangeOf(MetricChange.OfSent(now, before), 1)),
            MetricOf(now.ResponseRate, now.Counts.Delivered, MetricChange.OfResponse(now, before), 1),
            OfScores(now.CommentRate, MetricChange.OfComments(now, before)),
            OfScores(now.MedianTime, MetricChange.OfMedianTime(now, before)));

        MetricJson OfScores(Estimate? estimate, MetricChange change, double scale = 1) => period.IsHidden
            ? new(now.Counts.Scored, null, null, null, IsFew(now.Counts.Scored), Suppressed: true)
            : MetricOf(estimate, now.Counts.Scored, periodBefore.Shown(change), scale);
    }

    private static MetricJson MetricOf(Estimate? estimate, long n, MetricChange change, double scale) =>
        new(n, Value(estimate, scale), Low(estimate, scale), High(estimate, scale), IsFew(n), Suppressed: false, ChangeOf(change, scale));

    private static MetricChangeJson? ChangeOf(MetricChange change, double scale) => change.Trend switch
    {
        Trend.Unknown => null,
        Trend.TooFew => new("too_few", null, Tested: false),
        Trend.WithinChance => new(change.Tested ? "not_significant" : "same", Rounded(change.By * scale), change.Tested),
        Trend.Up => new("up", Rounded(change.By * scale), change.Tested),
        _ => new("down", Rounded(change.By * scale), change.Tested),
    };

    private static MetricStepJson StepOf(PeriodMetrics step, bool isHidden)
    {
        var (metrics, hidden) = (step.Metrics, isHidden || step.IsHidden);
        var (shown, scale) = (hidden ? null : metrics.Headline, ScaleOf(metrics.Type));
        return new(Iso(step.From), Iso(step.To), metrics.Counts.Scored, Value(shown, scale), Low(shown, scale), High(shown, scale), metrics.Counts.Sent, hidden);
    }

    private static MetricBreakdownJson BreakdownOf(Overview overview, Breakdown breakdown) => new(
        OverviewQuery.WordOf(breakdown), overview.Since.TryGetValue(breakdown, out var since) ? Iso(since) : null,
        [.. overview.Parts[breakdown].OrderByDescending(part => part.Metrics.Counts.Scored).ThenBy(part => part.Value, StringComparer.Ordinal).Select(PartOf)]);

    private static MetricPartJson PartOf(BreakdownPart part)
    {
        var (metrics, scale) = (part.Metrics, ScaleOf(part.Metrics.Type));
        var shown = part.IsHidden ? null : metrics.Headline;
        return new(part.Value, metrics.Counts.Scored, Value(shown, scale), Low(shown, scale), High(shown, scale), metrics.Counts.Sent, Value(metrics.ResponseRate, 1), part.IsHidden);
    }

    private static bool IsFew(long n) => n is > 0 and < Metrics.Enough;

    private static double ScaleOf(PromptType type) => type == PromptType.Nps ? 100 : 1;

    private static double? Value(Estimate? estimate, double scale) => estimate is { } known ? Rounded(known.Value * scale) : null;

    // Too few times have a median without an interval.
    private static double? Low(Estimate? estimate, double scale) => estimate is { Low: var low } && !double.IsNaN(low) ? Rounded(low * scale) : null;

    private static double? High(Estimate? estimate, double scale) => estimate is { High: var high } && !double.IsNaN(high) ? Rounded(high * scale) : null;

    // The sum makes a plain zero of one below zero.
    private static double Rounded(double number) => Math.Round(number, Digits, MidpointRounding.AwayFromZero) + 0.0;

    private static string Iso(long day) => DateOnly.FromDayNumber((int)day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
