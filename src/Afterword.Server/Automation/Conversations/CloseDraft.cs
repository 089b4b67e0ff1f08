using Afterword.Server.Automation.Rules;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation.Conversations;

/// <summary>A conversation that has ended, every part checked.</summary>
/// <param name="ClosedAt">Unix milliseconds; null is now.</param>
/// <param name="Connector">What told of it; null for a call of the API.</param>
/// <param name="ConnectorKind">Of which helpdesk that is.</param>
/// <param name="IsContact">Whether the recipient is known to be whom the conversation is with, and not only the owner of an address that was told.</param>
internal sealed record CloseDraft(
    long RecipientId, string ExternalId, string? Agent, string? Team, Tags? Tags, string? Language, long? ClosedAt, int? Messages, int? AgentMessages,
    string? DisplayName, string? PrivacyUrl, bool Test, string? Connector = null, string? ConnectorKind = null, bool IsContact = false)
{
    public const int LabelLength = PromptDraft.AgentLength;

    /// <summary>Whether the reference names a conversation of the helpdesk that told of it. One of another helpdesk, or of nobody's, may only look like that.</summary>
    public bool IsOfItsHelpdesk => ConnectorKind is { } kind && ExternalId.StartsWith($"{kind}:", StringComparison.Ordinal);

    /// <summary>The conversation into which its request may be posted; null where it may not.</summary>
    public string? InPlace => IsContact && IsOfItsHelpdesk ? ExternalId : null;
    public const int MostMessages = 1_000_000;

    /// <summary>What was closed longer ago is not taken.</summary>
    public static readonly TimeSpan Oldest = TimeSpan.FromDays(7);

    /// <summary>So much may the clock of the other side be ahead.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    /// <summary>Gives the draft, or null and in <paramref name="errors"/> everything that is wrong.</summary>
    public static CloseDraft? Parse(RequestParameters parameters, DateTimeOffset now, out ApiErrors errors)
    {
        var read = new ParameterReader(parameters);
        errors = read.Errors;
        var recipient = read.RequiredId("to_user_id") ?? 0;
        var externalId = PromptDraft.ReadShort(read, "external_id", PromptDraft.ExternalIdLength, required: true) ?? "";
        var draft = ReadCommon(read, now) with { RecipientId = recipient, ExternalId = externalId };
        draft = draft with { DisplayName = PromptDraft.ReadShort(read, "display_name", PromptDraft.DisplayNameLength), PrivacyUrl = ReadPrivacyUrl(read) };
        return errors.Any ? null : draft;
    }

    /// <summary>Reads what rules look at.</summary>
    public static CloseDraft ReadCommon(ParameterReader read, DateTimeOffset now) => new(
        0, "", PromptDraft.ReadLabel(read, "agent", LabelLength), PromptDraft.ReadLabel(read, "team", LabelLength), Tags.Read(read, "tags"), ReadLanguage(read), ReadClosedAt(read, now),
        read.OptionalWhole("messages", 0, MostMessages), read.OptionalWhole("agent_messages", 0, MostMessages), null, null, read.Truth("test"));

    /// <summary>What conditions look at.</summary>
    public ConversationFacts Conversed(RecipientFacts facts, long now) => new(
        ExternalId, Agent, Team, Tags, Language ?? facts.Language, facts.Channel, Connector, Messages, AgentMessages, TimeSpan.FromMilliseconds(Math.Max(0, now - (ClosedAt ?? now))));

    private static string? ReadLanguage(ParameterReader read)
    {
        if (read.Optional("language") is not { } tag) return null;
        if (!Languages.Language.IsTag(tag)) read.Errors.Add(ApiError.Invalid("language", "a language tag, such as de or pt-BR"));
        return tag;
    }

    private static long? ReadClosedAt(ParameterReader read, DateTimeOffset now)
    {
        if (read.Millis("closed_at") is not { } closed) return null;
        if (closed < (now - Oldest).ToUnixTimeMilliseconds() || closed > (now + Ahead).ToUnixTimeMilliseconds()) read.Errors.Add(ApiError.Invalid("closed_at", "at most 7 days ago and 5 minutes ahead"));
        return closed;
    }

    private static string? ReadPrivacyUrl(ParameterReader read)
    {
        if (read.Optional("privacy_url") is not { } text) return null;
        if (PromptDraft.WrongWithPrivacyUrl(text) is { } wrong) read.Errors.Add(ApiError.Invalid("privacy_url", wrong));
        return text;
    }
}
