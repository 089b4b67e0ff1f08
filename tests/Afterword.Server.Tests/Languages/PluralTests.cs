using Afterword.Server.Languages;

namespace Afterword.Server.Tests.Languages;

/// <summary>The forms that CLDR gives as samples for its cardinal rules.</summary>
public sealed class PluralTests
{
    [Theory]
    [InlineData("en", "One", 1)]
    [InlineData("en", "Other", 0, 2, 11, 101, 1_000_000)]
    [InlineData("de", "One", 1)]
    [InlineData("de", "Other", 0, 2, 1_000_000)]
    [InlineData("nl", "One", 1)]
    [InlineData("nl", "Other", 0, 2)]
    [InlineData("tr", "One", 1)]
    [InlineData("tr", "Other", 0, 2)]
    [InlineData("es", "One", 1)]
    [InlineData("es", "Many", 1_000_000, 3_000_000)]
    [InlineData("es", "Other", 0, 2, 100, 1_000_001)]
    [InlineData("it", "One", 1)]
    [InlineData("it", "Many", 1_000_000)]
    [InlineData("it", "Other", 0, 2)]
    [InlineData("fr", "One", 0, 1)]
    [InlineData("fr", "Many", 1_000_000)]
    [InlineData("fr", "Other", 2, 17, 100)]
    [InlineData("pt", "One", 0, 1)]
    [InlineData("pt", "Many", 2_000_000)]
    [InlineData("pt", "Other", 2, 21)]
    [InlineData("hi", "One", 0, 1)]
    [InlineData("hi", "Other", 2, 101)]
    [InlineData("he", "One", 1)]
    [InlineData("he", "Two", 2)]
    [InlineData("he", "Other", 0, 3, 20, 102)]
    [InlineData("pl", "One", 1)]
    [InlineData("pl", "Few", 2, 4, 22, 24, 102, 1_002)]
    [InlineData("pl", "Many", 0, 5, 11, 12, 14, 21, 112, 1_000_000)]
    [InlineData("ar", "Zero", 0)]
    [InlineData("ar", "One", 1)]
    [InlineData("ar", "Two", 2)]
    [InlineData("ar", "Few", 3, 10, 103, 1_010)]
    [InlineData("ar", "Many", 11, 26, 99, 111, 1_011)]
    [InlineData("ar", "Other", 100, 102, 200, 502, 1_000_000)]
    [InlineData("ja", "Other", 0, 1, 2)]
    [InlineData("ko", "Other", 0, 1, 2)]
    [InlineData("zh-Hans", "Other", 0, 1, 2)]
    [InlineData("id", "Other", 0, 1, 2)]
    public void A_number_takes_the_form_of_its_language(string language, string form, params int[] counts) =>
        Assert.All(counts, count => Assert.Equal(form, Plurals.Of(language, count).ToString()));
}
