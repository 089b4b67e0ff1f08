using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Afterword.Server.Reports.Alerts;

/// <summary>An alert as a webhook gets it, exactly as it crosses the wire.</summary>
/// <param name="EventType"><c>alert.low_score</c> or <c>alert.figure_fell</c>.</param>
/// <param name="CreatedAt">When it was found out, in the format of the API.</param>
/// <param name="SenderId">Whose feedback it is about.</param>
/// <param name="LowScore">Of a low score alone.</param>
/// <param name="FiguresFell">Of metrics that fell alone.</param>
internal sealed record AlertEventJson(string EventType, string CreatedAt, string SenderId, LowScoreJson? LowScore = null, IReadOnlyList<FigureFellJson>? FiguresFell = null)
{
    public const string Low = "alert.low_score";
    public const string Fell = "alert.figure_fell";
}

/// <summary>A score at or below the sender's threshold.</summary>
/// <param name="FeedbackId">Which feedback; its text and its customer are read by its id.</param>
/// <param name="Type">The scale: <c>csat</c>, 1 to 5, or <c>nps</c>, 0 to 10.</param>
/// <param name="Score">What was given.</param>
internal sealed record LowScoreJson(string FeedbackId, string Type, int Score);

/// <summary>A metric that dropped.</summary>
/// <param name="Type"><c>csat</c> or <c>nps</c>.</param>
/// <param name="Now">Of the seven days up to today: percent satisfied, or the net promoter score.</param>
/// <param name="Before">Of the seven days before those.</param>
/// <param name="Answers">Scores in the seven days.</param>
/// <param name="AnswersBefore">Scores in the seven days before.</param>
internal sealed record FigureFellJson(string Type, double Now, double Before, long Answers, long AnswersBefore);

/// <summary>What an alert tells, as the store keeps it from the moment at which it was found out.</summary>
/// <param name="Fell">Metrics that fell.</param>
/// <param name="Week">The report of a week.</param>
/// <param name="AskedLast">When the rules last asked someone, as a date and time of <c>Console:TimeZone</c>; empty when they never did.</param>
/// <param name="UnfairAgents">Of how many agents the requests go beyond chance.</param>
internal sealed record AlertFactsJson(IReadOnlyList<FigureFellJson>? Fell = null, WeekJson? Week = null, string? AskedLast = null, int? UnfairAgents = null);

/// <param name="From">The first day, <c>2026-01-05</c>.</param>
/// <param name="To">The last day.</param>
internal sealed record WeekJson(string From, string To, IReadOnlyList<WeekFigureJson> Figures);

/// <summary>A line of the report: a metric, as people read it.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">What it is now.</param>
/// <param name="Change">What became of it since the week before, or why that cannot be said.</param>
/// <param name="Tone"><c>good</c>, <c>bad</c> or empty.</param>
internal sealed record WeekFigureJson(string Type, string Name, string Value, string Change, string Tone);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AlertEventJson))]
[JsonSerializable(typeof(AlertFactsJson))]
internal sealed partial class AlertWire : JsonSerializerContext
{
    // The default encoder is made for JSON inside HTML and would write letters of most scripts in escapes.
    static AlertWire() => Default = new AlertWire(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
