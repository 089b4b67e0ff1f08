using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>Customers who and whose sender have had nothing to do with each other since a time.</summary>
/// <remarks>
/// It walks along the sender's contacts. A round that ends begins anew the next time: whoever was not old enough may be so by then. Most
/// are told by the contact alone; of the rest it is looked up whether there is a message, an answer or a closed conversation of later.
/// </remarks>
/// <param name="db">The store.</param>
/// <param name="kept">What the sender keeps.</param>
/// <param name="before">Who was there since then stays.</param>
/// <param name="now">The time.</param>
/// <param name="cards">How long a request can be answered.</param>
internal sealed class OldPeople(Database db, SenderRetention kept, DateTimeOffset before, DateTimeOffset now, TimeSpan cards) : OldRows
{
    [StringSyntax("sql")]
    internal const string NextContacts =
        """
        select c.user_id, c.prompted_at, c.wrote_at, c.opted_out_at, c.asked_at, c.tested_at, c.dismissed_at, c.forgotten_at
        from contact c where c.sender_id = @sender and c.user_id > @after order by c.user_id limit @most
        """;

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
    private const int ContactsAtOnce = 500;

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
            var removed = Removed.Nothing;
            foreach (var one in some) removed += await ForgetPerson.RunAsync(session, kept.SenderId, one.UserId, before, now, stop);
            await session.Sql("update retention set people_to = @to where sender_id = @sender").Bind("to", to).Bind("sender", kept.SenderId).RunAsync(stop);
            return removed;
        });
    }

    /// <summary>Looks at the next contacts.</summary>
    private async Task LookAsync(CancellationToken stop)
    {
        var contacts = await db.ReadAsync(
            session => session.Sql(NextContacts).Bind("sender", kept.SenderId).Bind("after", _after).Bind("most", (long)ContactsAtOnce).ListAsync(
                row => (UserId: row.GetInt64(0), Last: Enumerable.Range(1, 6).Max(column => row.LongOrNull(column) ?? 0), ForgottenAt: row.LongOrNull(7)), stop),
            stop);
        _isDone = contacts.Count < ContactsAtOnce;
        if (contacts.Count == 0) return;

        _after = contacts[^1].UserId;
        Looked += contacts.Count;
        var silent = contacts.Where(one => one.Last < Before && !(one.ForgottenAt > one.Last)).Select(one => one.UserId).ToArray();
        if (silent.Length == 0) return;

        var newer = await PlacesAsync(WithNewer, silent, stop);
        silent = [.. silent.Where((_, place) => !newer.Contains(place))];
        var accounts = await PlacesAsync(Forgotten, silent, stop);
        for (var place = 0; place < silent.Length; place++) _found.Enqueue(new(silent[place], accounts.Contains(place)));
    }

    private Task<HashSet<int>> PlacesAsync([StringSyntax("sql")] string sql, IReadOnlyList<long> users, CancellationToken stop) => db.ReadAsync(
        async session =>
        {
            var places = new HashSet<int>();
            await session.EachAsync(sql, RowsOf(users, kept.SenderId, before, cards), row => places.Add(row.GetInt32(0)), stop);
            return places;
        },
        stop);

    internal static Rows RowsOf(IReadOnlyList<long> users, long sender, DateTimeOffset before, TimeSpan cards) => Rows.Of(users).Place().Long("sender_id", _ => sender).Long("user_id", user => user)
        .Long("first", _ => Snowflakes.FirstOf(before)).Long("answerable", _ => Snowflakes.FirstOf(before.ToUnixTimeMilliseconds() - (long)cards.TotalMilliseconds)).Long("before", _ => before.ToUnixTimeMilliseconds());

    /// <param name="Account">Nobody else knows them, so that their account goes too.</param>
    private readonly record struct Customer(long UserId, bool Account);
}
