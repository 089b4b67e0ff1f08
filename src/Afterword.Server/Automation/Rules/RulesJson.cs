using System.Text.Json.Serialization;

namespace Afterword.Server.Automation.Rules;

/// <summary>The rules that hold for a sender.</summary>
/// <param name="Version">Counts the changes; 0 before the first.</param>
/// <param name="ChangedAt">When this version was saved; null before the first.</param>
/// <param name="ChangedBy">Who saved it.</param>
/// <param name="RecipientIntervalDays">A customer is asked once in so many days at most.</param>
/// <param name="AfterDismissalDays">Who dismissed a card is left alone for so many days.</param>
/// <param name="Paused">Nobody is asked; decisions are kept.</param>
/// <param name="QuietHours">When nobody is asked, by the clocks of a time zone; null is never.</param>
/// <param name="Rules">The first that fits decides.</param>
/// <remarks>Written from the document as it was sent, which may leave out what has a default.</remarks>
internal sealed record RulesJson(
    long? Version, string? ChangedAt, string? ChangedBy, int? RecipientIntervalDays, int? AfterDismissalDays, bool? Paused, QuietHoursJson? QuietHours, IReadOnlyList<RuleJson> Rules);

/// <summary>When nobody is asked.</summary>
/// <param name="From">When the quiet begins, such as <c>21:00</c>.</param>
/// <param name="To">When it ends.</param>
/// <param name="Days">Days that are quiet from midnight to midnight, such as <c>sat</c>.</param>
/// <param name="TimeZone">A name of the IANA list.</param>
internal sealed record QuietHoursJson(string? From, string? To, IReadOnlyList<string>? Days, string TimeZone);

/// <summary>One rule.</summary>
/// <param name="Name">Unique among the rules.</param>
/// <param name="When">What a conversation must be.</param>
/// <param name="Ask">What is asked; null for nobody.</param>
internal sealed record RuleJson(string Name, ConditionJson? When, AskJson? Ask);

/// <summary>What a conversation must be: all that is given. Nothing fits everything.</summary>
/// <param name="TagsAny">One of these tags.</param>
/// <param name="TagsAll">All of these tags.</param>
/// <param name="TagsNone">None of these tags.</param>
/// <param name="Agents">One of these agents.</param>
/// <param name="Teams">One of these teams.</param>
/// <param name="Languages">In one of these languages.</param>
/// <param name="Channels">Its customer is reached in one of these ways.</param>
/// <param name="Connectors">Told of by one of these connectors.</param>
/// <param name="MessagesMin">So many messages at least.</param>
/// <param name="AgentMessagesMin">So many of the agent's at least.</param>
/// <param name="MaxAge">Heard of no later than so long after its close, as ISO 8601 has it.</param>
/// <param name="ExternalIdPrefix">How its reference begins.</param>
internal sealed record ConditionJson(
    IReadOnlyList<string>? TagsAny, IReadOnlyList<string>? TagsAll, IReadOnlyList<string>? TagsNone, IReadOnlyList<string>? Agents, IReadOnlyList<string>? Teams, IReadOnlyList<string>? Languages,
    IReadOnlyList<string>? Channels, IReadOnlyList<string>? Connectors, int? MessagesMin, int? AgentMessagesMin, string? MaxAge, string? ExternalIdPrefix);

/// <summary>What a rule asks, and when.</summary>
/// <param name="Type"><c>csat</c> or <c>nps</c>.</param>
/// <param name="QuestionVariantId">Which question.</param>
/// <param name="Delay">How long after the close, as ISO 8601 has it.</param>
/// <param name="Share">Of how many, 0 to 1.</param>
/// <param name="PerDay">The most requests in 24 hours.</param>
/// <param name="Again">Whether a conversation can be asked about twice.</param>
/// <param name="PrivacyUrl">Your privacy policy.</param>
/// <param name="DisplayName">The name in the question.</param>
/// <param name="Message">By language.</param>
internal sealed record AskJson(
    string Type, string? QuestionVariantId, string? Delay, double? Share, long? PerDay, bool? Again, string PrivacyUrl, string? DisplayName, IReadOnlyDictionary<string, string> Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RulesJson))]
internal sealed partial class RulesDocumentJson : JsonSerializerContext;
