using System.Text.Json.Serialization;

namespace Afterword.Server.Privacy;

/// <summary>A person who was erased, or is to be.</summary>
/// <param name="Id">The id that they had.</param>
/// <param name="Receipt">What there is to show for it; the same when it is done again. Absent while nothing has been done.</param>
/// <param name="ErasedAt">When, ISO 8601 in UTC.</param>
/// <param name="Counts">How much there was; absent when it was done before.</param>
internal sealed record ErasedJson(string Id, string? Receipt, string? ErasedAt, ErasedCounts? Counts);

/// <summary>What the routes of this feature write.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErasedJson))]
internal sealed partial class PrivacyJson : JsonSerializerContext;
