using System.Text.Json;
using Afterword.Server.Configuration;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Languages;

/// <summary>The catalogue: the same numbers in every language, and the stored text where it cannot help.</summary>
public sealed class QuestionsTests
{
    private static readonly Language s_german = Language.Find("de")!;
    private static readonly Language s_japanese = Language.Find("ja")!;

    private readonly Questions _questions = new(SettingsOf());

    [Fact]
    public void A_number_means_the_same_in_every_language()
    {
        Assert.Equal("How would you rate your recent flight with Furni?", _questions.Ask(PromptType.Csat, 33, "Furni", Language.English).Text);
        Assert.Equal("Wie bewerten Sie Ihren letzten Flug mit Furni?", _questions.Ask(PromptType.Csat, 33, "Furni", s_german).Text);
        Assert.Equal("最近のFurniのフライトはいかがでしたか？", _questions.Ask(PromptType.Csat, 33, "Furni", s_japanese).Text);
    }

    [Fact]
    public void The_published_texts_are_the_first_six_of_satisfaction_in_every_language()
    {
        var published = new Questions(SettingsOf(("Questions:Nps", "published")));

        Assert.Equal(6, published.CountOf(PromptType.Nps));
        Assert.All(Language.All, language => Assert.All(
            Enumerable.Range(0, 6), variant => Assert.Equal(published.Ask(PromptType.Csat, variant, "F", language), published.Ask(PromptType.Nps, variant, "F", language))));
    }

    [Fact]
    public void The_platforms_name_stands_in_the_questions_of_every_language()
    {
        var named = new Questions(SettingsOf(("Platform", "Chairs & Co")));

        Assert.All(Language.All, language => Assert.Contains("Chairs & Co", named.Ask(PromptType.Csat, 6, "F", language).Text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_question_that_is_not_translated_is_asked_in_English()
    {
        using var english = Language.English.Open();
        using var complete = JsonDocument.Parse(english);
        using var incomplete = JsonDocument.Parse("""{"questions":{"csat":["Zufrieden mit <display_name>?",null,"Kein Name?"]}}""");

        var lender = _questions.Read(complete.RootElement, Language.English, null);
        var german = _questions.Read(incomplete.RootElement, s_german, lender);

        Assert.Equal(new Question("Zufrieden mit F?", s_german), german.Csat[0].With("F"));
        Assert.Equal(new Question("How satisfied are you with F?", Language.English), german.Csat[1].With("F"));
        Assert.Equal(Language.English, german.Csat[2].With("F").Language);
        Assert.Equal((38, 10), (german.Csat.Length, german.Nps.Length));
    }

    [Fact]
    public void A_reader_of_another_language_reads_the_same_question_about_the_same_name()
    {
        var prompt = PromptOf(PromptType.Nps, 2, _questions.Ask(PromptType.Nps, 2, "Zoë ? <b>", s_german).Text, "de");

        Assert.Equal(_questions.Ask(PromptType.Nps, 2, "Zoë ? <b>", s_japanese), _questions.For(prompt, s_japanese));
        Assert.Equal(new Question(prompt.Question, s_german), _questions.For(prompt, s_german));
    }

    [Fact]
    public void A_prompt_from_before_there_were_languages_is_English()
    {
        var prompt = PromptOf(PromptType.Csat, 1, "How satisfied are you with Furni?", null);

        Assert.Equal(Language.English, _questions.For(prompt, Language.English).Language);
        Assert.Equal("Wie zufrieden sind Sie mit Furni?", _questions.For(prompt, s_german).Text);
    }

    [Theory]
    [InlineData("What do you think of Furni?", "en")]
    [InlineData("Wie zufrieden sind Sie mit Furni?", "en")]
    [InlineData("How satisfied are you with", "en")]
    [InlineData("How satisfied are you with Furni?", "xx-not-ours")]
    public void A_text_that_the_catalogue_did_not_make_stays_as_it_is(string text, string language)
    {
        var shown = _questions.For(PromptOf(PromptType.Csat, 0, text, language), s_japanese);

        Assert.Equal((text, Language.English), (shown.Text, shown.Language));
    }

    [Fact]
    public void A_text_of_the_list_that_was_switched_off_stays_as_it_is()
    {
        var published = new Questions(SettingsOf(("Questions:Nps", "published")));
        foreach (var variant in new[] { 0, 9 })
        {
            var prompt = PromptOf(PromptType.Nps, variant, _questions.Ask(PromptType.Nps, variant, "Furni", Language.English).Text, "en");
            Assert.Equal(prompt.Question, published.For(prompt, s_german).Text);
        }
    }

    private static Prompt PromptOf(PromptType type, int variant, string question, string? language) =>
        new(1, 2, 3, 4, type, false, variant, question, "https://a.example/", null, null, 0, 0, null, null, null, null, null, language);

    private static Settings SettingsOf(params (string Key, string Value)[] given)
    {
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(given.ToDictionary(pair => pair.Key, pair => (string?)pair.Value)).Build());
        Assert.Empty(errors);
        return settings!;
    }
}
