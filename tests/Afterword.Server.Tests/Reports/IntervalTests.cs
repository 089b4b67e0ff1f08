using Afterword.Server.Prompts;
using Afterword.Server.Reports;
using Afterword.Server.Reports.Rollups;
using FsCheck;
using FsCheck.Fluent;

namespace Afterword.Server.Tests.Reports;

/// <summary>Intervals and tests against examples that others have published, and what must hold for all numbers.</summary>
public sealed class IntervalTests
{
    // Newcombe, R. G. (1998): Two-sided confidence intervals for the single proportion, Statistics in Medicine 17, table I, method 3.
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Wilsons_intervals_are_those_of_newcombe(int hits, int all, double low, double high)
    {
        var share = Intervals.Share(hits, all)!.Value;

        Assert.Equal(low, share.Low, 4);
        Assert.Equal(high, share.High, 4);
    }

    [Fact]
    public void The_adjusted_wald_interval_of_nps_follows_its_definition()
    {
        // 60 promoters and 10 detractors of 100: (60.75 - 10.75) / 103 = .4854; variance (.5898 + .1044 - .2356) / 103 = .004453.
        var nps = Intervals.NetPromoters(60, 10, 100)!.Value;

        Assert.Equal(0.5, nps.Value, 10);
        Assert.Equal(0.4854 - (1.96 * 0.06673), nps.Low, 3);
        Assert.Equal(0.4854 + (1.96 * 0.06673), nps.High, 3);
    }

    // Student (1908): The probable error of a mean, Biometrika 6; the additional hours of sleep, as in R's "sleep": mean 1.58, 95 % .7002 to 2.4598.
    // In tenths of an hour above nothing, for scores are whole numbers.
    [Fact]
    public void An_average_has_students_interval()
    {
        var counts = new long[47];
        foreach (var difference in new[] { 12, 24, 13, 13, 0, 10, 18, 8, 46, 14 }) counts[difference]++;

        var average = Intervals.Average(counts, -100, 100)!.Value;

        Assert.Equal(15.8, average.Value, 6);
        Assert.Equal(7.001142, average.Low, 4);
        Assert.Equal(24.598858, average.High, 4);
    }

    // The usual tables, such as NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2.
    [Theory]
    [InlineData(1, 12.706)]
    [InlineData(4, 2.776)]
    [InlineData(10, 2.228)]
    [InlineData(30, 2.042)]
    [InlineData(31, 2.040)]
    [InlineData(40, 2.021)]
    [InlineData(60, 2.000)]
    [InlineData(100, 1.984)]
    public void Students_points_are_those_of_the_tables(int freedom, double point) => Assert.Equal(point, Intervals.T(freedom), 3);

    // Conover, W. J.: Practical Nonparametric Statistics, table A3 (binomial): the largest rank whose tail stays within 2.5 %.
    [Theory]
    [InlineData(6, 1)]
    [InlineData(8, 1)]
    [InlineData(9, 2)]
    [InlineData(10, 2)]
    [InlineData(20, 6)]
    [InlineData(25, 8)]
    public void The_median_lies_between_ranks_of_the_binomial_distribution(int count, int low)
    {
        Assert.Equal((low, count + 1 - low), Intervals.MedianRanks(count));
        Assert.Null(Intervals.MedianRanks(5));
    }

    // Sauro and Lewis: How to compare two proportions with the N-1 two-proportion test; 11 of 12 against 5 of 10: z = 2.12.
    [Fact]
    public void Two_shares_are_compared_by_the_n_minus_1_test()
    {
        var change = MetricChange.OfHeadline(Csat(11, 1), Csat(5, 5));
        Assert.Equal(Trend.Up, change.Trend);
        Assert.Equal((11 / 12.0) - 0.5, change.By, 10);

        Assert.Equal(Trend.WithinChance, MetricChange.OfHeadline(Csat(10, 2), Csat(5, 5)).Trend);
        Assert.Equal(Trend.Down, MetricChange.OfHeadline(Csat(5, 5), Csat(11, 1)).Trend);
    }

