using System.Globalization;
using Afterword.Server.Console;

namespace Afterword.Server.Webhooks;

/// <summary>The days whose events an owner wants to have sent again.</summary>
/// <param name="To">Included.</param>
/// <param name="DeadOnly">Leaves out what was delivered and what waits.</param>
internal sealed record ReplayDays(DateOnly From, DateOnly To, bool DeadOnly)
{
    private const string Day = "yyyy-MM-dd";

    /// <summary>Reads the fields <c>from</c>, <c>to</c> and <c>only</c> of a query or a form.</summary>
    /// <returns>Null when there are no such days.</returns>
    public static ReplayDays? Read(Func<string, string?> field) =>
        DayOf(field("from")) is { } from && DayOf(field("to")) is { } to && from <= to ? new(from, to, field("only") == "dead") : null;

    public ReplayRange In(ConsoleDays days) => new(null, days.StartOf(From.DayNumber), days.StartOf(To.DayNumber + 1) - 1, DeadOnly);

    /// <summary>A day as forms have it.</summary>
    public static string Text(DateOnly day) => day.ToString(Day, CultureInfo.InvariantCulture);

    private static DateOnly? DayOf(string? text) =>
        DateOnly.TryParseExact(text, Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1970 and < 9999 ? day : null;
}
