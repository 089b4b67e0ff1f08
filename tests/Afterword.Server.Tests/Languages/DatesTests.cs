using Afterword.Server.Languages;

namespace Afterword.Server.Tests.Languages;

/// <summary>A day in a sentence of each language: no day of the week, the month in letters where that is customary.</summary>
public sealed class DatesTests
{
    [Theory]
    [InlineData("de", "5. Januar 2026")]
    [InlineData("es", "5 de enero de 2026")]
    [InlineData("pt", "5 de janeiro de 2026")]
    [InlineData("fr", "5 janvier 2026")]
    [InlineData("it", "5 gennaio 2026")]
    [InlineData("nl", "5 januari 2026")]
    [InlineData("pl", "5 stycznia 2026")]
    [InlineData("tr", "5 Ocak 2026")]
    [InlineData("id", "5 Januari 2026")]
    [InlineData("ja", "2026年1月5日")]
    [InlineData("zh-Hans", "2026年1月5日")]
    [InlineData("ko", "2026년 1월 5일")]
    [InlineData("ar", "5 يناير 2026")]
    [InlineData("he", "5 בינואר 2026")]
    [InlineData("hi", "5 जनवरी 2026")]
    public void A_day_is_written_as_the_language_writes_it(string language, string written) =>
        Assert.Equal(written, Dates.Day(new DateTimeOffset(2026, 1, 5, 9, 0, 0, TimeSpan.Zero), Language.Find(language)!));
}
