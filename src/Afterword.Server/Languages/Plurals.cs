namespace Afterword.Server.Languages;

/// <summary>The forms that a word can have beside a number (CLDR).</summary>
internal enum Plural
{
    Other,
    Zero,
    One,
    Two,
    Few,
    Many,
}

/// <summary>Which form a number takes in each of our languages (CLDR 48, cardinal rules for whole numbers).</summary>
internal static class Plurals
{
    private const long Million = 1_000_000;

    public static Plural Of(string language, long count) => language switch
    {
        "ja" or "ko" or "zh-Hans" or "id" => Plural.Other,
        "hi" => count is 0 or 1 ? Plural.One : Plural.Other,
        "fr" or "pt" => count is 0 or 1 ? Plural.One : RoundMillions(count),
        "es" or "it" => count is 1 ? Plural.One : RoundMillions(count),
        "he" => count switch
        {
            1 => Plural.One,
            2 => Plural.Two,
            _ => Plural.Other,
        },
        "pl" => Polish(count),
        "ar" => Arabic(count),

        // en, de, nl, tr
        _ => count is 1 ? Plural.One : Plural.Other,
    };

    // "un million de …": the noun stands behind a preposition.
    private static Plural RoundMillions(long count) => count > 0 && count % Million == 0 ? Plural.Many : Plural.Other;

    private static Plural Polish(long count) => (count, count % 10, count % 100) switch
    {
        (1, _, _) => Plural.One,
        (_, >= 2 and <= 4, not (>= 12 and <= 14)) => Plural.Few,
        _ => Plural.Many,
    };

    private static Plural Arabic(long count) => (count, count % 100) switch
    {
        (0, _) => Plural.Zero,
        (1, _) => Plural.One,
        (2, _) => Plural.Two,
        (_, >= 3 and <= 10) => Plural.Few,
        (_, >= 11) => Plural.Many,
        _ => Plural.Other,
    };
}
