namespace Afterword.Server.Tests.Abuse;

/// <summary>Texts of any length that cost more to read than they look.</summary>
internal static class HostileTexts
{
    public static IReadOnlyList<(string Name, Func<int, string> Of)> All { get; } =
    [
        ("marks in descending order", Marks),
        ("links that end in brackets", length => "https://a" + new string(')', length - 9)),
        ("a letter that stands for eighteen", length => new string('\uFDFA', length)),
        ("ten thousand different Han letters", Han),
        ("voiced half-width marks", length => "a" + string.Concat(Enumerable.Repeat("\u0301\uFF9E", (length - 1) / 2))),
        ("many links", length => string.Concat(Enumerable.Repeat("https://a.b/ ", length / 13))),
        ("markup", length => string.Concat(Enumerable.Repeat("<&\">'", length / 5))),
        ("emoji", length => string.Concat(Enumerable.Repeat("👩‍💻", length / 5))),
        ("separators", length => string.Concat(Enumerable.Repeat("a,@,1,", length / 6))),
        ("a host of marks", length => "https://" + Marks(length - 8)),
        ("digits", length => new string('9', length)),
        ("blanks", length => new string(' ', length - 1) + "."),
    ];

    /// <summary>A letter and marks that all have to go before those that come before them.</summary>
    public static string Marks(int length)
    {
        // Of the combining classes 240, 230, 220, 9, 8, 7 and 1.
        const string Classes = "\u0345\u0301\u0316\u094D\u3099\u093C\u0334";
        return string.Concat(Enumerable.Range(0, length).Select(i => i == 0 ? 'a' : Classes[(int)((long)i * Classes.Length / length)]));
    }

    /// <summary>Different letters, so that every two in a row are another word.</summary>
    public static string Han(int length) => string.Concat(Enumerable.Range(0, length).Select(i => (char)(0x4E00 + (i * 7_919 % 20_000))));
}
