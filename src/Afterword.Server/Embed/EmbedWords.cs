using System.Text.Json.Serialization;
using Afterword.Server.Languages;

namespace Afterword.Server.Embed;

/// <summary>What an embedded card says by itself: when nothing comes back, nobody else can say it.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record EmbedWords : Words
{
    internal static readonly Section<EmbedWords> All = new("embed", EmbedWordsJson.Default.EmbedWords);

    public required string NotLoaded { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EmbedWords))]
[JsonSerializable(typeof(Dictionary<string, string[]>))]
internal sealed partial class EmbedWordsJson : JsonSerializerContext;
