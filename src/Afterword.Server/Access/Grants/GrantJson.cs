using System.Text.Json.Serialization;

namespace Afterword.Server.Access.Grants;

/// <summary>The answer of <c>oauth/invalidate_token</c>.</summary>
internal sealed record InvalidatedTokenJson(string AccessToken);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(InvalidatedTokenJson))]
internal sealed partial class GrantJson : JsonSerializerContext;
