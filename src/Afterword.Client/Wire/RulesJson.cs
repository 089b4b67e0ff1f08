using System.Text.Json.Serialization;

namespace Afterword.Client.Wire;

/// <summary>The rules that hold for a sender, as they were sent: what has a default may be left out.</summary>
/// <param name="Version">Counts the changes; 0 before the first. In rules that are sent, the version that was read.</param>
/// <param name="ChangedAt">When this version was saved: a <see cref="TwitterDate">date</see>; null before the first.</param>
/// <param name="ChangedBy">Who saved it.</param>
/// <param name="RecipientIntervalDays">A customer is asked once in so many days at most, 0 to 365; 7 by default, 0 is no limit.</param>
/// <param name="AfterDismissalDays">People who dismissed a card are left alone for so many days, 0 to 365; 30 by default.</param>
/// <param name="Paused">Nobody is asked; decisions are kept. False by default.</param>
/// <param name="QuietHours">When nobody is asked, by the clocks of a time zone; null is never.</param>
/// <param name="Alerts">What of the rules' own work is told by email; null is nothing.</param>
/// <param name="Rules">At most 50. The first that fits decides.</param>
[method: JsonConstructor]
public sealed record RulesJson(
    long? Version,
    string? ChangedAt,
    string? ChangedBy,
    int? RecipientIntervalDays,
    int? AfterDismissalDays,
    bool? Paused,
    QuietHoursJson? QuietHours,
    RuleAlertsJson? Alerts,
    [property: JsonRequired] IReadOnlyList<RuleJson> Rules)
{
    /// <summary>Rules with all defaults.</summary>
    /// <param name="rules">At most 50.</param>
    public RulesJson(IReadOnlyList<RuleJson> rules)
        : this(null, null, null, null, null, null, null, null, rules)
    {
    }
}

/// <summary>When nobody is asked: hours of every day, whole days, or both.</summary>
/// <param name="From">When the quiet begins, such as <c>21:00</c>.</param>
/// <param name="To">When it ends.</param>
/// <param name="Days">Days that are quiet from midnight to midnight, such as <c>sat</c>; not all seven.</param>
/// <param name="TimeZone">A name of the IANA list, such as <c>Europe/Berlin</c>.</param>
public sealed record QuietHoursJson(string? From, string? To, IReadOnlyList<string>? Days, [property: JsonRequired] string TimeZone);

/// <summary>What of the rules' own work is told by email to owners and supervisors who get alerts.</summary>
/// <param name="NobodyAskedDays">That the rules have asked nobody for so many days, 1 to 90; null for never.</param>
/// <param name="UnfairAgents">On Mondays, that the requests of agents go beyond what chance makes of the rules; false by default.</param>
public sealed record RuleAlertsJson(int? NobodyAskedDays = null, bool? UnfairAgents = null);

/// <summary>One rule.</summary>
/// <param name="Name">Unique among the rules, at most 50 characters.</param>
/// <param name="When">What a conversation must be; null fits everything.</param>
/// <param name="Ask">What is asked; null for nobody. It is always written, also where it is null.</param>
public sealed record RuleJson(
    [property: JsonRequired] string Name,
    ConditionJson? When,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] AskJson? Ask);

/// <summary>What a conversation must be: all that is given. Nothing fits everything.</summary>
/// <param name="TagsAny">One of these tags.</param>
/// <param name="TagsAll">All of these tags.</param>
/// <param name="TagsNone">None of these tags.</param>
/// <param name="Agents">One of these agents.</param>
/// <param name="Teams">One of these teams.</param>
/// <param name="Languages">In one of these languages; <c>de</c> is <c>de-AT</c> too.</param>
/// <param name="Channels">Its customer is reached in one of these ways: <c>built-in</c>, <c>email</c>, <c>webhook</c>, <c>conversation</c>, <c>x</c>.</param>
/// <param name="Connectors">Told of by one of these connectors.</param>
/// <param name="MessagesMin">So many messages at least, 0 to 1,000,000.</param>
/// <param name="AgentMessagesMin">So many of the agent's at least, 0 to 1,000,000.</param>
/// <param name="MaxAge">Heard of no later than so long after its close, as ISO 8601 has it; a second to 7 days.</param>
/// <param name="ExternalIdPrefix">How its reference begins.</param>
public sealed record ConditionJson(
    IReadOnlyList<string>? TagsAny = null,
    IReadOnlyList<string>? TagsAll = null,
    IReadOnlyList<string>? TagsNone = null,
    IReadOnlyList<string>? Agents = null,
    IReadOnlyList<string>? Teams = null,
    IReadOnlyList<string>? Languages = null,
    IReadOnlyList<string>? Channels = null,
    IReadOnlyList<string>? Connectors = null,
    int? MessagesMin = null,
    int? AgentMessagesMin = null,
    string? MaxAge = null,
    string? ExternalIdPrefix = null);

/// <summary>What a rule asks, and when.</summary>
/// <param name="Type"><c>csat</c> or <c>nps</c>.</param>
/// <param name="QuestionVariantId">Which question; <c>0</c> by default.</param>
/// <param name="Delay">How long after the close, as ISO 8601 has it; up to 14 days, <c>PT10M</c> by default.</param>
/// <param name="Share">Of how many, 0 to 1 with at most six decimals; 1 by default.</param>
/// <param name="PerDay">The most requests in 24 hours; null is no limit.</param>
/// <param name="Again">Whether a conversation can be asked about twice; false by default.</param>
/// <param name="PrivacyUrl">Your privacy policy: absolute, http(s).</param>
/// <param name="DisplayName">The name in the question, at most 20 characters; the profile name by default.</param>
/// <param name="Message">By language tag; <c>en</c> is always among them.</param>
[method: JsonConstructor]
public sealed record AskJson(
    [property: JsonRequired] string Type,
    string? QuestionVariantId,
    string? Delay,
    double? Share,
    long? PerDay,
    bool? Again,
    [property: JsonRequired] string PrivacyUrl,
    string? DisplayName,
    [property: JsonRequired] IReadOnlyDictionary<string, string> Message)
{
    /// <summary>Asks everybody ten minutes after the close, with the first question.</summary>
    /// <param name="type"><c>csat</c> or <c>nps</c>.</param>
    /// <param name="privacyUrl">Your privacy policy: absolute, http(s).</param>
    /// <param name="message">By language tag; <c>en</c> is always among them.</param>
    public AskJson(string type, string privacyUrl, IReadOnlyDictionary<string, string> message)
        : this(type, null, null, null, null, null, privacyUrl, null, message)
    {
    }
}
