using System.Globalization;
using System.Text.RegularExpressions;

namespace Afterword.Server.Languages;

/// <summary>Days as a language writes them in a sentence.</summary>
internal static partial class Dates
{
    /// <summary>A day such as <c>5 January 2026</c>.</summary>
    public static string Day(DateTimeOffset day, Language language)
    {
        try
        {
            var culture = CultureInfo.GetCultureInfo(language.Tag);
            return day.ToString(DayOfWeek().Replace(culture.DateTimeFormat.LongDatePattern, ""), culture);
        }
        catch (CultureNotFoundException)
        {
            // A machine without ICU knows no other language than the one without a name.
            return day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        }
    }

    // It stands first or last, with a comma, a blank or nothing beside it.
    [GeneratedRegex(@"^dddd[^dMy']*|[^dMy'日일]*dddd$", RegexOptions.CultureInvariant)]
    private static partial Regex DayOfWeek();
}
