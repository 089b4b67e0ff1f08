namespace Afterword.Server.Languages;

/// <summary>The words of one feature in one language: a section of the language's file.</summary>
/// <remarks>
/// A record of a feature adds one required member for each word. English must have them all (it would not load otherwise);
/// other languages may lag behind, word by word. Public only because Razor makes every component public, and with it the
/// types of its parameters.
/// </remarks>
public abstract record Texts
{
    /// <summary>A tag such as <c>pt</c>.</summary>
    public required string Language { get; init; }

    /// <summary><c>ltr</c> or <c>rtl</c>.</summary>
    public required string Direction { get; init; }
}
