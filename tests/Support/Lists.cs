using System.Text.Json;

namespace Afterword.Support;

/// <summary>Lists that others keep, from the packages of <c>tests/lists</c>; <c>./test</c> installs them.</summary>
internal static class Lists
{
    /// <summary>The big list of naughty strings, each once.</summary>
    public static string[] NaughtyStrings =>
        [.. Read("big-list-of-naughty-strings/blns.json").EnumerateArray().Select(one => one.GetString()!).Where(text => text.Length > 0).Distinct()];

    /// <summary>What crawlers, link previews and scanners say who they are.</summary>
    public static string[] Crawlers =>
        [.. Read("crawler-user-agents/crawler-user-agents.json").EnumerateArray().SelectMany(one => one.GetProperty("instances").EnumerateArray()).Select(one => one.GetString()!).Distinct()];

    private static JsonElement Read(string file)
    {
        var path = Path.Combine(Repository.Root, "tests", "lists", "node_modules", file);
        return File.Exists(path)
            ? JsonDocument.Parse(File.ReadAllBytes(path)).RootElement
            : throw new FileNotFoundException("The lists are not installed. Run ./test, or: npm ci --prefix tests/lists", path);
    }
}
