using System.Globalization;

namespace Afterword.Server.Languages;

/// <summary>A word that changes with a number, by the plural rules of its language (CLDR, cardinal). In the file: <c>{"one":"{count} minute","other":"{count} minutes"}</c>.</summary>
/// <remarks>Only whole numbers from 0 are counted here. Digits are Latin in every language, as in the rest of the pages.</remarks>
public sealed record Counted
{
    /// <summary>The language it was written in.</summary>
    public required string Language { get; init; }

    public string? One { get; init; }
    public string? Two { get; init; }
    public string? Few { get; init; }
    public string? Many { get; init; }
    public string? Zero { get; init; }
    public required string Other { get; init; }

    /// <summary>The form for a number, with the number in it.</summary>
    public string For(long count)
    {
        var form = Plurals.Of(Language, count) switch
        {
            Plural.Zero => Zero,
            Plural.One => One,
            Plural.Two => Two,
            Plural.Few => Few,
            Plural.Many => Many,
            _ => null,
        };
        return (form ?? Other).Replace("{count}", count.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }
}
