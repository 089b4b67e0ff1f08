using System.Text.Json.Serialization;

namespace Afterword.Client.Wire;

/// <summary>What the answers of a period come to, as the Overview of the console shows it.</summary>
/// <param name="Formulas">The version of the definitions: a higher one may give other numbers for the same answers.</param>
/// <param name="Type"><c>csat</c> or <c>nps</c>.</param>
/// <param name="Test">Whether it is test feedback alone.</param>
/// <param name="TimeZone">Where days begin and end, an IANA name.</param>
/// <param name="From">The first day on which was asked, such as <c>2026-01-31</c>.</param>
/// <param name="To">The last day, included.</param>
/// <param name="BeforeFrom">The first day of the period that it is compared with, which has as many days and ends just before it.</param>
/// <param name="BeforeTo">The last day of that.</param>
/// <param name="Only">What it is limited to, such as <c>agent:zoe</c>; absent when it is not.</param>
/// <param name="Metrics">The metrics.</param>
/// <param name="By">How long a step is: <c>day</c>, <c>week</c> or <c>month</c>.</param>
/// <param name="Steps">The period in steps.</param>
/// <param name="Breakdown">The whole period by one property, whatever it is limited to; absent when none was asked for.</param>
public sealed record MetricsJson(
    [property: JsonRequired] int Formulas,
    [property: JsonRequired] string Type,
    [property: JsonRequired] bool Test,
    [property: JsonRequired] string TimeZone,
    [property: JsonRequired] string From,
    [property: JsonRequired] string To,
    [property: JsonRequired] string BeforeFrom,
    [property: JsonRequired] string BeforeTo,
    string? Only,
    [property: JsonRequired] MetricValuesJson Metrics,
    [property: JsonRequired] string By,
    [property: JsonRequired] IReadOnlyList<MetricStepJson> Steps,
    MetricBreakdownJson? Breakdown = null);

/// <summary>The metrics of a period. Shares are from 0 to 1.</summary>
/// <param name="Csat">Scores of 4 and 5 of all scores; absent for nps.</param>
/// <param name="Nps">The percentage of scores of 9 and 10 less that of 0 to 6, from -100 to 100; absent for csat.</param>
/// <param name="AverageScore">On the scale of the question.</param>
/// <param name="RequestsSent">How many there are; all of them are <c>n</c>.</param>
/// <param name="ResponseRate">Requests with a score of those that were delivered.</param>
/// <param name="CommentRate">Scores with a comment of all scores.</param>
/// <param name="MedianTimeToAnswer">From the request to the score, in milliseconds, of two significant digits.</param>
public sealed record MetricValuesJson(
    MetricJson? Csat,
    MetricJson? Nps,
    [property: JsonRequired] MetricJson AverageScore,
    [property: JsonRequired] MetricJson RequestsSent,
    [property: JsonRequired] MetricJson ResponseRate,
    [property: JsonRequired] MetricJson CommentRate,
    [property: JsonRequired] MetricJson MedianTimeToAnswer);

/// <summary>A metric.</summary>
/// <param name="N">How many answers it is calculated from; for the response rate, how many requests were delivered.</param>
/// <param name="Value">Absent when there is nothing to calculate it from, or when it is suppressed.</param>
/// <param name="Low">Where its 95 % interval begins; absent where it has none.</param>
/// <param name="High">Where that ends.</param>
/// <param name="TooFew">Whether it is calculated from fewer than 5, too few to go by.</param>
/// <param name="Suppressed">Whether it is not shown, since it would say what single customers said.</param>
/// <param name="Change">What became of it since the period before; absent where one of the two has no value.</param>
public sealed record MetricJson(
    [property: JsonRequired] long N, double? Value, double? Low, double? High, [property: JsonRequired] bool TooFew, [property: JsonRequired] bool Suppressed, MetricChangeJson? Change = null);

/// <summary>How a metric moved since the period before.</summary>
/// <param name="Verdict">
/// <c>up</c> or <c>down</c>; <c>not_significant</c>, no more than what chance makes of nothing in 95 of 100 cases; <c>same</c>; or
/// <c>too_few</c>, when one of the periods has too few answers to compare.
/// </param>
/// <param name="By">Now less before, in the unit of the metric; of requests and of times as a share of what was before. Absent for too few.</param>
/// <param name="Tested">Whether a test of significance stands behind the verdict.</param>
public sealed record MetricChangeJson([property: JsonRequired] string Verdict, double? By, [property: JsonRequired] bool Tested);

/// <summary>CSAT or NPS of a part of the period.</summary>
/// <param name="From">The first day.</param>
/// <param name="To">The last day, included.</param>
/// <param name="N">How many answers.</param>
/// <param name="Value">Absent without an answer, or when it is suppressed.</param>
/// <param name="Low">Where its 95 % interval begins.</param>
/// <param name="High">Where that ends.</param>
/// <param name="RequestsSent">How many were sent on these days.</param>
/// <param name="Suppressed">Whether it is not shown, since it would say what single customers said.</param>
public sealed record MetricStepJson(
    [property: JsonRequired] string From,
    [property: JsonRequired] string To,
    [property: JsonRequired] long N,
    double? Value,
    double? Low,
    double? High,
    [property: JsonRequired] long RequestsSent,
    [property: JsonRequired] bool Suppressed);

/// <summary>A period by the values of one property.</summary>
/// <param name="Of">The property, such as <c>agent</c>.</param>
/// <param name="Since">The first day that is counted, where there were too many values in the whole period; else absent.</param>
/// <param name="Parts">The values with most answers first, 50 at most of agents and of tags.</param>
public sealed record MetricBreakdownJson([property: JsonRequired] string Of, string? Since, [property: JsonRequired] IReadOnlyList<MetricPartJson> Parts);

/// <summary>CSAT or NPS of one value of a property.</summary>
/// <param name="Value">Which, such as the agent's name; limits the metrics to it as <c>only</c>, behind the property and a colon.</param>
/// <param name="N">How many answers.</param>
/// <param name="Score">CSAT or NPS; absent without an answer, or when it is suppressed.</param>
/// <param name="Low">Where its 95 % interval begins.</param>
/// <param name="High">Where that ends.</param>
/// <param name="RequestsSent">How many were sent.</param>
/// <param name="ResponseRate">Requests with a score of those that were delivered, from 0 to 1; absent when none was.</param>
/// <param name="Suppressed">Whether it is not shown, since it would say what single customers said.</param>
public sealed record MetricPartJson(
    [property: JsonRequired] string Value,
    [property: JsonRequired] long N,
    double? Score,
    double? Low,
    double? High,
    [property: JsonRequired] long RequestsSent,
    double? ResponseRate,
    [property: JsonRequired] bool Suppressed);
