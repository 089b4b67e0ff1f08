namespace Afterword.EndToEnd.Tests.Soaks;

/// <summary>The controls of the soak: what it must notice, and what it must not.</summary>
public sealed class FlatTests
{
    private const long Mebibyte = 1024 * 1024;

    private static readonly Random s_random = new(7);

    [Theory]
    [InlineData(44)]
    [InlineData(190)]
    public void A_leak_is_noticed(double start)
    {
        // 2.6 MiB more each minute, with the ups and downs of a collector: 15 minutes, a reading every five seconds.
        var leaking = Over(180, minute => start + (2.6 * minute));

        Assert.Contains("grows", Flat.Breach("memory", leaking, share: 0.02, slack: 2 * Mebibyte), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_that_fills_up_and_is_full_is_no_leak()
    {
        var filling = Over(180, minute => 44 + Math.Min(64, 13 * minute));

        Assert.Null(Flat.Breach("memory", filling, share: 0.02, slack: 2 * Mebibyte));
    }

    [Fact]
    public void One_more_descriptor_a_minute_is_noticed() =>
        Assert.NotNull(Flat.Breach("files", [.. Enumerable.Range(0, 180).Select(i => 80L + (i / 12))], share: 0, slack: 4));

    [Fact]
    public void Too_few_readings_prove_nothing() => Assert.NotNull(Flat.Breach("files", [1, 1, 1, 1, 1], share: 0, slack: 0));

    private static long[] Over(int readings, Func<double, double> mebibytes) =>
        [.. Enumerable.Range(0, readings).Select(i => (long)((mebibytes(i / 12d) + (4 * s_random.NextDouble())) * Mebibyte))];
}
