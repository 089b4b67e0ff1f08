using Afterword.Server.Prompts;
using Afterword.Server.Reports.Rollups;

namespace Afterword.Server.Reports;

/// <summary>What counts come to. <c>docs/metrics.md</c> and the page of definitions say the same in words.</summary>
/// <param name="Headline">CSAT, 0 to 1, or the net promoter score, -1 to 1; null without a score.</param>
/// <param name="Average">On the scale of the type.</param>
/// <param name="ResponseRate">Scored of delivered, 0 to 1.</param>
/// <param name="CommentRate">With a text of scored, 0 to 1.</param>
/// <param name="MedianTime">From the request to the score, in milliseconds, two significant digits.</param>
internal sealed record Metrics(
    PromptType Type, Counts Counts, Estimate? Headline, Estimate? Average, Estimate? ResponseRate, Estimate? CommentRate, Estimate? MedianTime)
{
    /// <summary>Of the definitions in <c>docs/metrics.md</c>: raised when one of them gives another number for the same answers.</summary>
    public const int Formulas = 1;

    /// <summary>Metrics on fewer answers are marked, and those of a part of the whole are not shown.</summary>
    public const int Enough = 5;

    /// <summary>Whether there are answers, and too few of them to go by.</summary>
    public bool IsTooFew => Counts.Scored < Enough;

    public static Metrics Of(PromptType type, Counts counts)
    {
        var scored = counts.Scored;
        return new(
            type, counts, HeadlineOf(type, counts), Intervals.Average(counts.Scores, type.LowestScore, type.HighestScore),
            Intervals.Share(scored, counts.Delivered), Intervals.Share(counts.Commented, scored), MedianOf(counts.Times));
    }

    /// <summary>Scores of 4 and 5.</summary>
    public static long Satisfied(Counts counts) => counts.Scores[4] + counts.Scores[5];

    /// <summary>Scores of 9 and 10.</summary>
    public static long Promoters(Counts counts) => counts.Scores[9] + counts.Scores[10];

    /// <summary>Scores of 0 to 6.</summary>
    public static long Detractors(Counts counts) => counts.Scores.Take(7).Sum();

    private static Estimate? HeadlineOf(PromptType type, Counts counts) => type == PromptType.Csat
        ? Intervals.Share(Satisfied(counts), counts.Scored)
        : Intervals.NetPromoters(Promoters(counts), Detractors(counts), counts.Scored);

    // The lower of the two in the middle: a time that was really taken, and exact from the rounded ones.
    private static Estimate? MedianOf(ResponseTimes times)
    {
        if (times.Count == 0) return null;

        var median = times.AtRank((times.Count + 1) / 2);
        return Intervals.MedianRanks(times.Count) is var (low, high) ? new(median, times.AtRank(low), times.AtRank(high)) : new(median, double.NaN, double.NaN);
    }
}

/// <summary>How a metric moved since the period before.</summary>
internal enum Trend
{
    /// <summary>There was nothing before, or nothing now.</summary>
    Unknown,

    /// <summary>Fewer than <see cref="Metrics.Enough"/> answers in one of the periods.</summary>
    TooFew,

    /// <summary>No more than chance makes of nothing, in 95 of 100 cases.</summary>
    WithinChance,

    Up,

    Down,
}

