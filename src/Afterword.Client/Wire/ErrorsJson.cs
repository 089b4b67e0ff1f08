using System.Text.Json.Serialization;

namespace Afterword.Client.Wire;

/// <summary>The body of every refusal.</summary>
/// <param name="Errors">At least one; all wrong parameters of a request, one entry each.</param>
public sealed record ErrorsJson([property: JsonRequired] IReadOnlyList<ErrorJson> Errors);

/// <summary>One reason for a refusal.</summary>
/// <param name="Code">Stable and documented, e.g. 38 for a missing parameter.</param>
/// <param name="Message">English, for a developer.</param>
public sealed record ErrorJson([property: JsonRequired] int Code, [property: JsonRequired] string Message);
