using System.Globalization;
using System.Text;
using Afterword.Client.Wire;

namespace Afterword.Client.Tests.Wire;

public sealed class TwitterDateTests
{
    private static readonly DateTimeOffset s_documented = new(2016, 1, 4, 19, 45, 37, TimeSpan.Zero);

    [Fact]
    public void A_date_is_written_as_documented()
    {
        Assert.Equal("Mon Jan 04 19:45:37 +0000 2016", TwitterDate.Format(s_documented));
        Assert.Equal(s_documented, TwitterDate.Parse("Mon Jan 04 19:45:37 +0000 2016"));
    }

    [Fact]
    public void Another_offset_is_brought_to_UTC_and_fractions_are_cut_off() =>
        Assert.Equal(
            "Mon Jan 04 19:45:37 +0000 2016",
            TwitterDate.Format(s_documented.AddMilliseconds(999).ToOffset(TimeSpan.FromHours(-11))));

    [Fact]
    public void Every_form_agrees_with_the_framework() => Randomly.Check(random =>
    {
        var instant = new DateTimeOffset(random.NextInt64(DateTime.MaxValue.Ticks), TimeSpan.Zero);
        var expected = instant.ToString("ddd MMM dd HH:mm:ss +0000 yyyy", CultureInfo.InvariantCulture);

        var letters = new char[TwitterDate.Length + 1];
        var bytes = new byte[TwitterDate.Length];
        Assert.True(TwitterDate.TryFormat(instant, letters, out var letterCount));
        Assert.True(TwitterDate.TryFormat(instant, bytes, out var byteCount));
        Assert.Equal(expected, TwitterDate.Format(instant));
        Assert.Equal(expected, new string(letters, 0, letterCount));
        Assert.Equal(expected, Encoding.UTF8.GetString(bytes, 0, byteCount));

        Assert.Equal(instant.ToUnixTimeSeconds(), TwitterDate.Parse(expected).ToUnixTimeSeconds());
        Assert.Equal(TimeSpan.Zero, TwitterDate.Parse(expected).Offset);
    });

    [Fact]
    public void Nothing_is_written_where_there_is_no_room()
    {
        var bytes = new byte[TwitterDate.Length - 1];
        Assert.False(TwitterDate.TryFormat(s_documented, bytes, out var written));
        Assert.Equal(0, written);
        Assert.All(bytes, b => Assert.Equal(0, b));
    }

    [Fact]
    public void A_wrong_weekday_is_overlooked() =>
        Assert.Equal(new DateTimeOffset(2015, 12, 15, 1, 2, 3, TimeSpan.Zero), TwitterDate.Parse("Sat Dec 15 01:02:03 +0000 2015"));

    [Theory]
    [InlineData("")]
    [InlineData("Mon")]
    [InlineData("2016-01-04T19:45:37Z")]
    [InlineData("Mon Jan 32 19:45:37 +0000 2016")]
    [InlineData("Mon Jan 04 19:45:37 +0100 2016")]
    [InlineData("Mon Jan 04 24:00:00 +0000 2016")]
    [InlineData("MonxJan 04 19:45:37 +0000 2016")]
    [InlineData("Mon Jan 04 19:45:37 +0000 2016 ")]
    public void Other_text_is_no_date(string text)
    {
        Assert.False(TwitterDate.TryParse(text, out _));
        Assert.Throws<FormatException>(() => TwitterDate.Parse(text));
    }
}
