using System.Text.Json.Serialization;

namespace Afterword.Client.Wire;

/// <summary>A conversation that was closed, and what was decided.</summary>
/// <param name="Id">Of the decision; decimal.</param>
/// <param name="ExternalId">Your own reference, 1 to 256 characters.</param>
/// <param name="ToUserId">The customer; decimal.</param>
/// <param name="Agent">Who led it; null when nobody was named.</param>
/// <param name="Team">Whose team; null when none was named.</param>
/// <param name="Tags">What it was about; may be empty.</param>
/// <param name="Language">The tag of its language; null when none was given.</param>
/// <param name="Connector">What told of the close; null for a call of the API.</param>
/// <param name="Test">Whether it is a test.</param>
/// <param name="ClosedAt">When it was closed: a <see cref="TwitterDate">date</see>.</param>
/// <param name="CreatedAt">When the close was received.</param>
/// <param name="UpdatedAt">When anything of this last changed.</param>
/// <param name="Closes">How often it was closed without changing anything but this number.</param>
/// <param name="Decision"><c>scheduled</c>, <c>asked</c>, <c>skipped</c>, <c>withdrawn</c> or <c>failed</c>.</param>
/// <param name="Reason">Why it is skipped, withdrawn or failed; null for the others.</param>
/// <param name="Rule">The rule that fits; null when none does.</param>
/// <param name="RulesVersion">The version of the rules that decided; 0 before any was saved.</param>
/// <param name="Share">The share of the rule, 0 to 1; null when no rule asks.</param>
/// <param name="Draw">What was drawn for the conversation, from 0 to below 1: below the share it is in the sample.</param>
/// <param name="DueAt">When the customer is, or was to be, asked; null when nothing was planned.</param>
/// <param name="NextEligibleAt">When all that spoke against it has passed, where waiting helps.</param>
/// <param name="FeedbackId">The request; decimal. Null until there is one.</param>
public sealed record ConversationJson(
    [property: JsonRequired] string Id,
    [property: JsonRequired] string ExternalId,
    [property: JsonRequired] string ToUserId,
    string? Agent,
    string? Team,
    [property: JsonRequired] IReadOnlyList<string> Tags,
    string? Language,
    string? Connector,
    [property: JsonRequired] bool Test,
    [property: JsonRequired] string ClosedAt,
    [property: JsonRequired] string CreatedAt,
    [property: JsonRequired] string UpdatedAt,
    [property: JsonRequired] long Closes,
    [property: JsonRequired] string Decision,
    string? Reason,
    string? Rule,
    [property: JsonRequired] long RulesVersion,
    double? Share,
    double? Draw,
    string? DueAt,
    string? NextEligibleAt,
    string? FeedbackId);

/// <summary>A page of conversations.</summary>
/// <param name="Conversations">In the order in which their closes were received. May be empty on a page that is not the last.</param>
/// <param name="NextCursor">Where the next page begins; empty at the end and only there.</param>
public sealed record ConversationPageJson(
    [property: JsonRequired] IReadOnlyList<ConversationJson> Conversations,
    [property: JsonRequired] string NextCursor);

/// <summary>Whether a customer would be asked.</summary>
/// <param name="Allowed">Whether all checks hold.</param>
/// <param name="Reason">Of the first that does not.</param>
/// <param name="NextEligibleAt">When all that speaks against it has passed, where waiting helps: a <see cref="TwitterDate">date</see>.</param>
/// <param name="DueAt">When the customer would be asked, where the rules were asked.</param>
/// <param name="Checks">All that was looked at, in its order.</param>
public sealed record CanPromptJson(
    [property: JsonRequired] bool Allowed,
    string? Reason,
    string? NextEligibleAt,
    string? DueAt,
    [property: JsonRequired] IReadOnlyList<CheckJson> Checks);

/// <summary>One check.</summary>
/// <param name="Check">Its name.</param>
/// <param name="Ok">Whether it holds.</param>
/// <param name="Detail">What it found, for people.</param>
public sealed record CheckJson([property: JsonRequired] string Check, [property: JsonRequired] bool Ok, string? Detail);
