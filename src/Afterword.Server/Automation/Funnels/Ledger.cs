using Afterword.Server.Automation.Conversations;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Funnels;

/// <summary>A closed conversation in the list.</summary>
/// <param name="Handle">Of the customer; null where there is no such user.</param>
/// <param name="ClosedAt">Unix milliseconds.</param>
/// <param name="DueAt">When the customer is asked; null when nothing is scheduled.</param>
/// <param name="ByHand">Whether someone asked about it, although the rules did not.</param>
internal sealed record LedgerLine(
    long Id, string ExternalId, string? Handle, string? Name, string? Agent, string? Team, IReadOnlyList<string> Tags, string? Rule, long ClosedAt, long? DueAt, bool Test, Decision Decision, FunnelEnd End,
    bool ByHand);

/// <summary>A page of the list, the newest first.</summary>
/// <param name="Next">Where the next page begins: behind this conversation; null at the end.</param>
/// <param name="LookedBackTo">Where it rests because so much was looked at, Unix milliseconds; null when the page is full or nothing is left.</param>
internal sealed record LedgerPage(IReadOnlyList<LedgerLine> Lines, long? Next, long? LookedBackTo);

/// <summary>Lists closed conversations in the order in which they were heard of, the newest first. A page looks at so many, however few are meant.</summary>
internal sealed class Ledger(Store store)
{
    public const int PageSize = 50;

    /// <summary>The most conversations that a page looks at. On SQLite about 20 ms of processor time where nothing is meant.</summary>
    public const long MostLooked = 10_000;

    /// <summary>The same of one customer, whose conversations an index has together.</summary>
    public const long MostOfCustomer = 1_000;

    private const long MostOfOne = 20;

    private const string Columns =
        $"""
        c.decision, c.reason, case when c.planned_at is null then 0 else 1 end, {FunnelEnd.RequestSql}, c.id, c.external_id,
        (select a.screen_name from account a where a.id = c.recipient_id), (select a.name from account a where a.id = c.recipient_id),
        c.agent, c.team, c.tags, c.rule, c.closed_at, c.due_at, c.test, {RequestsByHand.OfConversation}
        """;

