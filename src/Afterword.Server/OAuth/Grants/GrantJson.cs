using System.Text.Json.Serialization;

namespace Afterword.Server.OAuth.Grants;

/// <summary>A token that has ended.</summary>
/// <param name="AccessToken">The token.</param>
internal sealed record InvalidatedTokenJson(string AccessToken);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(InvalidatedTokenJson))]
internal sealed partial class GrantJson : JsonSerializerContext;
