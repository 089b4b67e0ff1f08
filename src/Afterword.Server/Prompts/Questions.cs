using System.Text.Json;
using Afterword.Server.Hosting;

namespace Afterword.Server.Prompts;

/// <summary>The question catalogue. Its numbers never change their meaning, in any language.</summary>
internal sealed class Questions
{
    private const string Name = "<display_name>";

    private readonly string[] _csat;
    private readonly string[] _nps;

    public Questions(Settings settings)
    {
        using var file = JsonDocument.Parse(typeof(Questions).Assembly.GetManifestResourceStream("languages/en.json")!);
        var questions = file.RootElement.GetProperty("questions");
        _csat = Texts(questions, "csat", settings.Platform);
        _nps = Texts(questions, settings.PublishedNps ? "nps_published" : "nps", settings.Platform);
    }

    /// <summary>How many variants there are; they are numbered from 0.</summary>
    public int CountOf(PromptType type) => Of(type).Length;

    /// <param name="type">The kind of question.</param>
    /// <param name="variant">0 to <see cref="CountOf"/> - 1.</param>
    /// <param name="displayName">The name that stands in the question.</param>
    public string Ask(PromptType type, int variant, string displayName) => Of(type)[variant].Replace(Name, displayName, StringComparison.Ordinal);

    private string[] Of(PromptType type) => type == PromptType.Csat ? _csat : _nps;

    private static string[] Texts(JsonElement questions, string list, string platform) =>
        [.. questions.GetProperty(list).EnumerateArray().Select(text => text.GetString()!.Replace("<platform>", platform, StringComparison.Ordinal))];
}
