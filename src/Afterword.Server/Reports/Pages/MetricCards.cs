using Afterword.Server.Prompts;

namespace Afterword.Server.Reports.Pages;

/// <summary>The six metrics of a period beside those of the period before.</summary>
/// <param name="points">The period in steps, for the small lines.</param>
internal sealed class MetricCards(PeriodMetrics period, PeriodMetrics periodBefore, IReadOnlyList<PeriodMetrics> points)
{
    public IReadOnlyList<MetricView> All()
    {
        var (now, before) = (period.Metrics, periodBefore.Metrics);
        var answers = MetricTexts.Answers(now.Counts.Scored);
        var nps = now.Type == PromptType.Nps;
        return
        [
            nps
                ? Card("nps", "NPS", now.Headline, MetricTexts.Points, MetricTexts.Points, answers, MetricChange.OfHeadline(now, before), by => $"{MetricTexts.Signed(by * 100, "0")} points", metrics => metrics.Headline)
                : Card("csat", "CSAT", now.Headline, MetricTexts.Percent, MetricTexts.Percents, answers, MetricChange.OfHeadline(now, before), Shares, metrics => metrics.Headline),
            Card("average", "Average score", now.Average, MetricTexts.Average, MetricTexts.Averages, answers, MetricChange.OfAverage(now, before), by => MetricTexts.Signed(by, "0.00"), metrics => metrics.Average),
            new(
                "sent", "Requests sent", MetricTexts.Number(now.Counts.Sent), null, $"{MetricTexts.Number(now.Counts.Delivered)} delivered, {MetricTexts.Number(now.Counts.Dismissed)} dismissed", null,
                before.Counts.Sent == 0 && now.Counts.Sent > 0 ? new("", "", "new", "") : ViewOf(MetricChange.OfSent(now, before), MetricTexts.Growth), [.. points.Select(point => (double?)point.Metrics.Counts.Sent)]),
            Card(
                "response-rate", "Response rate", now.ResponseRate, MetricTexts.Percent, MetricTexts.Percents, $"{MetricTexts.Number(now.Counts.Delivered)} delivered",
                MetricChange.OfResponse(now, before), Shares, metrics => metrics.ResponseRate),
            Card("comment-rate", "Comment rate", now.CommentRate, MetricTexts.Percent, MetricTexts.Percents, answers, MetricChange.OfComments(now, before), Shares, metrics => metrics.CommentRate),
            Card(
                "median-time", "Median time to answer", now.MedianTime, MetricTexts.Time, MetricTexts.Times, answers, MetricChange.OfMedianTime(now, before),
                by => $"{MetricTexts.Growth(by).TrimStart('+', '−')} {(by > 0 ? "slower" : "faster")}", metrics => metrics.MedianTime),
        ];
    }

    private MetricView Card(
        string id, string name, Estimate? metric, Func<double, string> text, Func<Estimate, string> interval, string basis, MetricChange change,
        Func<double, string> by, Func<Metrics, Estimate?> trend)
    {
        var showsScores = id != "response-rate";
        if (period.IsHidden && showsScores) return new(id, name, MetricTexts.None, null, basis, $"Not shown: fewer than {Metrics.Enough} answers", null, []);

        if (showsScores) change = periodBefore.Shown(change);
        var few = showsScores ? period.Metrics.IsTooFew : period.Metrics.Counts.Delivered < Metrics.Enough;
        return new(
            id, name, metric is { } value ? text(value.Value) : MetricTexts.None, metric is { Low: var low } known && !double.IsNaN(low) ? interval(known) : null, basis,
            metric is not null && few ? "Too few to go by" : null, ViewOf(change, by), [.. points.Select(point => point.IsHidden && showsScores ? null : trend(point.Metrics)?.Value)]);
    }

    private static string Shares(double by) => $"{MetricTexts.Signed(by * 100, "0.0")} points";

    private static ChangeView? ViewOf(MetricChange change, Func<double, string> by) => change switch
    {
        { Trend: Trend.Unknown } => null,
        { Trend: Trend.TooFew } => new("", "", "", "Too few answers to compare"),
        { Trend: Trend.WithinChance, Tested: true } => new("", "≈", by(change.By), "not significant"),
        { Trend: Trend.WithinChance } => new("", "=", "as before", ""),
        // What no test stands behind is neither praised nor blamed.
        { Trend: var trend, Tested: var tested } => new(
            !tested ? "" : trend == Trend.Up ? "good" : "bad", trend == Trend.Up ? "↑" : "↓", by(change.By), tested ? "significant" : ""),
    };
}
