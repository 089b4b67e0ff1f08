using Afterword.Server.Retention;

namespace Afterword.Server.Tests.Retention;

/// <summary>How long something is kept, as people write it.</summary>
public sealed class RetentionPeriodTests
{
    private static readonly DateTimeOffset s_now = new(2028, 3, 31, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("30d", "2028-03-01", "30 days")]
    [InlineData("5w", "2028-02-25", "5 weeks")]
    [InlineData("1m", "2028-02-29", "1 month")]
    [InlineData("12m", "2027-03-31", "12 months")]
    [InlineData("1y", "2027-03-31", "1 year")]
    [InlineData("100y", "1928-03-31", "100 years")]
    public void A_number_and_a_unit_are_read(string text, string before, string words)
    {
        Assert.True(RetentionPeriod.TryParse(text, out var period));
        Assert.Equal((text, words), (period!.ToString(), period.Words));
        Assert.Equal(before, period.Before(s_now).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(period, RetentionPeriod.OfStored(period.ToString()));
    }

    [Theory]
    [InlineData("keep")]
    [InlineData("Keep")]
    public void Keep_keeps(string text)
    {
        Assert.True(RetentionPeriod.TryParse(text, out var period));
        Assert.Null(period);
    }

    // What is younger than thirty days is in use, and a hundred years are for ever.
    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("m")]
    [InlineData("29d")]
    [InlineData("4w")]
    [InlineData("0m")]
    [InlineData("-1m")]
    [InlineData("+1m")]
    [InlineData("1.5m")]
    [InlineData("12M")]
    [InlineData("12 m")]
    [InlineData("101y")]
    [InlineData("99999d")]
    [InlineData("1h")]
    [InlineData("12:00:00")]
    [InlineData("1m1d")]
    [InlineData("١٢m")]
    public void What_is_none_is_refused(string text) => Assert.False(RetentionPeriod.TryParse(text, out _));

    [Fact]
    public void A_month_is_never_shorter_than_what_is_in_use()
    {
        Assert.True(RetentionPeriod.TryParse("1m", out var month));
        var march = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(march.AddDays(-30), month!.Before(march));
    }
}