/// <param name="By">Now less before, in the unit of the metric.</param>
/// <param name="Tested">Whether a test stands behind the movement.</param>
internal readonly record struct MetricChange(Trend Trend, double By, bool Tested)
{
    /// <summary>CSAT: N-1 chi-squared test of two shares. NPS: z test on the adjusted scores.</summary>
    public static MetricChange OfHeadline(Metrics now, Metrics before)
    {
        if (Missing(now.Headline, before.Headline, now, before) is { } missing) return missing;

        var by = now.Headline!.Value.Value - before.Headline!.Value.Value;
        if (now.Type == PromptType.Csat)
        {
            return Judge(by, OfShares(Metrics.Satisfied(now.Counts), now.Counts.Scored, Metrics.Satisfied(before.Counts), before.Counts.Scored));
        }

        var (mine, variance) = Intervals.Adjusted(Metrics.Promoters(now.Counts), Metrics.Detractors(now.Counts), now.Counts.Scored);
        var (theirs, other) = Intervals.Adjusted(Metrics.Promoters(before.Counts), Metrics.Detractors(before.Counts), before.Counts.Scored);
        return Judge(by, (mine - theirs) / Math.Sqrt(variance + other));
    }

    /// <summary>Welch's t test.</summary>
    public static MetricChange OfAverage(Metrics now, Metrics before)
    {
        if (Missing(now.Average, before.Average, now, before) is { } missing) return missing;

        var (n, mean, variance) = Intervals.Moments(now.Counts.Scores);
        var (m, other, otherVariance) = Intervals.Moments(before.Counts.Scores);
        var (a, b) = (variance / n, otherVariance / m);
        if (a + b == 0) return Judge(mean - other, mean == other ? 0 : double.PositiveInfinity);

        var freedom = (a + b) * (a + b) / ((a * a / (n - 1)) + (b * b / (m - 1)));
        return Judge(mean - other, (mean - other) / Math.Sqrt(a + b) * Intervals.Z / Intervals.T(freedom));
    }

    /// <summary>N-1 chi-squared test.</summary>
    public static MetricChange OfResponse(Metrics now, Metrics before) =>
        Missing(now.ResponseRate, before.ResponseRate, now.Counts.Delivered, before.Counts.Delivered) ?? Judge(
            now.ResponseRate!.Value.Value - before.ResponseRate!.Value.Value,
            OfShares(now.Counts.Scored, now.Counts.Delivered, before.Counts.Scored, before.Counts.Delivered));

    /// <summary>N-1 chi-squared test.</summary>
    public static MetricChange OfComments(Metrics now, Metrics before) =>
        Missing(now.CommentRate, before.CommentRate, now, before) ?? Judge(
            now.CommentRate!.Value.Value - before.CommentRate!.Value.Value,
            OfShares(now.Counts.Commented, now.Counts.Scored, before.Counts.Commented, before.Counts.Scored));

    /// <summary>Not tested: the difference of the medians, by 1.</summary>
    public static MetricChange OfMedianTime(Metrics now, Metrics before) =>
        Missing(now.MedianTime, before.MedianTime, now, before) ?? Relative(now.MedianTime!.Value.Value, before.MedianTime!.Value.Value);

    /// <summary>Not tested: a count is what it is. The difference, by 1.</summary>
    public static MetricChange OfSent(Metrics now, Metrics before) => before.Counts.Sent == 0 ? default : Relative(now.Counts.Sent, before.Counts.Sent);

    private static MetricChange Relative(double now, double before) => before == 0 ? default
        : new(now > before ? Trend.Up : now < before ? Trend.Down : Trend.WithinChance, (now - before) / before, Tested: false);

    private static MetricChange? Missing(Estimate? now, Estimate? before, Metrics mine, Metrics theirs) =>
        Missing(now, before, mine.Counts.Scored, theirs.Counts.Scored);

    private static MetricChange? Missing(Estimate? now, Estimate? before, long mine, long theirs) =>
        now is null || before is null ? default(MetricChange) : mine < Metrics.Enough || theirs < Metrics.Enough ? new MetricChange(Trend.TooFew, 0, Tested: false) : null;

    private static MetricChange Judge(double by, double z) =>
        new(Math.Abs(z) <= Intervals.Z ? Trend.WithinChance : by > 0 ? Trend.Up : Trend.Down, by, Tested: true);

    /// <summary>The z of the N-1 chi-squared test: of the pooled test, times the root of (N - 1) / N.</summary>
    private static double OfShares(long hits, long all, long otherHits, long otherAll)
    {
        var (n, m) = ((double)all, (double)otherAll);
        var pooled = (hits + otherHits) / (n + m);
        if (pooled is 0 or 1) return 0;

        return ((hits / n) - (otherHits / m)) / Math.Sqrt(pooled * (1 - pooled) * ((1 / n) + (1 / m))) * Math.Sqrt((n + m - 1) / (n + m));
    }
}
