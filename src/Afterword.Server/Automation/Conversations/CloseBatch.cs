using Afterword.Server.Changes;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>What a batch of closes knows while it is decided, and what it will write.</summary>
/// <remarks>Each decision sees those before it: of two closes of one conversation the second is counted.</remarks>
/// <param name="now">Unix milliseconds.</param>
internal sealed class CloseBatch(long now)
{
    private readonly Dictionary<(long Sender, bool Test, string ExternalId), Conversation> _heads = [];
    private readonly Dictionary<long, Conversation> _new = [];
    private readonly Dictionary<long, Conversation> _changed = [];

    public long Now => now;

    public Dictionary<long, SenderState> States { get; } = [];

    public DecisionFacts Facts { get; } = new(now);

    /// <summary>Finds what was last decided on each conversation, and holds it: its customer may write just now.</summary>
    public Lookup Heads(IReadOnlyList<CloseRequest> requests) => Heads(
        requests.Select(request => (request.SenderId, request.Draft.Test, request.Draft.ExternalId)).Distinct().ToArray(), head => _heads[(head.SenderId, head.Test, head.ExternalId)] = head);

    /// <inheritdoc cref="Heads(IReadOnlyList{CloseRequest})"/>
    public static Lookup Heads(IReadOnlyList<(long SenderId, bool Test, string ExternalId)> conversations, Action<Conversation> found) =>
        new($"{Newest} order by c.sender_id, c.id for update of c", RowsOf(conversations), row => found(Conversation.Read(row)));

    /// <summary>The same for who only looks.</summary>
    public static Lookup Peek(IReadOnlyList<(long SenderId, bool Test, string ExternalId)> conversations, Action<Conversation> found) =>
        new(Newest, RowsOf(conversations), row => found(Conversation.Read(row)));

    private static Rows RowsOf(IReadOnlyList<(long SenderId, bool Test, string ExternalId)> conversations) =>
        Rows.Of(conversations).Long("sender_id", c => c.SenderId).Text("external_id", c => c.ExternalId).Long("test", c => c.Test ? 1 : 0);

    private const string Newest =
        $$"""
        select {{Conversation.Columns}} from {rows}
        join conversation c on c.sender_id = item.sender_id and c.id = (
            select d.id from conversation d where d.sender_id = item.sender_id and d.external_id = item.external_id and d.test = item.test
            order by d.created_at desc, d.id desc limit 1)
        """;

    /// <summary>What was decided anew.</summary>
    public IEnumerable<Conversation> Decided => _new.Values;

    public Conversation? HeadOf(CloseRequest request) => _heads.GetValueOrDefault((request.SenderId, request.Draft.Test, request.Draft.ExternalId));

    /// <summary>Counts a close that changes nothing.</summary>
    public Conversation CountAgain(Conversation head, long? nextEligibleAt)
    {
        var counted = head with { Closes = head.Closes + 1, UpdatedAt = States[head.SenderId].Stamp, NextEligibleAt = nextEligibleAt };
        if (_new.ContainsKey(head.Id)) _new[head.Id] = counted;
        else _changed[head.Id] = counted;
        return Keep(counted);
    }

    public Conversation Add(Conversation conversation)
    {
        _new[conversation.Id] = conversation;
        return Keep(conversation);
    }

    public void Write(Session session, Store store)
    {
        Conversation.Insert(session, [.. _new.Values]);
        Conversation.Update(session, [.. _changed.Values]);
        if (_new.Values.Any(conversation => conversation.DueAt <= now)) session.OnCommit(() => store.AutomationNotifier.Notify(0, 0));
    }

    private Conversation Keep(Conversation conversation) => _heads[(conversation.SenderId, conversation.Test, conversation.ExternalId)] = conversation;
}
