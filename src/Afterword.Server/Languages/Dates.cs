using System.Globalization;
using System.Text.RegularExpressions;

namespace Afterword.Server.Languages;

/// <summary>Days as a language writes them in a sentence.</summary>
internal static partial class Dates
{
    /// <summary>A day such as <c>January 5, 2026</c>.</summary>
    public static string Day(DateTimeOffset day, Language language)
    {
        try
        {
            var culture = CultureInfo.GetCultureInfo(language.Tag);
            var pattern = DayOfWeek().Replace(culture.DateTimeFormat.LongDatePattern, "");

            // Indonesian would have a zero before the day, as in a table.
            return day.ToString(pattern.Replace("dd", "d", StringComparison.Ordinal), culture);
        }
        catch (CultureNotFoundException)
        {
            // A machine without ICU knows no other language than the one without a name.
            return day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        }
    }

    // It stands first or last, with a comma, a blank or nothing beside it.
    [GeneratedRegex(@"^dddd[^dMy']*|[^dMy'日일]*dddd$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex DayOfWeek();
}
