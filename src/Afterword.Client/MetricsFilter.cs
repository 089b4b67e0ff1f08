using System.Globalization;

namespace Afterword.Client;

/// <summary>Which answers metrics are calculated from; by default the last 30 days of the kind of question that there is.</summary>
public sealed record MetricsFilter
{
    /// <summary><c>csat</c> or <c>nps</c>.</summary>
    public string? Type { get; init; }

    /// <summary>The last 7, 30, 90 or 365 days; 30 by default. Not beside <see cref="From"/> and <see cref="To"/>.</summary>
    public int? Range { get; init; }

    /// <summary>The first day of a period of one's own, on which was asked, in the server's time zone.</summary>
    public DateOnly? From { get; init; }

    /// <summary>The last day of it, included.</summary>
    public DateOnly? To { get; init; }

    /// <summary><c>day</c>, <c>week</c> or <c>month</c>: how long a step is. By default what suits the period.</summary>
    public string? By { get; init; }

    /// <summary>Limits them to one value of a property, such as <c>agent:zoe</c>; the others are <c>tag</c>, <c>language</c>, <c>channel</c>, <c>question</c> and <c>origin</c>.</summary>
    public string? Only { get; init; }

    /// <summary>A property by which the whole period is broken down; none by default.</summary>
    public string? Breakdown { get; init; }

    /// <summary>Test feedback alone; it is in no other metric.</summary>
    public bool Test { get; init; }

    internal IEnumerable<KeyValuePair<string, string>> ToQuery()
    {
        if (Type is not null) yield return new("type", Type);
        if (Range is { } range) yield return new("range", range.ToString(CultureInfo.InvariantCulture));
        if (From is { } from) yield return new("from", from.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        if (To is { } to) yield return new("to", to.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        if (By is not null) yield return new("by", By);
        if (Only is not null) yield return new("only", Only);
        if (Breakdown is not null) yield return new("breakdown", Breakdown);
        if (Test) yield return new("test", "true");
    }
}
