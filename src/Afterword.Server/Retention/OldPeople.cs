using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>Customers who and whose sender have had nothing to do with each other since a time.</summary>
/// <remarks>
/// It walks along the sender's contacts, and along those of whom only conversations were closed. A round that ends begins anew the next time:
/// whoever was not old enough may be so by then. Most are told by the contact alone; of the rest it is looked up whether there is a message,
/// an answer or a closed conversation of later. Whoever was forgotten is so once more when a conversation came since, or when nobody else
/// knows the account any longer.
/// </remarks>
/// <param name="db">The store.</param>
/// <param name="optOuts">Keeps what those said who are forgotten.</param>
/// <param name="kept">What the sender keeps.</param>
/// <param name="before">Who was there since then stays.</param>
/// <param name="now">The time.</param>
/// <param name="cards">How long a request can be answered.</param>
internal sealed class OldPeople(Database db, KeptOptOuts optOuts, SenderRetention kept, DateTimeOffset before, DateTimeOffset now, TimeSpan cards) : OldRows
{
    [StringSyntax("sql")]
    internal const string NextContacts =
        """
        select c.user_id, c.prompted_at, c.wrote_at, c.opted_out_at, c.asked_at, c.tested_at, c.dismissed_at, c.forgotten_at
        from contact c where c.sender_id = @sender and c.user_id > @after order by c.user_id limit @most
        """;

    /// <summary>The next customers with conversations, from one to the other with a seek each, and whether they are users.</summary>
    [StringSyntax("sql")]
    internal const string NextOfConversations =
        """
        with recursive next (user_id, place) as (
            select (select c.recipient_id from conversation c where c.sender_id = @sender and c.recipient_id > @after order by c.recipient_id limit 1), cast(1 as bigint)
            union all
            select (select c.recipient_id from conversation c where c.sender_id = @sender and c.recipient_id > next.user_id order by c.recipient_id limit 1), next.place + 1
            from next where next.user_id is not null and next.place < @most)
        select n.user_id, case when exists (select 1 from account a where a.id = n.user_id) then 1 else 0 end from next n where n.user_id is not null order by n.user_id
        """;

    /// <summary>Those of whom a conversation was closed since they were forgotten.</summary>
    [StringSyntax("sql")]
    internal const string ClosedSince =
        "select item.place from {rows} where exists (select 1 from conversation c where c.sender_id = item.sender_id and c.recipient_id = item.user_id and c.id >= item.forgotten)";

    /// <summary>Those with something newer that their contact does not tell, by their places. The sum keeps the engines from looking through all that the sender sent.</summary>
    [StringSyntax("sql")]
    internal const string WithNewer =
        """
        select item.place from {rows}
        where exists (select 1 from conversation c where c.sender_id = item.sender_id and c.recipient_id = item.user_id and c.id >= item.first)
            or exists (
                select 1 from message m left join prompt p on p.sender_id = m.sender_id and p.id = m.prompt_id
                where m.recipient_id = item.user_id and m.id >= item.answerable and m.sender_id + 0 = item.sender_id and (m.id >= item.first or p.updated_at >= item.before))
        """;

    [StringSyntax("sql")]
    internal const string Forgotten = $"select item.place from {{rows}} join account a on a.id = item.user_id where {ForgetPerson.KnownHereAlone}";

    // Each is a dozen statements.
    private const int PeopleAtOnce = 10;
    private const int AtOnce = 500;

    private readonly Queue<Customer> _found = new();
    private long _after = kept.UpTo.PeopleTo;
    private bool _isDone;

    private long Before => before.ToUnixTimeMilliseconds();

    public override async Task<OldStep?> NextAsync(CancellationToken stop)
    {
        if (_found.Count == 0)
        {
            if (_isDone) return null;
            await LookAsync(stop);
        }

        var some = new List<Customer>(PeopleAtOnce);
        while (some.Count < PeopleAtOnce && _found.TryDequeue(out var customer)) some.Add(customer);

        // How far the round is, is written with what it removes, and when it ends.
        var to = _found.Count > 0 ? some[^1].UserId : _isDone ? 0 : _after;
        return new(new(Customers: some.Count, Accounts: some.Count(one => one.Account)), async (session, stop) =>
        {
            var removed = RemovedCounts.Nothing;
            foreach (var one in some) removed += await ForgetPerson.RunAsync(session, optOuts, kept.SenderId, one.UserId, before, now, stop);
            await session.Sql("update retention set people_to = @to where sender_id = @sender").Bind("to", to).Bind("sender", kept.SenderId).RunAsync(stop);
            return removed;
        });
    }

