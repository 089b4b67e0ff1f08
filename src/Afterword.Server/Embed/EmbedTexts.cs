using System.Text.Json.Serialization;
using Afterword.Server.Languages;

namespace Afterword.Server.Embed;

/// <summary>What an embedded card says by itself: when nothing comes back, nobody else can say it.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record EmbedTexts : Texts
{
    internal static readonly Section<EmbedTexts> All = new("embed", EmbedTextsJson.Default.EmbedTexts);

    public required string NotLoaded { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EmbedTexts))]
[JsonSerializable(typeof(Dictionary<string, string[]>))]
internal sealed partial class EmbedTextsJson : JsonSerializerContext;
