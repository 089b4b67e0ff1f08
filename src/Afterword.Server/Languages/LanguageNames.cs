namespace Afterword.Server.Languages;

/// <summary>The languages of questions in English, which the console speaks.</summary>
internal static class LanguageNames
{
    private static readonly Dictionary<string, string> s_names = new(StringComparer.Ordinal)
    {
        ["ar"] = "Arabic", ["de"] = "German", ["en"] = "English", ["es"] = "Spanish", ["fr"] = "French", ["he"] = "Hebrew", ["hi"] = "Hindi", ["id"] = "Indonesian",
        ["it"] = "Italian", ["ja"] = "Japanese", ["ko"] = "Korean", ["nl"] = "Dutch", ["pl"] = "Polish", ["pt"] = "Portuguese", ["tr"] = "Turkish", ["zh-Hans"] = "Chinese, simplified",
    };

    public static string Of(string tag) => s_names.GetValueOrDefault(tag, tag);
}
