using System.Globalization;
using System.Text;
using Afterword.Server.Parsing;

namespace Afterword.Server.Reports.Search;

/// <summary>Cuts a text into the words by which it is found: the same for what is stored and for what is looked for, on both engines.</summary>
/// <remarks>
/// Compatible forms are one (full-width letters, ligatures), letter case and accents do not count, and neither do the vowel
/// points of Arabic and Hebrew. Scripts that are written without spaces have no words that a program could see: there every
/// two characters in a row are a word, and the last of a run is one by itself.
/// </remarks>
internal static class SearchTerms
{
    // What is longer is no word that anybody looks for.
    private const int MostLetters = 40;

    // Each is a row of the index, written while the customer waits. A long letter has a thousand; 10,000 different characters
    // of Chinese would have ten thousand.
    private const int MostWords = 4_000;

    // A text of the longest length in Korean, whose syllables fall apart into three letters; others fall apart into eighteen.
    private const int MostFolded = 3 * TextRules.MessageLength;

    // Texts are folded piece by piece, so that a limit ends the work.
    private const int Piece = 256;

    /// <summary>The words of a text, each once and no more than <see cref="MostWords"/>.</summary>
    public static IReadOnlySet<string> Of(string text) => Of(text, out _, out _);

    /// <param name="text">The text.</param>
    /// <param name="letters">How many letters were looked at: compatible forms may stand for many.</param>
    /// <param name="isCut">Whether it has more words than are looked for.</param>
    public static IReadOnlySet<string> Of(string text, out int letters, out bool isCut)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        var folded = Fold(text, out isCut);
        letters = folded.Length;
        foreach (var run in RunsIn(folded))
        {
            foreach (var word in run.IsUnspaced ? PairsOf(run.Text).Append(LastOf(run.Text)) : [run.Text])
            {
                if (words.Count == MostWords && !words.Contains(word))
                {
                    isCut = true;
                    return words;
                }

                words.Add(word);
            }
        }

        return words;
    }

    /// <summary>Stretches of letters and digits, in the order of the text.</summary>
    internal static IEnumerable<Run> RunsOf(string text) => RunsIn(Fold(text, out _));

    private static IEnumerable<Run> RunsIn(string folded)
    {
        var run = new StringBuilder();
        var units = new char[2];
        var (unspaced, letters) = (false, 0);
        foreach (var rune in folded.EnumerateRunes())
        {
            var isLetter = Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.LetterNumber;
            if (run.Length > 0 && (!isLetter || IsUnspaced(rune) != unspaced))
            {
                yield return new(run.ToString(), unspaced);
                (letters, _) = (0, run.Clear());
            }

            if (!isLetter) continue;

            unspaced = IsUnspaced(rune);
            if (unspaced || letters++ < MostLetters) run.Append(units, 0, rune.EncodeToUtf16(units));
        }

        if (run.Length > 0) yield return new(run.ToString(), unspaced);
    }

    /// <summary>Every two characters of a run that follow each other; none when it is one character long.</summary>
    internal static IEnumerable<string> PairsOf(string run)
    {
        Rune? before = null;
        foreach (var rune in run.EnumerateRunes())
        {
            if (before is { } first) yield return $"{first}{rune}";
            before = rune;
        }
    }

    private static string LastOf(string run) => char.IsLowSurrogate(run[^1]) ? run[^2..] : run[^1..];

    private static string Fold(string text, out bool isCut)
    {
        // What is typed into a search may hold anything; no text that is stored does.
        if (!TextRules.IsOfCharacters(text)) text = string.Concat(text.Select(unit => unit == '\uFFFE' || char.IsSurrogate(unit) ? ' ' : unit));

        var folded = new StringBuilder(text.Length);
        var at = 0;
        while (at < text.Length && folded.Length < MostFolded)
        {
            var end = EndOfPiece(text, at);
            foreach (var letter in NormalForm.Of(text[at..end], NormalizationForm.FormKD).ToLowerInvariant())
            {
                if (IsAccent(letter)) continue;

                // Letters that do not fall apart into a plain one and an accent, and yet are typed as plain ones.
                if (PlainOf(letter) is { } plain) folded.Append(plain);
                else folded.Append(letter);
            }

            at = end;
        }

        isCut = at < text.Length;
        return NormalForm.Of(folded.ToString());
    }

    // A letter stays with its marks.
    private static int EndOfPiece(string text, int at)
    {
        var end = at + Piece;
        while (end < text.Length && (char.IsLowSurrogate(text[end]) || (Rune.TryGetRuneAt(text, end, out var rune) && NormalForm.IsMark(rune)))) end++;
        return Math.Min(end, text.Length);
    }

    private static string? PlainOf(char letter) => letter switch
    {
        'ß' => "ss", 'æ' => "ae", 'œ' => "oe", 'ø' => "o", 'ł' => "l", 'đ' => "d", 'ð' => "d", 'þ' => "th", 'ı' => "i", 'ς' => "σ", _ => null,
    };

    private static bool IsAccent(char letter) => letter is (>= '\u0300' and <= '\u036F') or (>= '\u0591' and <= '\u05C7') or (>= '\u064B' and <= '\u065F') or '\u0640' or '\u0670';

    /// <summary>Han, kana, Thai, Lao, Burmese and Khmer.</summary>
    private static bool IsUnspaced(Rune rune) => rune.Value is (>= 0x0E00 and <= 0x0EFF) or (>= 0x1000 and <= 0x109F) or (>= 0x1780 and <= 0x17FF)
        or (>= 0x3005 and <= 0x3007) or (>= 0x3040 and <= 0x30FF) or (>= 0x31F0 and <= 0x31FF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x323AF);

    /// <param name="Text">Folded.</param>
    /// <param name="IsUnspaced">Whether it is of a script without spaces.</param>
    internal readonly record struct Run(string Text, bool IsUnspaced);
}
