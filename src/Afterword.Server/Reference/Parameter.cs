namespace Afterword.Server.Reference;

/// <summary>Where a parameter stands in the request.</summary>
internal enum ParameterLocation
{
    Query,
    Body,
    Path,
    Header,
}

/// <summary>Something a caller may send.</summary>
/// <param name="Name">As on the wire.</param>
/// <param name="Meaning">What it is for, as a sentence.</param>
/// <param name="Format">What it must look like.</param>
internal sealed record Parameter(string Name, string Meaning, ValueFormat Format)
{
    public bool Required { get; init; }

    /// <summary>What counts when it is left out.</summary>
    public string? Default { get; init; }

    /// <summary>A value for the example call; without one the call does without the parameter.</summary>
    public string? Example { get; init; }

    /// <summary>True for a header. The others are in the path if it names them, else in the body, or in the query of a GET.</summary>
    public bool IsHeader { get; init; }
}