    [Fact]
    public void Fewer_than_five_answers_are_not_compared()
    {
        Assert.Equal(Trend.TooFew, MetricChange.OfHeadline(Csat(4, 0), Csat(100, 100)).Trend);
        Assert.Equal(Trend.Unknown, MetricChange.OfHeadline(Csat(4, 0), Csat(0, 0)).Trend);
        Assert.Equal(Trend.Up, MetricChange.OfHeadline(Csat(50, 0), Csat(100, 100)).Trend);
    }

    [Fact]
    public void Metrics_follow_their_definitions()
    {
        var counts = new Counts { Sent = 12, Delivered = 11, Dismissed = 1, Commented = 3 };
        (counts.Scores[0], counts.Scores[6], counts.Scores[7], counts.Scores[8], counts.Scores[9], counts.Scores[10]) = (1, 1, 1, 1, 2, 2);
        foreach (var millis in new[] { 1_000, 2_000, 61_000, 66_000, 7_200_000, 90_000_000, 90_000_001, 90_000_002 }) counts.Times.Add(ResponseTimes.BucketOf(millis), 1);

        var metrics = Metrics.Of(PromptType.Nps, counts);
        Assert.Equal(0.25, metrics.Headline!.Value.Value, 10);
        Assert.Equal(59 / 8.0, metrics.Average!.Value.Value, 10);
        Assert.Equal(8 / 11.0, metrics.ResponseRate!.Value.Value, 10);
        Assert.Equal(3 / 8.0, metrics.CommentRate!.Value.Value, 10);
        Assert.Equal(66_000, metrics.MedianTime!.Value.Value);
    }

    [Fact]
    public void Every_interval_holds_its_metric_and_stays_on_its_scale() => Prop.ForAll(
        Gen.Choose(0, 2_000).Zip(Gen.Choose(0, 2_000)).Zip(Gen.Choose(0, 2_000)).ToArbitrary(),
        numbers =>
        {
            var ((promoters, passives), detractors) = numbers;
            var all = promoters + passives + detractors;
            if (all == 0) return;

            Holds(Intervals.Share(promoters, all)!.Value, 0, 1);
            Holds(Intervals.NetPromoters(promoters, detractors, all)!.Value, -1, 1);
            Holds(Intervals.Average([detractors, passives, 0, 0, 0, promoters], 0, 5)!.Value, 0, 5);
            if (Intervals.MedianRanks(all) is var (low, high)) Assert.True(low >= 1 && low <= (all + 1) / 2 && high >= (all + 1) / 2 && high <= all);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void More_answers_of_the_same_kind_make_an_interval_no_wider() => Prop.ForAll(
        Gen.Choose(0, 300).Zip(Gen.Choose(1, 300)).ToArbitrary(),
        numbers =>
        {
            var (hits, misses) = numbers;
            var (once, tenfold) = (Intervals.Share(hits, hits + misses)!.Value, Intervals.Share(hits * 10, (hits + misses) * 10)!.Value);
            Assert.True(tenfold.High - tenfold.Low < once.High - once.Low);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Turning_promoters_into_detractors_turns_the_interval_round() => Prop.ForAll(
        Gen.Choose(0, 500).Zip(Gen.Choose(0, 500)).ToArbitrary(),
        numbers =>
        {
            var (promoters, detractors) = numbers;
            var (one, other) = (Intervals.NetPromoters(promoters, detractors, promoters + detractors + 7)!.Value, Intervals.NetPromoters(detractors, promoters, promoters + detractors + 7)!.Value);
            Assert.Equal(one.Low, -other.High, 10);
            Assert.Equal(one.High, -other.Low, 10);
        }).QuickCheckThrowOnFailure();

    private static void Holds(Estimate estimate, double least, double most) =>
        Assert.True(estimate.Low >= least && estimate.Low <= estimate.Value && estimate.Value <= estimate.High && estimate.High <= most, $"{estimate}");

    private static Metrics Csat(int satisfied, int others)
    {
        var counts = new Counts { Sent = satisfied + others, Delivered = satisfied + others };
        (counts.Scores[5], counts.Scores[2]) = (satisfied, others);
        return Metrics.Of(PromptType.Csat, counts);
    }
}
