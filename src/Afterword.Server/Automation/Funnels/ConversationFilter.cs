using System.Text;
using Afterword.Server.Channels;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Funnels;

/// <summary>Which of a sender's closed conversations are meant. The funnel, the list below it and the file all ask by it.</summary>
/// <param name="SenderId">Whose conversations.</param>
/// <param name="From">Closed in this millisecond or later.</param>
/// <param name="To">Closed in this millisecond or earlier.</param>
/// <param name="Test">Tests alone; else none of them.</param>
internal sealed record ConversationFilter(long SenderId, long From, long To, bool Test)
{
    /// <summary>The end of all times.</summary>
    public const long Ever = 253_402_300_799_999;

    // A close may be told of 7 days late, and its time may be five minutes ahead (CloseDraft); an hour is for clocks.
    private const long Late = (7 * 86_400_000) + 3_600_000;
    private const long Ahead = 600_000;

    public string? Agent { get; init; }

    public string? Team { get; init; }

    public string? Tag { get; init; }

    public string? Rule { get; init; }

    /// <summary>Of the conversation, or of the customer where that is not known.</summary>
    public string? Language { get; init; }

    public Channel? Channel { get; init; }

    public Decision? Decision { get; init; }

    public Reason? Reason { get; init; }

    /// <summary>The sender's own reference.</summary>
    public string? ExternalId { get; init; }

    public long? RecipientId { get; init; }

    /// <summary>The first millisecond in which such a conversation was heard of.</summary>
    public long HeardFrom => From - Ahead;

    /// <summary>The last millisecond in which such a conversation was heard of, but for those of which the sender told late.</summary>
    public long HeardTo => To + Ahead;

    /// <summary>The last millisecond in which such a conversation was heard of.</summary>
    public long HeardLate => To + Late;

    /// <summary>The same conversations, whatever was decided.</summary>
    public ConversationFilter OfEveryDecision => this with { Decision = null, Reason = null };

    /// <summary>All conversations of the same period, without tests.</summary>
    public ConversationFilter OfPeriod => new(SenderId, From, To, Test: false);

    /// <summary>Only what was heard of after this time.</summary>
    public ConversationFilter After(long heard) => this with { From = Math.Max(From, heard + Ahead) };

    /// <summary>The filter, for a conversation called <c>c</c>; <see cref="Bind"/> brings its values.</summary>
    public string Sql()
    {
        var sql = new StringBuilder(" and c.closed_at >= @from and c.closed_at <= @to and c.test = @test");
        if (Agent is not null) sql.Append(" and c.agent = @agent");
        if (Team is not null) sql.Append(" and c.team = @team");
        if (Rule is not null) sql.Append(" and c.rule = @rule");
        if (Channel is not null) sql.Append(" and c.channel = @channel");
        if (Decision is not null) sql.Append(" and c.decision = @decision");
        if (Reason is not null) sql.Append(" and c.reason = @reason");
        if (ExternalId is not null) sql.Append(" and c.external_id = @external_id");
        if (RecipientId is not null) sql.Append(" and c.recipient_id = @recipient");

        // Tags are joined by commas: what is the same without the tag does not have it.
        if (Tag is not null) sql.Append(" and replace(',' || c.tags || ',', ',' || @tag || ',', '') <> ',' || c.tags || ','");
        if (Language is not null) sql.Append(" and coalesce(c.language, (select a.language from account a where a.id = c.recipient_id), 'en') = @language");
        return sql.ToString();
    }

    /// <param name="statement">With <see cref="Sql"/> in it.</param>
    public Statement Bind(Statement statement)
    {
        statement.Bind("sender", SenderId).Bind("from", From).Bind("to", To).Bind("test", Test ? 1L : 0L);
        if (Agent is not null) statement.Bind("agent", Agent);
        if (Team is not null) statement.Bind("team", Team);
        if (Rule is not null) statement.Bind("rule", Rule);
        if (Channel is { } channel) statement.Bind("channel", (long)channel);
        if (Decision is { } decision) statement.Bind("decision", (long)decision);
        if (Reason is { } reason) statement.Bind("reason", (long)reason);
        if (ExternalId is not null) statement.Bind("external_id", ExternalId);
        if (RecipientId is { } recipient) statement.Bind("recipient", recipient);
        if (Tag is not null) statement.Bind("tag", Tag);
        if (Language is not null) statement.Bind("language", Language);
        return statement;
    }
}
