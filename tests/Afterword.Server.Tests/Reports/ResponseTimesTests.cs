using Afterword.Server.Reports.Pages;
using Afterword.Server.Reports.Rollups;
using FsCheck;
using FsCheck.Fluent;

namespace Afterword.Server.Tests.Reports;

/// <summary>Times to answer lose nothing of what is shown by being counted in buckets.</summary>
public sealed class ResponseTimesTests
{
    private static readonly Gen<int> s_time = Gen.OneOf(Gen.Choose(0, 20_000), Gen.Choose(0, 4_000_000), Gen.Choose(0, int.MaxValue));

    [Theory]
    [InlineData(0, "0.0 s")]
    [InlineData(4_249, "4.2 s")]
    [InlineData(9_950, "10 s")]
    [InlineData(42_400, "42 s")]
    [InlineData(59_500, "1.0 min")]
    [InlineData(63_000, "1.1 min")]
    [InlineData(594_000, "9.9 min")]
    [InlineData(597_000, "10 min")]
    [InlineData(2_520_000, "42 min")]
    [InlineData(3_570_000, "1.0 h")]
    [InlineData(15_120_000, "4.2 h")]
    [InlineData(84_600_000, "1.0 days")]
    [InlineData(362_880_000, "4.2 days")]
    [InlineData(86_400_000L * 42, "42 days")]
    [InlineData(86_400_000L * 420, "420 days")]
    [InlineData(86_400_000L * 4_200, "990 days")]
    public void A_time_is_written_with_two_significant_digits(long millis, string text) =>
        Assert.Equal(text, MetricTexts.Time(ResponseTimes.MillisOf(ResponseTimes.BucketOf(millis))));

    [Fact]
    public void Rounding_keeps_the_order_and_a_bucket_is_its_own() => Prop.ForAll(
        s_time.Zip(s_time).ToArbitrary(),
        times =>
        {
            var (one, other) = (Math.Min(times.Item1, times.Item2), Math.Max(times.Item1, times.Item2));
            Assert.True(ResponseTimes.BucketOf(one) <= ResponseTimes.BucketOf(other));
            Assert.True(ResponseTimes.MillisOf(ResponseTimes.BucketOf(one)) <= ResponseTimes.MillisOf(ResponseTimes.BucketOf(other)));
            Assert.Equal(ResponseTimes.BucketOf(one), ResponseTimes.BucketOf(ResponseTimes.MillisOf(ResponseTimes.BucketOf(one))));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_median_of_the_buckets_is_the_rounded_median() => Prop.ForAll(
        s_time.NonEmptyListOf().ToArbitrary(),
        times =>
        {
            var counted = new ResponseTimes();
            foreach (var time in times) counted.Add(ResponseTimes.BucketOf(time), 1);

            var median = times.Order().ElementAt((times.Count - 1) / 2);
            Assert.Equal(ResponseTimes.MillisOf(ResponseTimes.BucketOf(median)), counted.AtRank((times.Count + 1) / 2));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_stored_and_taken_away_again_leaves_nothing() => Prop.ForAll(
        s_time.ListOf().Zip(s_time.ListOf()).ToArbitrary(),
        lists =>
        {
            var (kept, taken) = (new ResponseTimes(), new ResponseTimes());
            foreach (var time in lists.Item1) kept.Add(ResponseTimes.BucketOf(time), 1);
            var before = kept.ToBytes();
            foreach (var time in lists.Item2)
            {
                kept.Add(ResponseTimes.BucketOf(time), 3);
                taken.Add(ResponseTimes.BucketOf(time), -3);
            }

            var read = new ResponseTimes();
            read.Add(kept.ToBytes() ?? []);
            Assert.Equal(kept.ToBytes(), read.ToBytes());
            read.Add(taken);
            Assert.Equal(before, read.ToBytes());
            Assert.Equal(lists.Item1.Count, read.Count);
        }).QuickCheckThrowOnFailure();
}
