using System.Globalization;
using System.Text;

namespace Afterword.Server.Parsing;

/// <summary>Unicode normalisation in a time that grows with the text alone. All normalisation goes through here.</summary>
/// <remarks>
/// Combining marks are put into their canonical order by insertion, so a letter with 64,000 of them takes 15 seconds. The
/// Stream-Safe Text Process (UAX #15, section 13) sets a combining grapheme joiner, which nobody sees, behind every 30 marks
/// in a row: no language needs as many, and marks do not move across it.
/// </remarks>
internal static class NormalForm
{
    /// <summary>The most combining marks in a row.</summary>
    public const int MostMarks = 30;

    private const char Joiner = '\u034F';
    private const char FirstMark = '\u0300';

    // One character becomes at most so many in NFD (UAX #15, section 9), so NFC shortens by no more than that.
    private const int MostExpansion = 4;

    /// <summary>Whether a text is longer than a limit in any form, so that there is no need to look at it.</summary>
    public static bool IsLongerThan(string text, int most) => text.Length > 2 * MostExpansion * most || TextRules.LengthOf(text) > MostExpansion * most;

    /// <param name="text">No half surrogate pair in it, and no U+FFFE: the framework throws at those.</param>
    /// <param name="form">The form.</param>
    public static string Of(string text, NormalizationForm form = NormalizationForm.FormC)
    {
        if (Ascii.IsValid(text)) return text;

        var safe = WithJoiners(text);
        if (safe.IsNormalized(form)) return safe;

        // Once more, for a few characters fall apart into two marks: what is normalised again must stay as it is.
        return WithJoiners(safe.Normalize(form));
    }

    /// <summary>Whether a character is a mark, or becomes one.</summary>
    /// <remarks>The system's tables may be newer than the framework's: what this one does not know may be a mark to that one.</remarks>
    public static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.OtherNotAssigned

        // The two letters of half width that are marks in full width.
        || rune.Value is 0xFF9E or 0xFF9F;

    private static string WithJoiners(string text)
    {
        StringBuilder? safe = null;
        var (marks, copied) = (0, 0);
        for (var i = 0; i < text.Length;)
        {
            if (text[i] < FirstMark)
            {
                (marks, i) = (0, i + 1);
                continue;
            }

            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var width);
            if (rune.Value == Joiner || !IsMark(rune)) marks = 0;
            else if (++marks > MostMarks)
            {
                (safe ??= new(text.Length + (text.Length / MostMarks) + 1)).Append(text, copied, i - copied).Append(Joiner);
                (marks, copied) = (1, i);
            }

            i += width;
        }

        return safe?.Append(text, copied, text.Length - copied).ToString() ?? text;
    }
}
