using Afterword.Server.Reports.Search;

namespace Afterword.Server.Tests.Reports;

/// <summary>By which words a text is found.</summary>
public sealed class SearchTermsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("  —  !?", "")]
    [InlineData("The chair, the CHAIR!", "chair the")]
    [InlineData("Crème brûlée à Zürich", "a brulee creme zurich")]
    [InlineData("Straße, Łódź, København, İstanbul, ΟΔΟΣ", "istanbul kobenhavn lodz strasse οδοσ")]
    [InlineData("ﬁne ＦＵＬＬ ①", "1 fine full")]
    [InlineData("order #5555, 12.50", "12 50 5555 order")]
    [InlineData("don't", "don t")]
    [InlineData("家具屋", "具屋 家具 屋")]
    [InlineData("とてもgood椅子", "good ても とて も 子 椅子")]
    [InlineData("ดี", "ดี ี")]
    [InlineData("مُمتاز", "ممتاز")]
    [InlineData("שָׁלוֹם", "שלום")]
    [InlineData("अच्छा", "अच्छा")]
    [InlineData("배송이 빨라요", "배송이 빨라요")]
    [InlineData("👍 ok", "ok")]
    public void A_text_is_cut_into_words(string text, string words) =>
        Assert.Equal(words, string.Join(' ', SearchTerms.Of(text).Order(StringComparer.Ordinal)));

    [Fact]
    public void A_long_word_is_cut_short_and_still_found()
    {
        var word = new string('x', 500);
        Assert.Equal([new string('x', 40)], SearchTerms.Of(word));
        Assert.True(SearchQuery.Of(word)!.Matches(word));
    }

    [Theory]
    [InlineData("late delivery", "The delivery was late", true)]
    [InlineData("late deliv", "The delivery was late", true)]
    [InlineData("lat delivery", "The delivery was late", false)]
    [InlineData("late order delivery", "The delivery was late", false)]
    [InlineData("LATE", "spät, laté", true)]
    [InlineData("delivery ", "The delivery was late", true)]
    [InlineData("具", "家具屋", true)]
    [InlineData("屋", "家具屋", true)]
    [InlineData("家具", "家具屋", true)]
    [InlineData("家屋", "家具屋", false)]
    [InlineData("椅子 good", "とてもgood椅子", true)]
    [InlineData("%", "100%", null)]
    [InlineData("_", "a_b", null)]
    public void A_query_finds_texts_with_all_its_words(string query, string text, bool? found) => Assert.Equal(found, SearchQuery.Of(query)?.Matches(text));
}
