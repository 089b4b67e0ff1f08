using System.Collections.Concurrent;
using System.Text.Json;
using Afterword.Server.Configuration;
using Afterword.Server.Languages;

namespace Afterword.Server.Prompts;

/// <summary>A question as it is put to someone, and the language it is in.</summary>
internal readonly record struct Question(string Text, Language Language);

/// <summary>The question catalogue. Its numbers never change their meaning, in any language.</summary>
/// <remarks>A language is read when someone is first asked in it; a question that it lacks is asked in English.</remarks>
internal sealed class Questions(Settings settings)
{
    private const string Name = "<display_name>";
    private const string Platform = "<platform>";

    private readonly ConcurrentDictionary<Language, Catalogue> _catalogues = new();

    /// <summary>How many variants there are; they are numbered from 0.</summary>
    public int CountOf(PromptType type) => In(Language.English).Of(type).Length;

    /// <param name="type">The kind of question.</param>
    /// <param name="variant">0 to <see cref="CountOf"/> - 1.</param>
    /// <param name="displayName">The name that stands in the question.</param>
    /// <param name="language">The language to ask in.</param>
    public Question Ask(PromptType type, int variant, string displayName, Language language) => In(language).Of(type)[variant].With(displayName);

    /// <summary>A prompt's question for a reader of a language; as it is stored when the catalogue cannot give it in that language.</summary>
    public Question For(Prompt prompt, Language reader)
    {
        var asked = Language.Find(prompt.Language) ?? Language.English;
        var stored = new Question(prompt.Question, asked);
        if (asked == reader || prompt.QuestionVariant >= CountOf(prompt.Type)) return stored;

        // The name is taken out of the stored text, where it stands as it was then. A text that does not fit the catalogue was
        // asked by another one, and its number means something else today.
        return In(asked).Of(prompt.Type)[prompt.QuestionVariant].NameIn(prompt.Question) is { } name
            ? Ask(prompt.Type, prompt.QuestionVariant, name, reader)
            : stored;
    }

    private Catalogue In(Language language) => _catalogues.GetOrAdd(
        language, static (language, questions) => questions.Read(language, language == Language.English ? null : questions.In(Language.English)), this);

    private Catalogue Read(Language language, Catalogue? english)
    {
        using var stream = language.Open();
        using var file = JsonDocument.Parse(stream);
        return Read(file.RootElement, language, english);
    }

    /// <summary>Reads the questions of a language file.</summary>
    /// <param name="english">Lends what the file lacks; null for a file that must be complete.</param>
    internal Catalogue Read(JsonElement file, Language language, Catalogue? english)
    {
        var lists = file.TryGetProperty("questions", out var found) ? found : default;
        return new(List("csat", english?.Csat), List(settings.PublishedNps ? "nps_published" : "nps", english?.Nps));

        Template[] List(string name, Template[]? lender)
        {
            var texts = lists.ValueKind == JsonValueKind.Object && lists.TryGetProperty(name, out var list) ? list.EnumerateArray().Select(text => text.GetString()).ToArray() : [];
            return lender is null
                ? [.. texts.Select(text => Template.Read(text!.Replace(Platform, settings.Platform, StringComparison.Ordinal), language)!)]
                : [.. lender.Select((lent, i) => Template.Read(texts.ElementAtOrDefault(i)?.Replace(Platform, settings.Platform, StringComparison.Ordinal), language) ?? lent)];
        }
    }

    /// <summary>The questions of one language.</summary>
    internal sealed record Catalogue(Template[] Csat, Template[] Nps)
    {
        public Template[] Of(PromptType type) => type == PromptType.Csat ? Csat : Nps;
    }

    /// <summary>One question with the place for the name.</summary>
    internal sealed record Template(string Before, string After, Language Language)
    {
        /// <returns>The template, or null when there is none or the name has no place in it.</returns>
        public static Template? Read(string? text, Language language) =>
            text?.IndexOf(Name, StringComparison.Ordinal) is >= 0 and var at ? new(text[..at], text[(at + Name.Length)..], language) : null;

        public Question With(string name) => new(Before + name + After, Language);

        /// <summary>The name in a text that was made from this; null when it was not.</summary>
        public string? NameIn(string text) =>
            text.Length >= Before.Length + After.Length && text.StartsWith(Before, StringComparison.Ordinal) && text.EndsWith(After, StringComparison.Ordinal)
                ? text[Before.Length..^After.Length]
                : null;
    }
}
