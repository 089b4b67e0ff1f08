using System.Text;
using Afterword.Server.Parsing;
using Afterword.Server.Reports.Search;

namespace Afterword.Server.Tests.Abuse;

/// <summary>Normalisation takes its time from the length of a text, not from its square.</summary>
[Collection(nameof(Alone))]
public sealed class NormalFormTests
{
    private static readonly TimeSpan s_most = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task Marks_in_the_wrong_order_cost_no_more_than_others()
    {
        var text = HostileTexts.Marks(10_000);
        foreach (var form in new[] { NormalizationForm.FormC, NormalizationForm.FormKD })
        {
            var took = await Alone.LeastAsync(s_most, () => Task.FromResult(NormalForm.Of(text, form)));
            var control = await Alone.LeastAsync(TimeSpan.MaxValue, () => Task.FromResult(text.Normalize(form)));

            Assert.InRange(took, TimeSpan.Zero, s_most);
            Assert.True(control > 10 * took, $"The framework's own takes {control}, ours {took}: the text is no attack any more.");
        }
    }

    [Fact]
    public void A_joiner_stands_behind_every_thirty_marks_and_only_there()
    {
        string[] texts = [HostileTexts.Marks(1_000), "e" + new string('\u0344', 100), "\u0958" + new string('\u093C', 64), "a" + string.Concat(Enumerable.Repeat("\u0301\uFF9E", 50)), "é" + new string('\u0301', 30), "𝅗𝅥" + new string('\u0316', 31)];
        foreach (var text in texts)
        {
            var normal = NormalForm.Of(text);
            Assert.True(normal.IsNormalized(), text);
            Assert.Equal(normal, NormalForm.Of(normal));
            Assert.InRange(LongestRun(normal), 0, NormalForm.MostMarks);
            Assert.Equal(text.Normalize(NormalizationForm.FormD).Order(), normal.Normalize(NormalizationForm.FormD).Where(unit => unit != '\u034F').Order());
        }

        foreach (var mark in "\u0378\uFF9E\uFF9F") Assert.Contains('\u034F', NormalForm.Of("a" + new string(mark, 31)));
        foreach (var text in new[] { "Grüße", "e\u0301", "ကြောင့်", "บ้านที่", "हिन्दी", "འབྲུག", "ﷺ", "e" + new string('\u0316', 30) }) Assert.Equal(text.Normalize(), NormalForm.Of(text));
    }

    [Fact]
    public void A_text_that_is_too_long_in_any_form_is_left_alone()
    {
        // Four letters that are one in the normal form: the most there are.
        var four = "\u03B1\u0313\u0300\u0345";
        Assert.Equal(50, TextRules.LengthOf(TextRules.Normalise(string.Concat(Enumerable.Repeat(four, 50)), 50)));
        Assert.Same(HostileMarks, TextRules.Normalise(HostileMarks, 50));
    }

    [Fact]
    public async Task Cutting_a_text_into_words_ends_at_a_limit()
    {
        foreach (var (name, text) in HostileTexts.All.Select(one => (one.Name, one.Of(10_000))))
        {
            var took = await Alone.LeastAsync(s_most, () => Task.FromResult(SearchTerms.Of(text)));
            Assert.True(took < s_most, $"{name}: {took}");
            Assert.InRange(SearchTerms.Of(text).Count, 0, 4_000);
        }
    }

    private static readonly string HostileMarks = HostileTexts.Marks(64_000);

    private static int LongestRun(string text)
    {
        var (longest, run) = (0, 0);
        foreach (var rune in text.EnumerateRunes()) longest = Math.Max(longest, run = rune.Value != 0x034F && NormalForm.IsMark(rune) ? run + 1 : 0);
        return longest;
    }
}
