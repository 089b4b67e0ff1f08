using Afterword.Server.Automation.Conversations;
using Afterword.Server.Changes;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Due;

/// <summary>What a batch of due conversations knows while it is settled, and what it will write.</summary>
/// <remarks>Each sees those before it: of two of one customer the second finds the interval taken.</remarks>
/// <param name="now">Unix milliseconds.</param>
internal sealed class DueBatch(long now)
{
    private readonly Dictionary<long, DueSender> _senders = [];
    private readonly HashSet<(long Sender, bool Test, string ExternalId)> _askedNow = [];
    private readonly Dictionary<(long Sender, string Rule), DayWindow> _budgets = [];
    private readonly List<Conversation> _changed = [];

    public long Now => now;

    public Dictionary<long, SenderState> States { get; } = [];

    public NewPrompts Prompts { get; } = new(now);

    public DecisionFacts Facts { get; } = new(now);

    /// <summary>What is still scheduled, and due.</summary>
    public List<Conversation> Found { get; } = [];

    /// <summary>Finds the conversations, and holds them: their customers may write just now.</summary>
    /// <remarks>The sums keep PostgreSQL to the key: it would else be free to go through all that is due of the sender, for each of them.</remarks>
    public Lookup Conversations(IReadOnlyList<DueKey> keys) => new(
        $$"""
        select {{Conversation.Columns}} from {rows}
        join conversation c on c.sender_id = item.sender_id and c.id = item.id
        where c.decision + 0 = 0 and c.due_at + 0 <= item.now
        order by c.sender_id, c.id for update of c
        """,
        Rows.Of(keys.Distinct().ToArray()).Long("sender_id", key => key.SenderId).Long("id", key => key.Id).Long("now", _ => now),
        row => Found.Add(Conversation.Read(row)));

    /// <summary>Finds those senders that may ask.</summary>
    public Lookup Senders(IReadOnlyList<long> senders) => new(
        """
        select s.user_id, a.name, s.creates_per_day, s.recipient_interval, s.shows, s.events
        from {rows} join sender s on s.user_id = item.sender_id join account a on a.id = s.user_id where a.suspended_at is null
        """,
        Rows.Of(senders).Long("sender_id", sender => sender),
        row => _senders[row.GetInt64(0)] = new(row.GetString(1), new SenderGrant(row.LongOrNull(2), row.LongOrNull(3), row.LongOrNull(4), row.LongOrNull(5))));

    /// <summary>The sender; null when it may not ask any more.</summary>
    public DueSender? SenderOf(long sender) => _senders.GetValueOrDefault(sender);

    public bool WasAsked(int place, Conversation due) => Facts.WasAsked(place) || _askedNow.Contains((due.SenderId, due.Test, due.ExternalId));

    /// <summary>How often a rule has asked in its present 24 hours.</summary>
    public DayWindow BudgetOf(long sender, string rule)
    {
        if (_budgets.TryGetValue((sender, rule), out var window)) return window;

        return _budgets[(sender, rule)] = Facts.WindowsOf(sender).GetValueOrDefault(rule) ?? DayWindow.At(now, 0, 0);
    }

    /// <summary>What was decided; what waits for a limit is left out.</summary>
    public IEnumerable<Conversation> Settled => _changed.Where(one => one.Decision != Decision.Scheduled);

    public void Change(Conversation settled)
    {
        _changed.Add(settled);
        if (settled.Decision == Decision.Asked) _askedNow.Add((settled.SenderId, settled.Test, settled.ExternalId));
    }

    public void Write(Session session, Store store)
    {
        Conversation.Update(session, _changed);
        Prompts.Write(session, store);
        session.Then(
            """
            insert into rule_window (sender_id, rule, started_at, used) select sender_id, rule, started_at, used from {rows} where true order by sender_id, rule
            on conflict (sender_id, rule) do update set started_at = excluded.started_at, used = excluded.used
            """,
            Rows.Of([.. _budgets.Where(budget => budget.Value.Used > 0)]).Long("sender_id", b => b.Key.Sender).Text("rule", b => b.Key.Rule)
                .Long("started_at", b => b.Value.StartedAt).Long("used", b => b.Value.Used));
    }
}
