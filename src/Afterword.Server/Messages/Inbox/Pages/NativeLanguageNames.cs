using Afterword.Server.Languages;

namespace Afterword.Server.Messages.Inbox.Pages;

/// <summary>What each language calls itself, for those who look for their own.</summary>
internal static class NativeLanguageNames
{
    public static IReadOnlyList<(string Tag, string Name)> All { get; } =
    [
        .. Language.All.Select(language => (language.Tag, Name: NameOf(language.Tag))).OrderBy(one => one.Name, StringComparer.OrdinalIgnoreCase),
    ];

    private static string NameOf(string tag) => tag switch
    {
        "ar" => "العربية",
        "de" => "Deutsch",
        "en" => "English",
        "es" => "Español",
        "fr" => "Français",
        "he" => "עברית",
        "hi" => "हिन्दी",
        "id" => "Bahasa Indonesia",
        "it" => "Italiano",
        "ja" => "日本語",
        "ko" => "한국어",
        "nl" => "Nederlands",
        "pl" => "Polski",
        "pt" => "Português",
        "tr" => "Türkçe",
        "zh-Hans" => "简体中文",
        _ => tag,
    };
}
