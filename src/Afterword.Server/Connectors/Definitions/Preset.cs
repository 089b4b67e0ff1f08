using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Afterword.Server.Connectors.Definitions;

/// <summary>Where the secret of a kind of connector comes from.</summary>
internal enum SecretOrigin
{
    /// <summary>Afterword makes it, and it is entered at the other side.</summary>
    Ours,

    /// <summary>The other side shows it, and it is entered here.</summary>
    Theirs,

    /// <summary>There is none: the address is the secret.</summary>
    None,
}

/// <summary>A kind of connector: the definition that it begins with, and what to do at the other side.</summary>
/// <param name="Kind">As people type it.</param>
/// <param name="Title">The product's name.</param>
/// <param name="Text">The definition as JSON.</param>
/// <param name="Steps">How it is set up at the other side, one click after the other.</param>
/// <param name="Template">What is to be pasted there; null when the other side decides what it sends.</param>
/// <param name="Sample">A body of the exact shape that the other side sends.</param>
/// <param name="SampleHeaders">The headers that come with it, besides the signature.</param>
internal sealed record Preset(
    string Kind, string Title, SecretOrigin Origin, Definition Definition, string Text, IReadOnlyList<string> Steps, string? Template, string Sample, IReadOnlyDictionary<string, string> SampleHeaders)
{
    public const string Generic = "generic";

    /// <summary>A header of the sample, by its name in any letter case.</summary>
    public string? SampleHeader(string name) => SampleHeaders.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly ConcurrentDictionary<string, Preset> s_read = new(StringComparer.Ordinal);

    /// <summary>All kinds, in the order in which they are offered.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["zendesk", "chatwoot", "intercom", "freshdesk", "front", "hubspot", "zammad", "freescout", "rocketchat", "slack", Generic];

    /// <summary>A preset, read once; null for a kind that does not exist.</summary>
    public static Preset? Find(string kind) => Kinds.Contains(kind) ? s_read.GetOrAdd(kind, Read) : null;

    private static Preset Read(string kind)
    {
        using var stream = typeof(Preset).Assembly.GetManifestResourceStream($"connectors/{kind}.json")!;
        var json = JsonSerializer.Deserialize(stream, PresetJsonContext.Default.PresetJson)!;
        var text = Indented(json.Definition);
        return new(
            kind, json.Title, json.Secret switch { "ours" => SecretOrigin.Ours, "theirs" => SecretOrigin.Theirs, _ => SecretOrigin.None }, DefinitionReader.OfStored(text), text,
            json.Steps, json.Template is { } template ? Indented(template) : null, json.Sample.GetRawText(), json.SampleHeaders ?? new Dictionary<string, string>());
    }

    private static string Indented(JsonElement json) => System.Text.Json.Nodes.JsonNode.Parse(json.GetRawText())!.ToJsonString(s_indented);
}

/// <summary>The file of a preset.</summary>
internal sealed record PresetJson(
    string Title, string Secret, IReadOnlyList<string> Steps, JsonElement? Template, JsonElement Definition, JsonElement Sample, IReadOnlyDictionary<string, string>? SampleHeaders);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PresetJson))]
internal sealed partial class PresetJsonContext : JsonSerializerContext;
