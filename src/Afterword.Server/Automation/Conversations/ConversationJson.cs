using System.Globalization;
using System.Text.Json.Serialization;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation.Conversations;

/// <summary>A conversation that was closed, and what was decided.</summary>
/// <param name="Id">Of the decision; decimal.</param>
/// <param name="ExternalId">Your own reference.</param>
/// <param name="ToUserId">The customer; decimal.</param>
/// <param name="Agent">Who led it.</param>
/// <param name="Team">Whose team.</param>
/// <param name="Tags">What it was about.</param>
/// <param name="Language">The tag of its language; null when none was given.</param>
/// <param name="Connector">What told of the close; null for a call of the API.</param>
/// <param name="Test">Whether it is a test.</param>
/// <param name="ClosedAt">When it was closed.</param>
/// <param name="CreatedAt">When the close was received.</param>
/// <param name="UpdatedAt">When anything of this last changed.</param>
/// <param name="Closes">How often it was closed without changing anything but this number.</param>
/// <param name="Decision"><c>scheduled</c>, <c>asked</c>, <c>skipped</c>, <c>withdrawn</c> or <c>failed</c>.</param>
/// <param name="Reason">Why it is skipped, withdrawn or failed.</param>
/// <param name="Rule">The rule that fits; null when none does.</param>
/// <param name="RulesVersion">The version of the rules that decided; 0 before any was saved.</param>
/// <param name="Share">The share of the rule.</param>
/// <param name="Draw">What was drawn for the conversation: below the share it is in the sample.</param>
/// <param name="DueAt">When the customer is, or was to be, asked.</param>
/// <param name="NextEligibleAt">When all that spoke against it has passed, where waiting helps.</param>
/// <param name="FeedbackId">The request; decimal.</param>
internal sealed record ConversationJson(
    string Id, string ExternalId, string ToUserId, string? Agent, string? Team, IReadOnlyList<string> Tags, string? Language, string? Connector, bool Test,
    string ClosedAt, string CreatedAt, string UpdatedAt, long Closes, string Decision, string? Reason, string? Rule, long RulesVersion, double? Share, double? Draw,
    string? DueAt, string? NextEligibleAt, string? FeedbackId)
{
    public static ConversationJson Of(Conversation of) => new(
        Decimal(of.Id), of.ExternalId, Decimal(of.RecipientId), of.Agent, of.Team, of.Tags?.All ?? [], of.Language, of.Connector, of.Test,
        Prompt.Date(of.ClosedAt), Prompt.Date(of.CreatedAt), Prompt.Date(of.UpdatedAt), of.Closes, of.Decision.Word, of.Reason == Automation.Reason.None ? null : of.Reason.Word,
        of.Rule, of.RulesVersion, of.Share?.Value, of.Draw?.Value, Date(of.DueAt), Date(of.NextEligibleAt), of.PromptId is { } id ? Decimal(id) : null);

    private static string Decimal(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Date(long? millis) => millis is { } at ? Prompt.Date(at) : null;
}

/// <summary>A page of conversations.</summary>
/// <param name="Conversations">In the order in which their closes were received.</param>
/// <param name="NextCursor">Where the next page begins; empty at the end and only there.</param>
internal sealed record ConversationPageJson(IReadOnlyList<ConversationJson> Conversations, string NextCursor);

/// <summary>Whether a customer would be asked.</summary>
/// <param name="Allowed">Whether all checks hold.</param>
/// <param name="Reason">Of the first that does not.</param>
/// <param name="NextEligibleAt">When all that speaks against it has passed, where waiting helps.</param>
/// <param name="DueAt">When the customer would be asked, where the rules were asked.</param>
/// <param name="Checks">All that was looked at, in its order.</param>
internal sealed record CanPromptJson(bool Allowed, string? Reason, string? NextEligibleAt, string? DueAt, IReadOnlyList<CheckJson> Checks);

/// <summary>One check.</summary>
/// <param name="Check">Its name.</param>
/// <param name="Ok">Whether it holds.</param>
/// <param name="Detail">What it found, for people.</param>
internal sealed record CheckJson(string Check, bool Ok, string? Detail);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ConversationJson))]
[JsonSerializable(typeof(ConversationPageJson))]
[JsonSerializable(typeof(CanPromptJson))]
internal sealed partial class ConversationsJson : JsonSerializerContext;
