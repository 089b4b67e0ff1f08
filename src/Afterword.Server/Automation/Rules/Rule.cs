using System.Collections.Frozen;
using Afterword.Server.Channels;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation.Rules;

/// <summary>All that decides for a sender: the first rule that fits a conversation.</summary>
/// <param name="RecipientIntervalDays">A customer is asked once in so many days at most; 0 is no limit.</param>
/// <param name="AfterDismissalDays">Who dismissed a card is left alone for so many days.</param>
/// <param name="Paused">Nobody is asked; decisions are kept.</param>
internal sealed record RuleSet(int RecipientIntervalDays, int AfterDismissalDays, bool Paused, QuietHours? QuietHours, IReadOnlyList<Rule> Rules)
{
    public const int DefaultInterval = 7;
    public const int DefaultAfterDismissal = 30;

    /// <summary>What holds for a sender that has saved none.</summary>
    public static readonly RuleSet None = new(DefaultInterval, DefaultAfterDismissal, Paused: false, null, []);

    /// <summary>Whether the rules hold at all: where they are turned off, every one of them says no.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Why no rule asks anybody at the moment; <see cref="Reason.None"/> where they do.</summary>
    public Reason Silence => !Enabled ? Reason.RuleSaysNo : Paused ? Reason.Paused : Reason.None;

    /// <summary>What of the rules' own work the sender's people are told by mail.</summary>
    public RuleAlerts Alerts { get; init; } = RuleAlerts.None;

    public TimeSpan RecipientInterval => TimeSpan.FromDays(RecipientIntervalDays);

    public TimeSpan AfterDismissal => TimeSpan.FromDays(AfterDismissalDays);

    /// <summary>The first rule that fits; else null, and in <paramref name="isTooOld"/> whether one would have fitted a conversation that was heard of sooner.</summary>
    public Rule? FirstFor(in ConversationFacts facts, out bool isTooOld)
    {
        isTooOld = false;
        foreach (var rule in Rules)
        {
            if (!rule.When.FitsButForAge(facts)) continue;
            if (rule.When.MaxAge is not { } most || facts.Age <= most) return rule;
            isTooOld = true;
        }

        return null;
    }

    /// <summary>Rules that never decide: one before them fits every conversation.</summary>
    public IEnumerable<Rule> Unreached => Rules.SkipWhile(rule => !rule.When.FitsAll).Skip(1);

    /// <summary>What to say of <see cref="Unreached"/>.</summary>
    public string WhyUnreached(Rule unreached) => $"The rule {unreached.Name} never decides: {Rules.First(rule => rule.When.FitsAll).Name} stands before it and fits every conversation. Move it up.";

    public Rule? Find(string? name) => Rules.FirstOrDefault(rule => rule.Name == name);
}

/// <summary>What of the rules' own work is told to those who lead the agents.</summary>
/// <param name="NobodyAskedDays">That the rules have asked nobody for so many days; null for never.</param>
/// <param name="UnfairAgents">That an agent's requests go beyond what chance makes of the rules.</param>
internal sealed record RuleAlerts(int? NobodyAskedDays, bool UnfairAgents)
{
    public static readonly RuleAlerts None = new(null, UnfairAgents: false);
}

/// <param name="Name">Unique among the sender's rules.</param>
/// <param name="Request">What to ask; null for nobody.</param>
internal sealed record Rule(string Name, Condition When, RuleRequest? Request);

/// <summary>What a rule asks, and when.</summary>
/// <param name="PerDay">The most requests of this rule in 24 hours; null is no limit.</param>
/// <param name="Again">A conversation that was asked about is asked about again when it is closed again.</param>
internal sealed record RuleRequest(
    PromptType Type, int QuestionVariant, TimeSpan Delay, SamplingRate Rate, long? PerDay, bool Again, string PrivacyUrl, string? DisplayName, MessageTexts Message);

/// <summary>A message in some languages, English always among them.</summary>
internal sealed class MessageTexts(IReadOnlyDictionary<string, MessageTemplate> byTag)
{
    public const string English = "en";

    /// <summary>The message nearest to a language tag: <c>de-AT</c> gets <c>de</c>, and what is not there English (RFC 4647, section 3.4).</summary>
    public MessageTemplate For(string? tag)
    {
        var rest = tag ?? "";
        while (rest.Length > 0)
        {
            if (byTag.TryGetValue(rest, out var found)) return found;
            rest = rest[..Math.Max(rest.LastIndexOf('-'), 0)];
        }

        return byTag[English];
    }
}

