using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Afterword.Server.Languages;

namespace Afterword.Server.Tests.Languages;

/// <summary>What is written in the language files. English lends what is missing at run time; here it is an error.</summary>
public sealed partial class LanguageFileTests
{
    private static readonly JsonObject s_english = FileOf("en");

    public static TheoryData<string> Languages => [.. Language.All.Select(language => language.Tag)];

    [Theory]
    [MemberData(nameof(Languages))]
    public void It_has_every_entry_and_no_other(string language) =>
        Assert.Equal(EntriesOf(s_english).Select(entry => entry.Path).Order(), EntriesOf(FileOf(language)).Select(entry => entry.Path).Order());

    [Theory]
    [MemberData(nameof(Languages))]
    public void It_names_itself_and_its_direction(string language)
    {
        var file = FileOf(language);

        Assert.Equal(language, (string?)file["language"]);
        Assert.Equal(language is "ar" or "he" ? "rtl" : "ltr", (string?)file["direction"]);
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public void Its_entries_have_the_places_that_English_has(string language)
    {
        var english = EntriesOf(s_english).ToDictionary(entry => entry.Path, entry => PlacesOf(entry.Texts[^1]));

        // One or two things need no number beside them in some languages; every other form has it.
        Assert.All(EntriesOf(FileOf(language)), entry => Assert.All(entry.Texts, text =>
            Assert.True(english[entry.Path] == PlacesOf(text) || (entry.Texts.Count > 1 && english[entry.Path] == PlacesOf(text + "{count}")), $"{entry.Path}: {text}")));
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public void Its_questions_differ_and_name_the_sender_once(string language)
    {
        foreach (var (list, questions) in FileOf(language)["questions"]!.AsObject())
        {
            var texts = questions!.AsArray().Select(text => (string)text!).ToArray();
            Assert.Equal(s_english["questions"]![list]!.AsArray().Count, texts.Length);
            Assert.Distinct(texts);
            Assert.All(texts, text => Assert.Single(Regex.Matches(text, "<display_name>")));
        }
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public void Its_texts_hold_no_control_characters_and_no_stray_blanks(string language) => Assert.All(EntriesOf(FileOf(language)), entry => Assert.All(entry.Texts, text =>
    {
        Assert.Equal(text.Trim(), text);
        Assert.True(text.IsNormalized(), text);
        Assert.DoesNotContain("  ", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text, c => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse);
    }));

    [Theory]
    [InlineData("ar", @"\p{IsArabic}")]
    [InlineData("he", @"\p{IsHebrew}")]
    [InlineData("hi", @"\p{IsDevanagari}")]
    [InlineData("ja", @"[\p{IsHiragana}\p{IsKatakana}\p{IsCJKUnifiedIdeographs}]")]
    [InlineData("ko", @"\p{IsHangulSyllables}")]
    [InlineData("zh-Hans", @"\p{IsCJKUnifiedIdeographs}")]
    public void It_is_written_in_its_script(string language, string letter)
    {
        // What is places and punctuation alone has no letters to look at.
        var words = EntriesOf(FileOf(language)).SelectMany(entry => entry.Texts).Select(text => LatinEverywhere().Replace(Places().Replace(text, ""), "")).Where(text => text.Any(char.IsLetter));

        Assert.All(words, text => Assert.Matches($"^[^A-Za-z]*{letter}[^A-Za-z]*$", text));
    }

    [Theory]
    [InlineData("es", "^¿[^¿?]+\\?$|^[^¿?]+, ¿[^¿?]+\\?$")]
    [InlineData("fr", "\u202f\\?$")]
    [InlineData("ar", "؟$")]
    [InlineData("ja", "[か]？$")]
    [InlineData("zh-Hans", "？$")]
    [InlineData("de", "[^\\s]\\?$")]
    [InlineData("he", "[^\\s]\\?$")]
    [InlineData("hi", "[^\\s]\\?$")]
    public void Its_questions_end_as_questions_do_there(string language, string pattern) =>
        Assert.All(FileOf(language)["questions"]!.AsObject().SelectMany(list => list.Value!.AsArray()), text => Assert.Matches(pattern, (string)text!));

    [Theory]
    [MemberData(nameof(Languages))]
    public void Counted_words_have_the_forms_of_the_language(string language)
    {
        var needed = Enumerable.Range(0, 200).Select(count => Plurals.Of(language, count)).Where(form => form != Plural.Other).Distinct().Select(form => form.ToString().ToLowerInvariant()).Append("other");

        Assert.All(
            FileOf(language).Where(section => section.Value is JsonObject && section.Key != "questions").SelectMany(section => section.Value!.AsObject()).Where(word => word.Value is JsonObject),
            word => Assert.Equal(needed.Order(), word.Value!.AsObject().Select(form => form.Key).Order()));
    }

    private static string PlacesOf(string text) => string.Join(' ', Places().Matches(text).Select(place => place.Value).Order());

    /// <summary>Every text of a file by where it stands; one that changes with a number has several.</summary>
    private static IEnumerable<(string Path, List<string> Texts)> EntriesOf(JsonObject file)
    {
        foreach (var (section, words) in file)
        {
            if (words is not JsonObject entries) continue;
            foreach (var (name, word) in entries)
            {
                switch (word)
                {
                    case JsonArray list:
                        for (var i = 0; i < list.Count; i++) yield return ($"{section}.{name}.{i}", [(string)list[i]!]);
                        break;
                    case JsonObject forms:
                        yield return ($"{section}.{name}", [.. forms.Select(form => (string)form.Value!)]);
                        break;
                    default:
                        yield return ($"{section}.{name}", [(string)word!]);
                        break;
                }
            }
        }
    }

    private static JsonObject FileOf(string tag)
    {
        using var stream = Language.Find(tag)!.Open();
        return JsonNode.Parse(stream)!.AsObject();
    }

    [GeneratedRegex("PIN|Cookie|@furni")]
    private static partial Regex LatinEverywhere();

    // {sender}, <display_name>, and the brackets around a link.
    [GeneratedRegex(@"\{[a-z_]+\}|<[a-z_]+>|[\[\]]")]
    private static partial Regex Places();
}
