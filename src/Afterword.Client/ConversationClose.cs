using System.Globalization;

namespace Afterword.Client;

/// <summary>A conversation that has ended, about to be told of. The server checks it; nothing is checked here.</summary>
public sealed record ConversationClose
{
    /// <summary>The customer; decimal.</summary>
    public required string ToUserId { get; init; }

    /// <summary>The conversation, ticket or case: 1 to 256 characters. The sample, and once per conversation, go by it.</summary>
    public required string ExternalId { get; init; }

    /// <summary>Who led it: one line of at most 100 characters. Metrics by agent use what was true at the close.</summary>
    public string? Agent { get; init; }

    /// <summary>Whose team: one line of at most 100 characters.</summary>
    public string? Team { get; init; }

    /// <summary>What it was about: at most 10 of at most 32 characters, without commas.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The tag of its language, such as <c>de</c> or <c>pt-BR</c>; the customer's by default.</summary>
    public string? Language { get; init; }

    /// <summary>When it was closed, to the millisecond; at most 7 days ago and 5 minutes ahead. Now by default.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>How many messages it had, 0 to 1,000,000; unknown by default, which fits no condition about it.</summary>
    public int? Messages { get; init; }

    /// <summary>How many of them were the agent's, 0 to 1,000,000; unknown by default, which fits no condition about it.</summary>
    public int? AgentMessages { get; init; }

    /// <summary>The name used in the question, at most 20 characters; the rule's by default.</summary>
    public string? DisplayName { get; init; }

    /// <summary>The sender's privacy policy: absolute, http(s), at most 2,048 characters; the rule's by default.</summary>
    public Uri? PrivacyUrl { get; init; }

    /// <summary>Makes a test of it: its request is in no metric and in no interval.</summary>
    public bool Test { get; init; }

    internal IEnumerable<KeyValuePair<string, string>> ToForm()
    {
        foreach (var pair in ToQuery()) yield return pair;
        if (DisplayName is not null) yield return new("display_name", DisplayName);
        if (PrivacyUrl is not null) yield return new("privacy_url", PrivacyUrl.OriginalString);
    }

    /// <summary>What the dry run takes.</summary>
    internal IEnumerable<KeyValuePair<string, string>> ToQuery()
    {
        yield return new("to_user_id", ToUserId);
        yield return new("external_id", ExternalId);
        if (Agent is not null) yield return new("agent", Agent);
        if (Team is not null) yield return new("team", Team);
        if (Tags.Count > 0) yield return new("tags", string.Join(',', Tags));
        if (Language is not null) yield return new("language", Language);
        if (ClosedAt is { } at) yield return new("closed_at", at.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        if (Messages is { } messages) yield return new("messages", messages.ToString(CultureInfo.InvariantCulture));
        if (AgentMessages is { } agents) yield return new("agent_messages", agents.ToString(CultureInfo.InvariantCulture));
        if (Test) yield return new("test", "true");
    }
}
