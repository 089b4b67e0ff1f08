using System.Globalization;

namespace Afterword.Server.Parsing;

internal static class WholeNumber
{
    /// <summary>Reads digits and nothing else. The framework by itself looks past NULs at the end.</summary>
    public static bool TryRead(string text, out long number)
    {
        number = 0;
        return !text.EndsWith('\0') && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