    /// <summary>Looks at the next of them.</summary>
    private async Task LookAsync(CancellationToken stop)
    {
        var next = await ReadAsync(stop);
        Looked += next.Count;
        Silent[] silent = [.. next.Where(one => one.Last < Before)];
        if (silent.Length == 0) return;

        var newer = await PlacesAsync(WithNewer, silent, stop);
        silent = [.. silent.Where((_, place) => !newer.Contains(place))];
        var (accounts, closed) = (await PlacesAsync(Forgotten, silent, stop), await PlacesAsync(ClosedSince, silent, stop));
        for (var place = 0; place < silent.Length; place++)
        {
            if (!silent[place].IsForgotten || accounts.Contains(place) || closed.Contains(place)) _found.Enqueue(new(silent[place].UserId, accounts.Contains(place)));
        }
    }

    /// <summary>Contacts and customers with conversations alone, in the order of their ids.</summary>
    private async Task<IReadOnlyCollection<Silent>> ReadAsync(CancellationToken stop)
    {
        var (contacts, closed) = await db.ReadAsync(
            async session => (
                await session.Sql(NextContacts).Bind("sender", kept.SenderId).Bind("after", _after).Bind("most", (long)AtOnce).ListAsync(
                    row => new Silent(row.GetInt64(0), Enumerable.Range(1, 6).Max(column => row.LongOrNull(column) ?? 0), row.LongOrNull(7)), stop),
                await session.Sql(NextOfConversations).Bind("sender", kept.SenderId).Bind("after", _after).Bind("most", (long)AtOnce).ListAsync(row => (UserId: row.GetInt64(0), IsUser: row.Flag(1)), stop)),
            stop);

        // Where one of the two lists is cut, the other is looked at no further than that.
        var (ofContacts, ofClosed) = (contacts.Count < AtOnce ? long.MaxValue : contacts[^1].UserId, closed.Count < AtOnce ? long.MaxValue : closed[^1].UserId);
        var to = Math.Min(ofContacts, ofClosed);
        _isDone = to == long.MaxValue;
        _after = _isDone ? _after : to;
        var next = contacts.Where(one => one.UserId <= to).ToDictionary(one => one.UserId);
        foreach (var one in closed.Where(one => one.IsUser && one.UserId <= to)) next.TryAdd(one.UserId, new(one.UserId, 0, null));
        return [.. next.Values.OrderBy(one => one.UserId)];
    }

    private Task<HashSet<int>> PlacesAsync([StringSyntax("sql")] string sql, IReadOnlyList<Silent> some, CancellationToken stop) => db.ReadAsync(
        async session =>
        {
            var places = new HashSet<int>();
            await session.EachAsync(sql, RowsOf(some, kept.SenderId, before, cards), row => places.Add(row.GetInt32(0)), stop);
            return places;
        },
        stop);

    internal static Rows RowsOf(IReadOnlyList<Silent> some, long sender, DateTimeOffset before, TimeSpan cards) => Rows.Of(some).Place().Long("sender_id", _ => sender).Long("user_id", one => one.UserId)
        .Long("first", _ => Snowflakes.FirstOf(before)).Long("answerable", _ => Snowflakes.FirstOf(before.ToUnixTimeMilliseconds() - (long)cards.TotalMilliseconds)).Long("before", _ => before.ToUnixTimeMilliseconds())
        .Long("forgotten", one => one.ForgottenAt is { } at ? Snowflakes.FirstOf(at) : long.MaxValue);

    /// <param name="Account">Nobody else knows them, so that their account goes too.</param>
    private readonly record struct Customer(long UserId, bool Account);

    /// <param name="Last">When they last had to do with each other, as far as the contact tells; 0 without one.</param>
    /// <param name="ForgottenAt">When the sender forgot them; null when it did not.</param>
    internal readonly record struct Silent(long UserId, long Last, long? ForgottenAt)
    {
        public bool IsForgotten => ForgottenAt > Last;
    }
}
