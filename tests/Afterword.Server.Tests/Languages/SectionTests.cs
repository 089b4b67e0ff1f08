using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Afterword.Server.Languages;

namespace Afterword.Server.Tests.Languages;

/// <summary>How a section of a language file becomes words, whatever the file lacks.</summary>
public sealed class SectionTests
{
    private static readonly JsonObject s_english = File(
        """{"language":"en","direction":"ltr","tea":{"drink":"Drink","cups":{"one":"{count} cup","other":"{count} cups"}}}""");

    private readonly Section<TeaTexts> _section = new("tea", TeaTextsJson.Default.TeaTexts);

    [Fact]
    public void A_complete_file_lends_nothing()
    {
        var words = _section.Read(File("""{"language":"pl","direction":"ltr","tea":{"drink":"Pij","cups":{"one":"{count} filiżanka","few":"{count} filiżanki","other":"{count} filiżanek"}}}"""), s_english);

        Assert.Equal(("pl", "ltr", "Pij"), (words.Language, words.Direction, words.Drink));
        Assert.Equal(["1 filiżanka", "3 filiżanki", "5 filiżanek"], new[] { 1, 3, 5 }.Select(count => words.Cups.For(count)));
    }

    [Fact]
    public void A_word_that_is_missing_is_lent_by_English()
    {
        var words = _section.Read(File("""{"language":"fr","direction":"ltr","tea":{"drink":"Boire"}}"""), s_english);

        Assert.Equal("Boire", words.Drink);

        // "0" would be singular in French; the word is English.
        Assert.Equal("0 cups", words.Cups.For(0));
    }

    [Fact]
    public void A_section_that_is_missing_is_lent_whole()
    {
        var words = _section.Read(File("""{"language":"ar","direction":"rtl"}"""), s_english);

        Assert.Equal(("ar", "rtl", "Drink"), (words.Language, words.Direction, words.Drink));
    }

    [Fact]
    public void English_must_have_every_word()
    {
        var incomplete = File("""{"language":"en","direction":"ltr","tea":{"drink":"Drink"}}""");

        Assert.Throws<System.Text.Json.JsonException>(() => _section.Read(incomplete, incomplete));
    }

    private static JsonObject File(string json) => JsonNode.Parse(json)!.AsObject();
}

internal sealed record TeaTexts : Texts
{
    public required string Drink { get; init; }

    public required Counted Cups { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TeaTexts))]
internal sealed partial class TeaTextsJson : JsonSerializerContext;
