using System.Globalization;
using System.Text;
using Afterword.Server.Errors;

namespace Afterword.Server.Parsing;

/// <summary>What every text that is stored has to be: valid Unicode in NFC, without control characters, not too long.</summary>
internal static class TextRules
{
    public const int MessageLength = 10_000;
    public const int NameLength = 50;

    /// <summary>Counts Unicode scalar values, which is how every limit on texts is meant.</summary>
    public static int LengthOf(string text)
    {
        var length = text.Length;
        foreach (var unit in text)
        {
            if (char.IsLowSurrogate(unit)) length--;
        }

        return length;
    }

    // The mark of a text that is read in the wrong byte order: no character.
    private const char NoCharacter = '\uFFFE';

    /// <summary>Control characters other than newline and tab are refused: terminals, logs and emails obey them.</summary>
    public static bool HasForbidden(string text)
    {
        foreach (var unit in text)
        {
            if (char.IsControl(unit) && unit is not ('\n' or '\t')) return true;
        }

        return !IsOfCharacters(text);
    }

    /// <summary>Whether everything in a text stands for a character. What does not cannot be normalised, and PostgreSQL takes no half surrogate pair.</summary>
    public static bool IsOfCharacters(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == NoCharacter || (char.IsSurrogate(text[i]) && !char.IsSurrogatePair(text, i))) return false;
            if (char.IsHighSurrogate(text[i])) i++;
        }

        return true;
    }

    /// <summary>The beginning of a text, as far as there is room; no character is cut in two.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">The most UTF-16 units.</param>
    public static string Cut(string text, int most) => text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];

    /// <summary>Whether a text can stand as a name in a list: one line, not blank, not too long.</summary>
    public static bool IsLabel(string text, int most) =>
        !HasForbidden(text) && text.AsSpan().IndexOfAny('\n', '\t') < 0 && !IsBlank(text) && LengthOf(text) <= most;

    public static bool IsBlank(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            // Zero-width and other format characters leave a text as blank as spaces do.
            if (!Rune.IsWhiteSpace(rune) && Rune.GetUnicodeCategory(rune) != UnicodeCategory.Format) return false;
        }

        return true;
    }

    /// <summary>Checks the text of a direct message and gives it as it is stored.</summary>
    /// <param name="name">The parameter's name on the wire.</param>
    /// <param name="text">Not empty.</param>
    /// <param name="errors">Receives what is wrong.</param>
    public static string ReadMessage(string name, string text, ApiErrors errors)
    {
        if (HasForbidden(text)) errors.Add(ApiError.Invalid(name, "no control characters but newline and tab"));
        else if (IsBlank(text)) errors.Add(ApiError.Invalid(name, "not blank"));

        text = Normalise(text, MessageLength);
        if (LengthOf(text) > MessageLength) errors.Add(ApiError.MessageTooLong);
        return text;
    }

    /// <summary>Gives a text in NFC; one that is refused anyway is given back as it is.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">The most characters that are taken afterwards.</param>
    public static string Normalise(string text, int most) => NormalForm.IsLongerThan(text, most) || !IsOfCharacters(text) ? text : NormalForm.Of(text);

    /// <summary>What a profile name must be, when it is not that; else null.</summary>
    public static string? WrongWithName(string name) =>
        IsLabel(name, NameLength) ? null : "1 to 50 characters, none of them a control character";
}
