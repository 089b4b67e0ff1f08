namespace Afterword.Server.Reports.Pages;

/// <summary>The Overview as it is written on the page: words and positions, nothing left to calculate.</summary>
/// <param name="PeriodBefore">What it is compared with; null when nobody was asked then.</param>
/// <param name="Problem">What was wrong with the days that were asked for; null when nothing was.</param>
/// <param name="Only">What the metrics are limited to; null when they are not.</param>
/// <param name="IsEmpty">Nobody was asked in the period, nor in the one before.</param>
public sealed record OverviewView(
    string Period, string? PeriodBefore, string Zone, string? Problem, LimitView? Only, bool Test, bool IsNps, bool IsEmpty,
    IReadOnlyList<LinkView> Types, IReadOnlyList<LinkView> Ranges, IReadOnlyList<LinkView> Steps, LinkView TestSwitch, string From, string To,
    IReadOnlyList<FieldView> Kept, IReadOnlyList<MetricView> Figures, LineView Line, BarsView Bars, IReadOnlyList<BreakdownView> Breakdowns, TodayView Today);

/// <summary>One of several ways to look at the same page.</summary>
public sealed record LinkView(string Text, string Address, bool Current);

/// <summary>A hidden field of the form for days of one's own.</summary>
public sealed record FieldView(string Name, string Value);

public sealed record LimitView(string Text, string Without);

/// <param name="Id">The part of the page of definitions.</param>
/// <param name="Basis">How many answers, or requests, it is calculated from.</param>
/// <param name="Mark">Why it is not to be trusted; null when it is.</param>
public sealed record MetricView(string Id, string Name, string Value, string? Interval, string Basis, string? Mark, ChangeView? Change, IReadOnlyList<double?> Trend);

/// <param name="Tone"><c>good</c>, <c>bad</c> or empty.</param>
/// <param name="Sign">An arrow, for those who do not see colours.</param>
public sealed record ChangeView(string Tone, string Sign, string Text, string Verdict);

/// <summary>A line over time. Positions are 0 at the top and 100 at the bottom.</summary>
/// <param name="Before">The period before as a whole; null when there is nothing to go by.</param>
public sealed record LineView(string Title, string Description, string Unit, IReadOnlyList<string> Ticks, IReadOnlyList<PointView> Points, BeforeView? Before);

public sealed record BeforeView(double At, string Value);

/// <param name="At">Null without an answer.</param>
/// <param name="Short">Below the line.</param>
public sealed record PointView(string Label, string Short, double? At, double? Low, double? High, bool TooFew, long Answers, string Value, string Interval)
{
    /// <summary>Drawn as a ring: it is there, and not to be trusted.</summary>
    public bool IsHollow => TooFew && At is not null;
}

/// <param name="Groups">Promoters and the like; empty for csat.</param>
public sealed record BarsView(string Title, string Description, IReadOnlyList<BarView> Bars, IReadOnlyList<BarView> Groups);

/// <param name="Tone">The class of its colour.</param>
/// <param name="Width">Its share of all answers, 0 to 100.</param>
public sealed record BarView(string Label, string Tone, double Width, long Count, string Share);

public sealed record BreakdownView(string Id, string Title, string Column, string? Hint, IReadOnlyList<SortView> Sorts, IReadOnlyList<PartView> Parts, WholeView? Whole);

/// <summary>The way from the first values of a breakdown to all of them, and back.</summary>
/// <param name="Word">What they are: <c>agents</c>.</param>
/// <param name="Address">Shows all, or only the first again.</param>
/// <param name="Find">What was searched for.</param>
/// <param name="Kept">Hidden fields of the search.</param>
public sealed record WholeView(string Word, long Count, bool IsShown, string Address, string? Find, IReadOnlyList<FieldView> Kept);

public sealed record SortView(string Name, string Text, string? Address, bool IsNumber);

/// <param name="At">The metric, 0 to 100; null when there are too few answers.</param>
public sealed record PartView(string Name, string Address, bool Current, long Sent, long Answers, double? At, double? Low, double? High, string Value, string Interval, string Response);

public sealed record TodayView(string Text, IReadOnlyList<TodayRow> Answers);

public sealed record TodayRow(string Time, string Exact, string Score, string Tone, bool HasText, string Address);
