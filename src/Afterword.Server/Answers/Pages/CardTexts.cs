using System.Globalization;
using System.Text.Json.Serialization;
using Afterword.Server.Languages;

namespace Afterword.Server.Answers.Pages;

/// <summary>Every word of the card in one language.</summary>
/// <remarks>
/// A word may hold <c>{sender}</c>, <c>{score}</c> or <c>{label}</c>, and square brackets around the part that is a link.
/// </remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CardTexts : Texts
{
    internal static readonly Section<CardTexts> All = new("card", CardTextsJson.Default.CardTexts);

    public required string ScoreTitle { get; init; }
    public required string TextTitle { get; init; }
    public required string ThanksTitle { get; init; }
    public required string ClosedTitle { get; init; }
    public required string ExpiredTitle { get; init; }
    public required string NotFoundTitle { get; init; }
    public required string ProblemTitle { get; init; }

    public required string Dismiss { get; init; }
    public required string Csat1 { get; init; }
    public required string Csat2 { get; init; }
    public required string Csat3 { get; init; }
    public required string Csat4 { get; init; }
    public required string Csat5 { get; init; }
    public required string CsatScore { get; init; }
    public required string NpsLow { get; init; }
    public required string NpsHigh { get; init; }
    public required string NpsScore { get; init; }
    public required string NpsEnd { get; init; }

    public required string Confirm { get; init; }
    public required string ConfirmDetail { get; init; }

    public required string ScoreThanks { get; init; }
    public required string Recorded { get; init; }
    public required string YourAnswer { get; init; }
    public required string TextLabel { get; init; }
    public required string Optional { get; init; }
    public required string Send { get; init; }
    public required string NoThanks { get; init; }

    public required string Thanks { get; init; }
    public required string ThanksDetail { get; init; }
    public required string Closed { get; init; }
    public required string ClosedDetail { get; init; }
    public required string Expired { get; init; }
    public required string ExpiredDetail { get; init; }
    public required string NotFound { get; init; }
    public required string NotFoundDetail { get; init; }
    public required string Privacy { get; init; }
    public required string Trouble { get; init; }
    public required string TroubleDetail { get; init; }
    public required string TroubleTyped { get; init; }
    public required string TryAgain { get; init; }
    public required string NotSent { get; init; }
    public required string NewTab { get; init; }
    public required string StopAsking { get; init; }
    public required string Stopped { get; init; }
    public required string StoppedDetail { get; init; }
    public required string StoppedOpen { get; init; }
    public required string AskAgain { get; init; }

    public required string ScoreMissing { get; init; }
    public required string TextBlank { get; init; }
    public required string TextTooLong { get; init; }
    public required string AlreadyAnswered { get; init; }
    public required string NotSaved { get; init; }

    internal string For(CardProblem problem) => problem switch
    {
        CardProblem.ScoreMissing => ScoreMissing,
        CardProblem.TextBlank => TextBlank,
        CardProblem.TextTooLong => TextTooLong,
        CardProblem.AlreadyAnswered => AlreadyAnswered,
        CardProblem.NotSaved => NotSaved,
        _ => throw new System.Diagnostics.UnreachableException(problem.ToString()),
    };

    /// <param name="score">1 to 5.</param>
    internal string CsatLabel(int score) => score switch
    {
        1 => Csat1,
        2 => Csat2,
        3 => Csat3,
        4 => Csat4,
        5 => Csat5,
        _ => throw new ArgumentOutOfRangeException(nameof(score), score, "A satisfaction score is 1 to 5."),
    };

    /// <summary>A score as it is read out: <c>4 – Satisfied</c>.</summary>
    internal string CsatChoice(int score) => Fill(CsatScore, score, CsatLabel(score));

    /// <summary>A score as it is read out: <c>7 out of 10</c>; at the ends of the scale with what they mean.</summary>
    internal string NpsChoice(int score) => score switch
    {
        0 => Fill(NpsEnd, score, NpsLow),
        10 => Fill(NpsEnd, score, NpsHigh),
        _ => Fill(NpsScore, score, ""),
    };

    /// <param name="label">A score as it is read out.</param>
    internal string ConfirmOf(string label) => Confirm.Replace("{label}", label, StringComparison.Ordinal);

    private static string Fill(string word, int score, string label) => word
        .Replace("{score}", score.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{label}", label, StringComparison.Ordinal);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CardTexts))]
internal sealed partial class CardTextsJson : JsonSerializerContext;