/// <summary>What conditions look at.</summary>
/// <param name="Language">The tag of the conversation's language, else the customer's.</param>
/// <param name="Channel">How requests reach the customer.</param>
/// <param name="Connector">What told that it was closed; null for a call of the API.</param>
/// <param name="Age">From the close to its receipt.</param>
internal readonly record struct ConversationFacts(
    string ExternalId, string? Agent, string? Team, Tags? Tags, string? Language, Channel Channel, string? Connector, int? Messages, int? AgentMessages, TimeSpan Age);

/// <summary>What a conversation must be for a rule to fit: all that is given. Nothing fits everything.</summary>
internal sealed record Condition
{
    private static readonly Condition s_none = new();

    /// <summary>Whether every conversation fits.</summary>
    public bool FitsAll => this == s_none;

    // Each rule is tried on every close, within the lock of its sender: what a list holds is looked up, not gone through.
    private readonly FrozenSet<string>? _tagsAny;
    private readonly FrozenSet<string>? _tagsNone;
    private readonly FrozenSet<string>? _agents;
    private readonly FrozenSet<string>? _teams;
    private readonly FrozenSet<string>? _connectors;

    public IReadOnlyList<string>? TagsAny
    {
        get;
        init => (field, _tagsAny) = (value, value?.ToFrozenSet(StringComparer.Ordinal));
    }

    public IReadOnlyList<string>? TagsAll { get; init; }

    public IReadOnlyList<string>? TagsNone
    {
        get;
        init => (field, _tagsNone) = (value, value?.ToFrozenSet(StringComparer.Ordinal));
    }

    public IReadOnlyList<string>? Agents
    {
        get;
        init => (field, _agents) = (value, value?.ToFrozenSet(StringComparer.Ordinal));
    }

    public IReadOnlyList<string>? Teams
    {
        get;
        init => (field, _teams) = (value, value?.ToFrozenSet(StringComparer.Ordinal));
    }

    /// <summary>Tags of languages; <c>de</c> is <c>de-AT</c> too.</summary>
    public IReadOnlyList<string>? Languages { get; init; }

    public IReadOnlyList<Channel>? Channels { get; init; }

    public IReadOnlyList<string>? Connectors
    {
        get;
        init => (field, _connectors) = (value, value?.ToFrozenSet(StringComparer.Ordinal));
    }

    public int? MessagesMin { get; init; }

    public int? AgentMessagesMin { get; init; }

    public TimeSpan? MaxAge { get; init; }

    public string? ExternalIdPrefix { get; init; }

    /// <summary>Whether all fits but <see cref="MaxAge"/>, of which nothing is said. What is not known of a conversation fits nothing.</summary>
    public bool FitsButForAge(in ConversationFacts facts) => FitTags(facts.Tags)
        && FitsOne(_agents, facts.Agent)
        && FitsOne(_teams, facts.Team)
        && FitsOne(_connectors, facts.Connector)
        && (Channels is null || Channels.Contains(facts.Channel))
        && (Languages is null || IsOf(Languages, facts.Language))
        && (MessagesMin is not { } least || facts.Messages >= least)
        && (AgentMessagesMin is not { } leastOfAgent || facts.AgentMessages >= leastOfAgent)
        && (ExternalIdPrefix is not { } prefix || facts.ExternalId.StartsWith(prefix, StringComparison.Ordinal));

    private bool FitTags(Tags? tags)
    {
        if (_tagsAny is not null && tags?.HasOneOf(_tagsAny) != true) return false;
        if (_tagsNone is not null && tags?.HasOneOf(_tagsNone) == true) return false;
        if (TagsAll is not { } all) return true;

        foreach (var tag in all)
        {
            if (tags is null || !tags.Has(tag)) return false;
        }

        return true;
    }

    private static bool FitsOne(FrozenSet<string>? wanted, string? value) => wanted is null || (value is not null && wanted.Contains(value));

    private static bool IsOf(IReadOnlyList<string> ranges, string? tag)
    {
        foreach (var range in ranges)
        {
            if (tag is not null && tag.StartsWith(range, StringComparison.OrdinalIgnoreCase) && (tag.Length == range.Length || tag[range.Length] == '-')) return true;
        }

        return false;
    }
}
