using System.Text.Json.Serialization;

namespace Afterword.Client.Wire;

/// <summary>The feedback object exactly as it crosses the wire.</summary>
/// <remarks>The order of the members is the documented one.</remarks>
/// <param name="CreatedAt">When the prompt was sent: a <see cref="TwitterDate">date</see>.</param>
/// <param name="UpdatedAt">When the last part of an answer came; equals <paramref name="CreatedAt"/> until one does.</param>
/// <param name="Id">Decimal.</param>
/// <param name="Type"><c>csat</c> or <c>nps</c>.</param>
/// <param name="Test">Test feedback is in no metric.</param>
/// <param name="DmId">The direct message that carried the prompt; decimal.</param>
/// <param name="FromUserId">The sender; decimal.</param>
/// <param name="ToUserId">The recipient; decimal.</param>
/// <param name="PrivacyUrl">The sender's privacy policy, absolute.</param>
/// <param name="ExternalId">The sender's own reference, at most 256 characters; absent when not given.</param>
/// <param name="QuestionVariantId">Decimal, 0 to 9 for nps and 0 to 37 for csat.</param>
/// <param name="DisplayName">The name used in the question, at most 20 characters; absent when not given.</param>
/// <param name="Response">What the recipient answered; absent until there is something.</param>
/// <param name="CardUrl">The card's link; only in the answer to a create call with <c>include_card=true</c>.</param>
/// <param name="CardToken">The card's capability, for the embed; only beside <paramref name="CardUrl"/>.</param>
public sealed record FeedbackJson(
    [property: JsonRequired] string CreatedAt,
    [property: JsonRequired] string UpdatedAt,
    [property: JsonRequired] string Id,
    [property: JsonRequired] string Type,
    [property: JsonRequired] bool Test,
    [property: JsonRequired] string DmId,
    [property: JsonRequired] string FromUserId,
    [property: JsonRequired] string ToUserId,
    [property: JsonRequired] string PrivacyUrl,
    string? ExternalId,
    [property: JsonRequired] string QuestionVariantId,
    string? DisplayName,
    FeedbackResponseJson? Response = null,
    string? CardUrl = null,
    string? CardToken = null);

/// <summary>What a recipient has answered: a score, a text, or both; never neither.</summary>
/// <param name="Score">Absent until one is given.</param>
/// <param name="Text">Absent until one is given.</param>
public sealed record FeedbackResponseJson(ScoreJson? Score, TextJson? Text);

/// <summary>A submitted score. It never changes.</summary>
/// <param name="CreatedAt">When it came: a <see cref="TwitterDate">date</see>.</param>
/// <param name="Value">1 to 5 for csat, 0 to 10 for nps.</param>
public sealed record ScoreJson([property: JsonRequired] string CreatedAt, [property: JsonRequired] int Value);

/// <summary>A submitted text. It never changes.</summary>
/// <param name="CreatedAt">When it came: a <see cref="TwitterDate">date</see>.</param>
/// <param name="Value">1 to 10,000 characters.</param>
public sealed record TextJson([property: JsonRequired] string CreatedAt, [property: JsonRequired] string Value);
