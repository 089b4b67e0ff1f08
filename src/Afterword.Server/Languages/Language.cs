using System.Collections.Frozen;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Primitives;

namespace Afterword.Server.Languages;

/// <summary>One of the languages that this build speaks: there is one file for each.</summary>
/// <remarks>The files' names are read, never the files themselves: sixteen of them would lengthen every start.</remarks>
internal sealed partial class Language
{
    private const string ResourcePrefix = "languages/";
    private const string Suffix = ".json";

    // RFC 5646, section 4.4.1, finds 35 characters enough for every tag in use; looking up longer ones would be work for nothing.
    private const int LongestTag = 35;

    private static readonly FrozenDictionary<string, Language> s_byTag = FindAll();
    private static readonly FrozenDictionary<string, Language>.AlternateLookup<ReadOnlySpan<char>> s_bySpan = s_byTag.GetAlternateLookup<ReadOnlySpan<char>>();

    private Language(string tag) => Tag = tag;

    /// <summary>What there is always, and what lends its words to the others.</summary>
    public static Language English { get; } = s_byTag["en"];

    public static IReadOnlyList<Language> All { get; } = [.. s_byTag.Values.Distinct().OrderBy(language => language.Tag, StringComparer.Ordinal)];

    /// <summary>The tag as pages, headers and the store have it, such as <c>pt</c> or <c>zh-Hans</c>.</summary>
    public string Tag { get; }

    /// <summary>The language nearest to a tag such as <c>pt-BR</c>; null when none is near, and for what is no tag.</summary>
    public static Language? Find(ReadOnlySpan<char> tag)
    {
        if (tag.Length > LongestTag) return null;

        // RFC 4647, section 3.4 (lookup): drop the last subtag until something fits.
        while (tag.Length > 0)
        {
            if (s_bySpan.TryGetValue(tag, out var language)) return language;
            tag = tag[..Math.Max(tag.LastIndexOf('-'), 0)];
        }

        return null;
    }

    /// <summary>The language that a browser asks for; null when it asks for none of ours.</summary>
    /// <param name="accept">The values of <c>Accept-Language</c>, whatever they hold.</param>
    public static Language? Preferred(StringValues accept)
    {
        Language? best = null;
        var most = 0;
        foreach (var range in new LanguageRanges(accept))
        {
            // Equal weights leave the first, which people list first.
            if (range.Weight > most && Find(range.Tag) is { } language) (best, most) = (language, range.Weight);
        }

        return best;
    }

    /// <summary>Whether a text has the form of a tag (RFC 5646); the language may be one that we do not speak.</summary>
    public static bool IsTag(string text) => text.Length <= LongestTag && WellFormed.IsMatch(text);

    /// <summary>Opens the language's file.</summary>
    public Stream Open() => typeof(Language).Assembly.GetManifestResourceStream(ResourcePrefix + Tag + Suffix)!;

    public override string ToString() => Tag;

    // Longer names of languages are reserved, and are more likely a language's name than its tag.
    [GeneratedRegex(@"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex WellFormed { get; }

    private static FrozenDictionary<string, Language> FindAll()
    {
        var found = typeof(Language).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .ToDictionary(name => name[ResourcePrefix.Length..^Suffix.Length], name => new Language(name[ResourcePrefix.Length..^Suffix.Length]), StringComparer.OrdinalIgnoreCase);

        // Other names of the same: Chinese without a script is written in the simplified one (CLDR, likely subtags); Hebrew and
        // Indonesian had other codes until 1989, which some systems still send.
        foreach (var (other, tag) in ((string, string)[])[("zh", "zh-Hans"), ("iw", "he"), ("in", "id")])
        {
            if (found.TryGetValue(tag, out var language)) found[other] = language;
        }

        return found.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}

internal static class LanguageOfReader
{
    /// <summary>The language to answer in: the reader's own, else the one that the browser asks for, else English.</summary>
    /// <param name="own">What the reader's account says, a tag or null.</param>
    public static Language LanguageFor(this HttpContext http, string? own) =>
        Language.Find(own) ?? Language.Preferred(http.Request.Headers.AcceptLanguage) ?? Language.English;
}
