using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Afterword.Server.Languages;

/// <summary>One section of all language files, read into <typeparamref name="T"/> when someone first asks for it.</summary>
/// <param name="name">The section's name in the files, such as <c>card</c>.</param>
/// <param name="type">How the section is read; its names are in snake case.</param>
internal sealed class Section<T>(string name, JsonTypeInfo<T> type)
    where T : Texts
{
    private readonly ConcurrentDictionary<Language, T> _read = new();

    public T In(Language language) => _read.GetOrAdd(language, static (language, section) => section.Read(language), this);

    /// <summary>Reads the section of a file; words that it lacks are lent by <paramref name="lender"/>, a complete file.</summary>
    public T Read(JsonObject file, JsonObject lender)
    {
        var words = SectionOf(file);
        words["language"] = file["language"]!.DeepClone();
        words["direction"] = file["direction"]!.DeepClone();
        foreach (var (word, text) in SectionOf(lender)) words.TryAdd(word, text!.DeepClone());

        return words.Deserialize(type)!;
    }

    private T Read(Language language)
    {
        var english = FileOf(Language.English);
        return language == Language.English ? Read(english, english) : Read(FileOf(language), english);
    }

    private JsonObject SectionOf(JsonObject file)
    {
        var section = file[name]?.DeepClone().AsObject() ?? [];

        // A counted word goes by the rules of the language it was written in, lent or not.
        foreach (var counted in section.Select(word => word.Value).OfType<JsonObject>()) counted["language"] = file["language"]!.DeepClone();
        return section;
    }

    private static JsonObject FileOf(Language language)
    {
        using var stream = language.Open();
        return JsonNode.Parse(stream)!.AsObject();
    }
}
