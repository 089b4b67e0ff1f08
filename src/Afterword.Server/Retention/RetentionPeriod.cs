using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Afterword.Server.Retention;

/// <summary>How long something is kept: days, weeks, months or years of the calendar.</summary>
internal sealed record RetentionPeriod
{
    /// <summary>Cards can be answered and messages read for so long: what is younger is still in use.</summary>
    public const int LeastDays = 30;

    /// <summary>What is to be kept for longer is kept.</summary>
    public const int MostYears = 100;

    /// <summary>The word for what is never removed.</summary>
    public const string Keep = "keep";

    /// <summary>The units, by the letter that stands for each.</summary>
    public static IReadOnlyList<(char Letter, string Name)> Units { get; } = [('d', "days"), ('w', "weeks"), ('m', "months"), ('y', "years")];

    private readonly int _count;
    private readonly char _unit;

    private RetentionPeriod(int count, char unit) => (_count, _unit) = (count, unit);

    /// <summary>What a text must be that is no period, for whoever typed it.</summary>
    public static string Expected { get; } = string.Create(
        CultureInfo.InvariantCulture, $"keep, or a number of days, weeks, months or years such as 90d, 26w, 12m or 2y, from {LeastDays} days to {MostYears} years");

    public int Count => _count;

    public char Unit => _unit;

    /// <summary>Reads a text such as <c>90d</c>, <c>12m</c> or <c>2y</c>, and null of <c>keep</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="period">Null when everything is kept.</param>
    public static bool TryParse(string text, out RetentionPeriod? period)
    {
        period = null;
        if (text.Equals(Keep, StringComparison.OrdinalIgnoreCase)) return true;
        if (text.Length is < 2 or > 6 || !Units.Any(unit => unit.Letter == text[^1])) return false;
        if (!int.TryParse(text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return false;

        // The bounds are the same whatever the month is.
        var days = count * DaysOf(text[^1]);
        if (days is < LeastDays or > MostYears * 366.0) return false;

        period = new(count, text[^1]);
        return true;
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static RetentionPeriod? OfStored(string? text) =>
        text is null ? null : TryParse(text, out var period) ? period! : throw new InvalidOperationException($"The store has a period \"{text}\".");

    /// <summary>What is older than this is not kept.</summary>
    public DateTimeOffset Before(DateTimeOffset now)
    {
        var (years, months, days) = _unit switch
        {
            'd' => (0, 0, _count),
            'w' => (0, 0, 7 * _count),
            'm' => (0, _count, 0),
            _ => (_count, 0, 0),
        };
        var before = now.ToUniversalTime().AddYears(-years).AddMonths(-months).AddDays(-days);

        // The month before the first of March has 28 days.
        return before < now.AddDays(-LeastDays) ? before : now.AddDays(-LeastDays);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_count}{_unit}");

    /// <summary>As people say it: 12 months.</summary>
    public string Words
    {
        get
        {
            var name = Units.First(unit => unit.Letter == _unit).Name;
            return string.Create(CultureInfo.InvariantCulture, $"{_count} {(_count == 1 ? name[..^1] : name)}");
        }
    }

    private static double DaysOf(char unit) => unit switch { 'd' => 1, 'w' => 7, 'm' => 30, _ => 365 };
}

/// <summary>What a sender keeps, and for how long; null keeps it for ever.</summary>
/// <param name="Texts">Comments, and the notes on them.</param>
/// <param name="Messages">Direct messages, in both directions.</param>
/// <param name="People">Who the customers are, from the last time that they and the sender had to do with each other.</param>
internal sealed record RetentionPeriods(RetentionPeriod? Texts, RetentionPeriod? Messages, RetentionPeriod? People)
{
    public static RetentionPeriods None { get; } = new(null, null, null);

    public override string ToString() =>
        $"comments {Texts?.Words ?? RetentionPeriod.Keep}, messages {Messages?.Words ?? RetentionPeriod.Keep}, customers {People?.Words ?? RetentionPeriod.Keep}";
}
