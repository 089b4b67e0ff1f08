using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;

namespace Afterword.Server.Reports;

/// <summary>How far the points of the line lie apart.</summary>
internal enum ChartInterval
{
    Day,
    Week,
    Month,
}

/// <summary>A property by which metrics are broken down, and to one value of which they can be limited.</summary>
internal enum Breakdown
{
    Variant,
    Language,
    Channel,
    Agent,
    Tag,

    /// <summary>Whether the rules asked, or someone did by hand.</summary>
    Origin,
}

/// <summary>What someone wants to see on the Overview, as the address has it.</summary>
/// <param name="Type">Null leaves it to what there is.</param>
/// <param name="Range">7, 30, 90 or 365 days up to today; null for days of one's own.</param>
/// <param name="From">The first day of one's own.</param>
/// <param name="To">The last day of one's own, included.</param>
/// <param name="ChartInterval">Null leaves it to the range.</param>
/// <param name="Only">The one value that metrics are limited to.</param>
/// <param name="Sort">The column by which breakdowns are sorted.</param>
/// <param name="Whole">The breakdown of which all values are shown, and not only the first.</param>
/// <param name="Find">Shows of that one those values that have this in their name; null shows all.</param>
internal sealed record OverviewQuery(
    PromptType? Type, int? Range, DateOnly? From, DateOnly? To, ChartInterval? ChartInterval, bool Test, (Breakdown Slice, string Value)? Only, string? Sort, Breakdown? Whole = null, string? Find = null)
{
    public const int DefaultRange = 30;

    /// <summary>The longest period of one's own, in days.</summary>
    public const int LongestRange = 1_100;

    // Longer than any agent, tag or language with the word before it.
    private const int LongestOnly = 200;

    public static IReadOnlyList<int> Ranges { get; } = [7, 30, 90, 365];

    public static IReadOnlyList<string> Sorts { get; } = ["answers", "score", "response", "name"];

    /// <summary>Reads what it understands; the rest is as if it had not been said, but for days that make no period.</summary>
    public static OverviewQuery Read(IQueryCollection query, out string? problem)
    {
        problem = null;
        var (from, to) = (Day(query["from"]), Day(query["to"]));
        int? range = int.TryParse(query["range"], NumberStyles.None, CultureInfo.InvariantCulture, out var days) && Ranges.Contains(days) ? days : null;
        if (query["from"].Count + query["to"].Count > 0 && range is null) problem = Problem(from, to);
        if (from is null || to is null || problem is not null) (from, to, range) = (null, null, range ?? DefaultRange);
        else range = null;

        Breakdown? whole = query["all"].ToString() switch { "agent" => Breakdown.Agent, "tag" => Breakdown.Tag, _ => null };
        var find = query["find"].ToString().Trim();
        return new(
            PromptTypes.Of(query["type"]), range, from, to,
            Enum.TryParse<ChartInterval>(query["by"], ignoreCase: true, out var chartInterval) && Enum.IsDefined(chartInterval) ? chartInterval : null,
            query["test"] == "1", ReadOnly(query["only"].ToString()), Sorts.FirstOrDefault(sort => sort == query["sort"]),
            whole, whole is null || find.Length is 0 or > LongestOnly || TextRules.HasForbidden(find) ? null : find);
    }

    /// <summary>Reads the same of a call, where whatever is not understood is an error.</summary>
    public static OverviewQuery Parse(ParameterReader read)
    {
        var type = PromptTypes.Read(read, read.Optional("type"));
        var range = OneOf(read, "range", [.. Ranges.Select(one => one.ToString(CultureInfo.InvariantCulture))]) is { } days ? int.Parse(days, CultureInfo.InvariantCulture) : (int?)null;
        var step = OneOf(read, "by", [.. Enum.GetValues<ChartInterval>().Select(one => WordOf(one))]);
        var (from, to) = (ParseDay(read, "from"), ParseDay(read, "to"));
        var (test, only) = (read.Truth("test"), read.Optional("only"));
        (Breakdown, string)? limit = only is null ? null : ReadOnly(TextRules.Normalise(only, LongestOnly));
        if (only is not null && limit is null) read.Errors.Add(ApiError.Invalid("only", "a property and a value, such as agent:zoe"));
        if ((from ?? to) is not null && range is not null) read.Errors.Add(ApiError.Invalid("range", "left out beside from and to"));
        if (!read.Errors.Any && (from is null) != (to is null)) read.Errors.Add(ApiError.Missing(from is null ? "from" : "to"));
        if (to < from) read.Errors.Add(ApiError.Invalid("from", "not after to"));
        if (to?.DayNumber - from?.DayNumber >= LongestRange) read.Errors.Add(ApiError.Invalid("from", string.Create(CultureInfo.InvariantCulture, $"less than {LongestRange:N0} days before to")));
        return new(type, from is null ? range ?? DefaultRange : null, from, to, step is null ? null : Enum.Parse<ChartInterval>(step, ignoreCase: true), test, limit, null);
    }

    /// <summary>First and last day, both included.</summary>
    public (long From, long To) Days(long today) => Range switch
    {
        365 => (DateOnly.FromDayNumber((int)today).AddMonths(-12).DayNumber + 1, today),
        { } days => (today - days + 1, today),
        null => (From!.Value.DayNumber, To!.Value.DayNumber),
    };

    /// <summary>The same question as an address, without what goes without saying.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        if (Type is { } type) parts.Add($"type={type.Wire}");
        if (Range is { } range && range != DefaultRange) parts.Add(string.Create(CultureInfo.InvariantCulture, $"range={range}"));
        if (Range is null) parts.Add(string.Create(CultureInfo.InvariantCulture, $"from={From:yyyy-MM-dd}&to={To:yyyy-MM-dd}"));
        if (ChartInterval is { } chartInterval) parts.Add($"by={WordOf(chartInterval)}");
        if (Test) parts.Add("test=1");
        if (Only is var (breakdown, value)) parts.Add($"only={WordOf(breakdown)}:{Uri.EscapeDataString(value)}");
        if (Sort is { } sort) parts.Add($"sort={sort}");
        if (Whole is { } whole) parts.Add($"all={WordOf(whole)}");
        if (Find is { } find) parts.Add($"find={Uri.EscapeDataString(find)}");
        return parts.Count == 0 ? "?" : "?" + string.Join('&', parts);
    }

    /// <summary>Steps that give a line that can be read: not too many points, and none, as a rule, on too few answers.</summary>
    /// <param name="days">How long the period is.</param>
    /// <param name="scored">Answers in it.</param>
    public ChartInterval StepFor(long days, long scored)
    {
        return ChartInterval ?? (days <= 14 || (days <= 45 && AreEnoughIn(1)) ? Reports.ChartInterval.Day : days <= 60 || (days <= 200 && AreEnoughIn(7)) ? Reports.ChartInterval.Week : Reports.ChartInterval.Month);

        bool AreEnoughIn(long stepDays) => scored * stepDays >= Metrics.Enough * days;
    }

    public static string WordOf(Breakdown breakdown) => breakdown switch
    {
        Breakdown.Variant => "question",
        Breakdown.Language => "language",
        Breakdown.Channel => "channel",
        Breakdown.Agent => "agent",
        Breakdown.Origin => "origin",
        _ => "tag",
    };

    public static string WordOf(ChartInterval chartInterval) => chartInterval switch
    {
        Reports.ChartInterval.Day => "day",
        Reports.ChartInterval.Week => "week",
        _ => "month",
    };

    /// <summary>Reads the property by which a call breaks the metrics down; null is none, or after noting that it is no property.</summary>
    public static Breakdown? ParseSlice(ParameterReader read, string name) => SliceOf(OneOf(read, name, [.. Enum.GetValues<Breakdown>().Select(one => WordOf(one))]));

    private static Breakdown? SliceOf(string? word)
    {
        foreach (var breakdown in Enum.GetValues<Breakdown>())
        {
            if (WordOf(breakdown) == word) return breakdown;
        }

        return null;
    }

    private static (Breakdown, string)? ReadOnly(string only)
    {
        var colon = only.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || colon == only.Length - 1 || only.Length > LongestOnly || TextRules.HasForbidden(only)) return null;

        return SliceOf(only[..colon]) is { } breakdown ? (breakdown, only[(colon + 1)..]) : null;
    }

    private static string? OneOf(ParameterReader read, string name, string[] words)
    {
        if (read.Optional(name) is not { } text) return null;
        if (words.Contains(text)) return text;

        read.Errors.Add(ApiError.Invalid(name, $"{string.Join(", ", words[..^1])} or {words[^1]}"));
        return null;
    }

    private static DateOnly? ParseDay(ParameterReader read, string name)
    {
        if (read.Optional(name) is not { } text) return null;
        if (Day(text) is { } day) return day;

        read.Errors.Add(ApiError.Invalid(name, "a day such as 2026-01-31"));
        return null;
    }

    private static DateOnly? Day(string? text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 2000 and < 2200 ? day : null;

    private static string? Problem(DateOnly? from, DateOnly? to)
    {
        if (from is null || to is null) return "Choose two days, the first and the last one. These are the last 30 days.";
        if (to < from) return "The last day lies before the first one. These are the last 30 days.";
        return to.Value.DayNumber - from.Value.DayNumber >= LongestRange
            ? string.Create(CultureInfo.InvariantCulture, $"That is more than {LongestRange:N0} days. These are the last 30 days.")
            : null;
    }
}
