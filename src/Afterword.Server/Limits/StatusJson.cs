using System.Text.Json.Serialization;

namespace Afterword.Server.Limits;

/// <summary>How far a caller's limits are used up.</summary>
/// <param name="RateLimitContext">Whose limits they are.</param>
/// <param name="Resources">By family, then by route.</param>
internal sealed record RateLimitStatusJson(
    RateLimitContextJson RateLimitContext, IReadOnlyDictionary<string, IReadOnlyDictionary<string, RateLimitJson>> Resources);

/// <summary>Whose limits are told.</summary>
/// <param name="AccessToken">The token that signed.</param>
internal sealed record RateLimitContextJson(string AccessToken);

/// <summary>One limit.</summary>
/// <param name="Limit">The most that the window allows.</param>
/// <param name="Remaining">What is left of it.</param>
/// <param name="Reset">When the window ends, epoch seconds.</param>
internal sealed record RateLimitJson(long Limit, long Remaining, long Reset);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RateLimitStatusJson))]
internal sealed partial class StatusJson : JsonSerializerContext;