    /// <param name="filter">Which conversations.</param>
    /// <param name="before">Behind this one; <see cref="long.MaxValue"/> for the newest.</param>
    /// <param name="stop">Gives up.</param>
    public Task<LedgerPage> RunAsync(ConversationFilter filter, long before, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            if (filter.RecipientId is { } customer) return await OfCustomerAsync(session, filter, customer, before, stop);

            var place = before == long.MaxValue ? filter.HeardLate + 1 : await TimeOfAsync(session, filter.SenderId, before, stop) ?? 0;

            // The index by reference leads to what has it, as a range of it: otherwise SQLite would walk all in the order of time. Everything else is looked through.
            var (which, order) = filter.ExternalId is null
                ? ("(c.created_at, c.id) < (@at, @id) and c.created_at >=", "c.created_at desc, c.id desc")
                : ("(c.external_id, c.created_at, c.id) < (@external_id, @at, @id) and c.external_id >= @external_id and +c.created_at >=", "c.external_id desc, c.created_at desc, c.id desc");
            var edge = await Bind(session.Sql($"select c.created_at, c.id from conversation c where c.sender_id = @sender and {which} @first order by {order} limit 1 offset @most"))
                .Bind("most", MostLooked - 1).FirstAsync(row => (At: row.GetInt64(0), Id: row.GetInt64(1)), stop);
            var found = await Rest(session.Sql(
                $"""
                select {Columns} from conversation c
                where c.sender_id = @sender and {which} @edge and (c.created_at > @edge or c.id >= @edge_id){filter.Sql()}
                order by {order} limit @limit
                """)).ListAsync(Read, stop);
            return PageOf(found, edge);

            Statement Bind(Statement statement)
            {
                if (filter.ExternalId is not null) statement.Bind("external_id", filter.ExternalId);
                return statement.Bind("sender", filter.SenderId).Bind("at", place).Bind("id", before).Bind("first", filter.HeardFrom);
            }

            Statement Rest(Statement statement) => filter.Bind(statement).Bind("at", place).Bind("id", before)
                .Bind("edge", edge.Id == 0 ? filter.HeardFrom : edge.At).Bind("edge_id", edge.Id).Bind("limit", PageSize + 1L);
        },
        stop);

    // As a range of the index by customer, by ids: these are made in the order in which conversations are heard of.
    private static async Task<LedgerPage> OfCustomerAsync(Session session, ConversationFilter filter, long customer, long before, CancellationToken stop)
    {
        const string Which = "c.sender_id = @sender and (c.recipient_id, c.id) < (@customer, @before) and c.recipient_id >= @customer";
        const string Order = "order by c.recipient_id desc, c.id desc";
        var edge = await session.Sql($"select c.created_at, c.id from conversation c where {Which} {Order} limit 1 offset @most")
            .Bind("sender", filter.SenderId).Bind("customer", customer).Bind("before", before).Bind("most", MostOfCustomer - 1).FirstAsync(row => (At: row.GetInt64(0), Id: row.GetInt64(1)), stop);
        var found = await filter.Bind(session.Sql($"select {Columns} from conversation c where {Which} and c.id >= @edge{filter.Sql()} {Order} limit @limit"))
            .Bind("customer", customer).Bind("before", before).Bind("edge", edge.Id).Bind("limit", PageSize + 1L).ListAsync(Read, stop);
        return PageOf(found, edge);
    }

    private static LedgerPage PageOf(List<LedgerLine> found, (long At, long Id) edge) =>
        found.Count > PageSize ? new(found[..PageSize], found[PageSize - 1].Id, null)
        : edge.Id == 0 ? new(found, null, null)
        : new(found, edge.Id, edge.At);

    /// <summary>A conversation, and the latest that was decided on others of the same reference.</summary>
    public Task<List<LedgerLine>> OfOneAsync(Conversation one, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var found = await session.Sql($"select {Columns} from conversation c where c.sender_id = @sender and c.id = @id").Bind("sender", one.SenderId).Bind("id", one.Id).ListAsync(Read, stop);
            if (one.ExternalId.Length == 0) return found;

            found.AddRange(await session.Sql(
                $"select {Columns} from conversation c where c.sender_id = @sender and c.external_id = @external_id and c.id <> @id order by c.created_at desc, c.id desc limit @most")
                .Bind("sender", one.SenderId).Bind("external_id", one.ExternalId).Bind("id", one.Id).Bind("most", MostOfOne).ListAsync(Read, stop));
            return found;
        },
        stop);

    /// <summary>The latest request that someone made about the same ticket outside the rules; null where nobody did.</summary>
    public Task<(long Id, long At, string? Agent)?> ByHandAsync(Conversation one, CancellationToken stop) => one.ExternalId.Length == 0 ? Task.FromResult<(long, long, string?)?>(null) : store.Main.ReadAsync(
        session => session.Sql(
            $"select p.id, p.created_at, p.agent from {RequestsByHand.OfTicket} and p.automatic = 0 and p.test = @test order by p.id desc limit 1")
            .Bind("sender", one.SenderId).Bind("external_id", one.ExternalId).Bind("test", one.Test ? 1L : 0L).FirstAsync(row => ((long, long, string?)?)(row.GetInt64(0), row.GetInt64(1), row.TextOrNull(2)), stop),
        stop);

    private static Task<long?> TimeOfAsync(Session session, long sender, long id, CancellationToken stop) =>
        session.Sql("select created_at from conversation where sender_id = @sender and id = @id").Bind("sender", sender).Bind("id", id).FirstAsync(row => (long?)row.GetInt64(0), stop);

    private static LedgerLine Read(Row row) => new(
        row.GetInt64(4), row.GetString(5), row.TextOrNull(6), row.TextOrNull(7), row.TextOrNull(8), row.TextOrNull(9), Tags.OfStored(row.TextOrNull(10))?.All ?? [], row.TextOrNull(11),
        row.GetInt64(12), row.LongOrNull(13), row.Flag(14), (Decision)row.GetInt32(0), ReadFunnel.EndOf(row), row.Flag(15));
}
