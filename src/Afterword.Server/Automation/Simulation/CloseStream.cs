using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Channels;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Simulation;

/// <summary>The closes of a sender in the order in which they were heard of, read as they are needed. Tests are left out.</summary>
/// <remarks>Of a row is made no more than the draft looks at, and texts that come again are made once: otherwise a million closes leave half a gigabyte to the garbage collector.</remarks>
/// <param name="store">The store.</param>
/// <param name="sender">Whose closes.</param>
/// <param name="from">Those heard of at this time or later, Unix milliseconds.</param>
/// <param name="draft">The rules that are tried.</param>
/// <param name="key">Draws for conversations that have no draw.</param>
internal sealed class CloseStream(Store store, long sender, long from, RuleSet draft, byte[] key)
{
    private const string Columns =
        """
        select c.id, c.created_at, c.test, c.recipient_id, c.closed_at, c.decision, c.reason, case when c.planned_at is null then 0 else 1 end, c.draw, c.rule,
            c.external_id, c.agent, c.team, c.tags, c.channel, c.connector, c.messages, c.agent_messages, c.language
        """;

    private const string CustomersLanguage = "case when c.language is null then (select a.language from account a where a.id = c.recipient_id) end";

    // Only some conditions look at these.
    private readonly bool _withReferences = draft.Rules.Any(rule => rule.When.ExternalIdPrefix is not null);
    private readonly bool _withLanguages = draft.Rules.Any(rule => rule.When.Languages is not null);

    private readonly List<SimulatedClose> _piece = new(EachConversation.Piece);
    private readonly Repeated<string> _texts = new(text => text);
    private readonly Repeated<Tags?> _tags = new(Tags.OfStored);

    /// <param name="take">Takes one; it may read the store.</param>
    /// <param name="stop">Gives up.</param>
    public async Task ReadAsync(Func<SimulatedClose, ValueTask> take, CancellationToken stop)
    {
        var (at, id, many) = (from, 0L, 0);
        do
        {
            _piece.Clear();
            many = await store.Main.ReadAsync(
                session => session.Sql($"{Columns}, {(_withLanguages ? CustomersLanguage : "cast(null as text)")} {EachConversation.Next}")
                    .Bind("sender", sender).Bind("at", at).Bind("id", id).Bind("most", (long)EachConversation.Piece)
                    .EachAsync(
                        row =>
                        {
                            (id, at) = (row.GetInt64(0), row.GetInt64(1));
                            if (!row.Flag(2)) _piece.Add(Read(row));
                        },
                        stop),
                stop);
            foreach (var close in _piece) await take(close);
        }
        while (many == EachConversation.Piece);
    }

    private SimulatedClose Read(Row row)
    {
        var (createdAt, closedAt) = (row.GetInt64(1), row.GetInt64(4));
        var draw = row.LongOrNull(8) is { } bits ? new Draw(bits) : Draw.Of(key, row.Utf8(10));
        return new(
            row.GetInt64(0), row.GetInt64(3), closedAt, createdAt, draw, row.Flag(7), (Decision)row.GetInt32(5), (Reason)row.GetInt32(6), _texts.Of(row, 9),
            new(
                _withReferences ? row.GetString(10) : "", _texts.Of(row, 11), _texts.Of(row, 12), _tags.Of(row, 13), _texts.Of(row, 18) ?? _texts.Of(row, 19), (Channel)row.GetInt32(14), _texts.Of(row, 15),
                (int?)row.LongOrNull(16), (int?)row.LongOrNull(17), TimeSpan.FromMilliseconds(Math.Max(0, createdAt - closedAt))));
    }
}
