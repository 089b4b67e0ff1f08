using Afterword.Server.Languages;
using Microsoft.Extensions.Primitives;

namespace Afterword.Server.Tests.Languages;

/// <summary>Which language a tag or a browser's wish leads to.</summary>
public sealed class LanguageTests
{
    private static readonly string[] s_shipped = ["ar", "de", "en", "es", "fr", "he", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "tr", "zh-Hans"];

    [Fact]
    public void Sixteen_languages_are_shipped() => Assert.Equal(s_shipped, Language.All.Select(language => language.Tag));

    [Theory]
    [InlineData("pt", "pt")]
    [InlineData("pt-BR", "pt")]
    [InlineData("PT-br", "pt")]
    [InlineData("de-CH-1996", "de")]
    [InlineData("es-419", "es")]
    [InlineData("zh", "zh-Hans")]
    [InlineData("zh-CN", "zh-Hans")]
    [InlineData("zh-SG", "zh-Hans")]
    [InlineData("zh-Hans-CN", "zh-Hans")]
    [InlineData("ZH-HANS", "zh-Hans")]
    [InlineData("zh-TW", "zh-Hans")]
    [InlineData("iw-IL", "he")]
    [InlineData("in", "id")]
    [InlineData("sv", null)]
    [InlineData("deu", null)]
    [InlineData("", null)]
    [InlineData("-", null)]
    [InlineData("*", null)]
    [InlineData("not a tag", null)]
    public void A_tag_leads_to_the_nearest_language(string tag, string? language) => Assert.Equal(language, Language.Find(tag)?.Tag);

    [Theory]
    [InlineData("de", "de")]
    [InlineData("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr")]
    [InlineData("en;q=0.3,it;q=0.7", "it")]
    [InlineData("en ; q=0.3 , it ; Q=0.7", "it")]
    [InlineData("sv, nb;q=0.9, nl;q=0.2", "nl")]
    [InlineData("ja,ko", "ja")]
    [InlineData("ja;q=0,ko;q=0.001", "ko")]
    [InlineData("zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7", "zh-Hans")]
    [InlineData("zh-TW,en;q=0.8", "en")]
    [InlineData("zh-Hant-HK", "zh-Hans")]
    [InlineData("zh-TWx,en;q=0.1", "zh-Hans")]
    [InlineData("*", null)]
    [InlineData("*,pl;q=0.1", "pl")]
    [InlineData("sv", null)]
    [InlineData("", null)]
    public void A_browser_gets_what_it_asks_for_most(string header, string? language) => Assert.Equal(language, Language.Preferred(header)?.Tag);

    [Fact]
    public void Several_headers_count_as_one() => Assert.Equal("tr", Language.Preferred(new StringValues(["sv", "", "de;q=0.5, tr"]))?.Tag);

    [Theory]
    [InlineData(",,,;;;,de")]
    [InlineData(";q=1,de")]
    [InlineData("fr;q=,de")]
    [InlineData("fr;q=2,de")]
    [InlineData("fr;q=1.001,de")]
    [InlineData("fr;q=1.0000,de")]
    [InlineData("fr;q=0.x,de")]
    [InlineData("fr;q=-1,de")]
    [InlineData("fr;level=1,de")]
    [InlineData("fr;q=١,de")]
    [InlineData("\0\uD800é,de")]
    [InlineData("fr de,de")]
    public void What_is_malformed_is_passed_over(string header) => Assert.Equal("de", Language.Preferred(header)?.Tag);

    [Fact]
    public void A_huge_header_is_not_read_to_its_end()
    {
        Assert.Null(Language.Preferred(string.Concat(Enumerable.Repeat("x,", 8_000)) + "de"));
        Assert.Null(Language.Preferred("de-" + string.Concat(Enumerable.Repeat("a-", 8_000)) + "a"));
        Assert.Equal("de", Language.Preferred("de," + new string(',', 16_000))?.Tag);
    }
}
