using Afterword.Server.Automation.Rules;
using Afterword.Server.Channels;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>A conversation that was closed, with what was decided. Times are Unix milliseconds.</summary>
/// <param name="Language">Of the conversation; null is the customer's.</param>
/// <param name="Channel">How requests reached the customer when it was closed.</param>
/// <param name="CardBase">The public address that the card's link is to begin with.</param>
/// <param name="CreatedAt">When the close was received: a stamp of the sender.</param>
/// <param name="Closes">How often it was closed without changing anything.</param>
/// <param name="RulesVersion">The version that decided; 0 before any was saved.</param>
/// <param name="PlannedAt">When it was to be asked first, outside of quiet hours.</param>
/// <param name="DueAt">When it is to be asked; later than planned while a limit was full.</param>
internal sealed record Conversation(
    long SenderId, long Id, string ExternalId, long RecipientId, bool Test, string? Agent, string? Team, Tags? Tags, string? Language, string? DisplayName, string? PrivacyUrl,
    int? Messages, int? AgentMessages, string? Connector, Channel Channel, string CardBase, long ClosedAt, long CreatedAt, long UpdatedAt, long Closes, Decision Decision, Reason Reason,
    long RulesVersion, string? Rule, SamplingRate? Rate, Draw? Draw, long? PlannedAt, long? DueAt, long? NextEligibleAt, long? PromptId)
{
    private const string Names =
        """
        sender_id, id, external_id, recipient_id, test, agent, team, tags, language, display_name, privacy_url, messages, agent_messages, connector, channel, card_base,
        closed_at, created_at, updated_at, closes, decision, reason, rules_version, rule, share, draw, planned_at, due_at, next_eligible_at, prompt_id
        """;

    /// <summary>The columns that <see cref="Read"/> wants, in its order, of a table called <c>c</c>.</summary>
    public const string Columns =
        """
        c.sender_id, c.id, c.external_id, c.recipient_id, c.test, c.agent, c.team, c.tags, c.language, c.display_name, c.privacy_url, c.messages, c.agent_messages, c.connector, c.channel, c.card_base,
        c.closed_at, c.created_at, c.updated_at, c.closes, c.decision, c.reason, c.rules_version, c.rule, c.share, c.draw, c.planned_at, c.due_at, c.next_eligible_at, c.prompt_id
        """;

    /// <param name="row">A row that begins with <see cref="Columns"/>.</param>
    public static Conversation Read(Row row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetInt64(3), row.Flag(4), row.TextOrNull(5), row.TextOrNull(6), Tags.OfStored(row.TextOrNull(7)), row.TextOrNull(8),
        row.TextOrNull(9), row.TextOrNull(10), (int?)row.LongOrNull(11), (int?)row.LongOrNull(12), row.TextOrNull(13), (Channel)row.GetInt32(14), row.GetString(15),
        row.GetInt64(16), row.GetInt64(17), row.GetInt64(18), row.GetInt64(19), (Decision)row.GetInt32(20), (Reason)row.GetInt32(21), row.GetInt64(22), row.TextOrNull(23),
        row.LongOrNull(24) is { } share ? new SamplingRate((int)share) : null, row.LongOrNull(25) is { } draw ? new Draw(draw) : null,
        row.LongOrNull(26), row.LongOrNull(27), row.LongOrNull(28), row.LongOrNull(29));

    /// <summary>What conditions look at.</summary>
    public ConversationFacts Conversed(string? customersLanguage) => new(
        ExternalId, Agent, Team, Tags, Language ?? customersLanguage, Channel, Connector, Messages, AgentMessages, TimeSpan.FromMilliseconds(Math.Max(0, CreatedAt - ClosedAt)));

    public static void Insert(Session session, IReadOnlyList<Conversation> conversations) => session.Then(
        $$"""insert into conversation ({{Names}}) select {{Names}} from {rows}""",
        Rows.Of(conversations).Long("sender_id", c => c.SenderId).Long("id", c => c.Id).Text("external_id", c => c.ExternalId).Long("recipient_id", c => c.RecipientId).Long("test", c => c.Test ? 1 : 0)
            .Text("agent", c => c.Agent).Text("team", c => c.Team).Text("tags", c => c.Tags?.ToString()).Text("language", c => c.Language).Text("display_name", c => c.DisplayName)
            .Text("privacy_url", c => c.PrivacyUrl).LongOrNull("messages", c => c.Messages).LongOrNull("agent_messages", c => c.AgentMessages).Text("connector", c => c.Connector)
            .Long("channel", c => (long)c.Channel).Text("card_base", c => c.CardBase).Long("closed_at", c => c.ClosedAt).Long("created_at", c => c.CreatedAt).Long("updated_at", c => c.UpdatedAt)
            .Long("closes", c => c.Closes).Long("decision", c => (long)c.Decision).Long("reason", c => (long)c.Reason).Long("rules_version", c => c.RulesVersion).Text("rule", c => c.Rule)
            .LongOrNull("share", c => c.Rate?.Millionths).LongOrNull("draw", c => c.Draw?.Bits).LongOrNull("planned_at", c => c.PlannedAt).LongOrNull("due_at", c => c.DueAt)
            .LongOrNull("next_eligible_at", c => c.NextEligibleAt).LongOrNull("prompt_id", c => c.PromptId));

    /// <summary>Writes what can change of those that are stored.</summary>
    public static void Update(Session session, IReadOnlyList<Conversation> conversations) => session.Then(
        """
        update conversation set updated_at = item.updated_at, closes = item.closes, decision = item.decision, reason = item.reason, planned_at = item.planned_at, due_at = item.due_at,
            next_eligible_at = item.next_eligible_at, prompt_id = item.prompt_id
        from {rows}
        where conversation.sender_id = item.sender_id and conversation.id = item.id
        """,
        Rows.Of(conversations).Long("sender_id", c => c.SenderId).Long("id", c => c.Id).Long("updated_at", c => c.UpdatedAt).Long("closes", c => c.Closes).Long("decision", c => (long)c.Decision)
            .Long("reason", c => (long)c.Reason).LongOrNull("planned_at", c => c.PlannedAt).LongOrNull("due_at", c => c.DueAt).LongOrNull("next_eligible_at", c => c.NextEligibleAt)
            .LongOrNull("prompt_id", c => c.PromptId));
}
