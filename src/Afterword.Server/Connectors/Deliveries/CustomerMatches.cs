using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.Connectors.Deliveries;

/// <summary>Which users the customers of a batch are: by id, the business's own number, the helpdesk's where an owner has said whose it is, the address, or what was learned of the helpdesk's number, in this order.</summary>
internal sealed class CustomerMatches(IReadOnlyList<IncomingDelivery> deliveries)
{
    // A handle has 15 characters, and an id 13 at the most in these digits.
    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";
    private const string HandlePrefix = "c_";

    // Of one of whom the helpdesk says neither name nor address.
    private const string Nameless = "Customer";

    private readonly Dictionary<int, long> _byRef = [];
    private readonly Dictionary<int, Contact> _byContact = [];
    private readonly Dictionary<int, long> _byNamedEmail = [];
    private readonly Dictionary<int, long> _byEmail = [];
    private readonly HashSet<int> _inPlace = [];
    private readonly Dictionary<string, long> _added = new(StringComparer.Ordinal);

    // Where the customer was made a user of: any other that is found by the same address may be someone else.
    private readonly HashSet<int> _madeOf = [];

    public IReadOnlyList<Lookup> Lookups() =>
    [
        ByRef(one => one.Customer?.Ref is { } text ? CustomerRef.OfBusiness(text) : null, (place, found) => _byRef[place] = found.UserId),
        ByRef(one => one.Customer?.Contact is { } text ? CustomerRef.OfContact(one.Connector.Key, text) : null, (place, found) => _byContact[place] = found),
        ByRef(one => one.Customer?.Email is { } email ? CustomerRef.OfEmail(email) : null, (place, found) => _byNamedEmail[place] = found.UserId),

        // Of several users with one address the first. Those whom another sender's connector has made are that sender's.
        new(
            """
            select item.place, (
                select a.id from account a where lower(a.mail) = item.mail and a.mail is not null and coalesce(a.made_by, item.sender_id) = item.sender_id order by a.id limit 1)
            from {rows} where item.mail is not null
            """,
            Rows.Of(deliveries).Place().Long("sender_id", one => one.SenderId).Text("mail", one => one.Customer?.Email is { } email ? CustomerRef.KeyOf(email) : null),
            row =>
            {
                if (!row.IsDBNull(1)) _byEmail[(int)row.GetInt64(0)] = row.GetInt64(1);
            }),
        SenderHelpdesks.Lookup(deliveries, one => one.SenderId, one => one.Event is { Draft: { IsOfItsHelpdesk: true } draft } ? draft.ExternalId : null, place => _inPlace.Add(place)),
    ];

    /// <summary>The user's id; 0 for a customer whom nobody knows.</summary>
    public long IdOf(int place)
    {
        if (deliveries[place].Customer is not { } customer) return 0;
        if (customer.UserId is { } told) return told;

        if (_byRef.TryGetValue(place, out var byRef)) return byRef;
        if (_byContact.TryGetValue(place, out var contact) && contact.Basis == CustomerBasis.Named) return contact.UserId;
        if (_byNamedEmail.TryGetValue(place, out var byEmail) || _byEmail.TryGetValue(place, out byEmail)) return byEmail;
        if (contact is not null && (customer.Email is null || !contact.HasAddress)) return contact.UserId;
        return KeyOf(place) is { } key ? _added.GetValueOrDefault(key) : 0;
    }

    /// <summary>Whether the user is known to be whom the helpdesk has as its contact. An address proves nothing: visitors type what they like.</summary>
    public bool IsContact(int place) => BasisOf(place) != CustomerBasis.Address;

    /// <summary>Makes users of those whom nobody knows, who can be reached and whose connectors may: once each, however many conversations they have here.</summary>
    public async Task AddAsync(Session session, KeptOptOuts optOuts, Snowflakes ids, IReadOnlyList<int> places, long now)
    {
        var unknown = places.Where(place => IdOf(place) == 0 && KeyOf(place) is not null && deliveries[place] is { Connector.CreatesUsers: true, Event.Draft.Test: false })
            .DistinctBy(KeyOf).Select(place => (Place: place, deliveries[place].SenderId, deliveries[place].Event!.Customer, Key: KeyOf(place)!, Id: ids.Next())).ToArray();
        var keys = unknown.ToDictionary(one => one.Id, one => (one.Key, one.Place));
        await session.EachAsync(
            """
            insert into account (id, screen_name, screen_name_key, name, accepts, language, channel, mail, created_at, made_by)
            select id, screen_name, screen_name_key, name, accepts, language, channel, mail, created_at, made_by from {rows} where true order by screen_name_key
            on conflict (screen_name_key) do nothing
            returning id
            """,
            Rows.Of(unknown).Long("id", one => one.Id).Text("screen_name", one => HandleOf(one.Id)).Text("screen_name_key", one => UserAccounts.Key(HandleOf(one.Id)))
                .Text("name", one => NameOf(one.Customer)).Text("accepts", _ => MessagingPermission.Anyone).Text("language", one => one.Customer.Language)
                .Long("channel", one => (long)(one.Customer.Email is null ? Channel.Conversation : Channel.Email)).Text("mail", one => one.Customer.Email?.Value).Long("created_at", _ => now).Long("made_by", one => one.SenderId),
            row =>
            {
                var (key, place) = keys[row.GetInt64(0)];
                _added[key] = row.GetInt64(0);
                _madeOf.Add(place);
            },
            CancellationToken.None);

        // Whoever was forgotten here may have said before that they do not want to be asked.
        if (_added.Count > 0) await optOuts.ApplyAsync(session, [.. unknown.Where(one => _added.ContainsValue(one.Id)).Select(one => (HandleOf(one.Id), one.Customer.Email?.Value))], CancellationToken.None);
    }

    /// <summary>Keeps who a helpdesk's contact is, so that later events find the customer without an address. A number that customers can choose themselves is not learned.</summary>
    public void WriteLearned(Session session, IReadOnlyList<int> places)
    {
        var learned = places.Where(IsNews)
            .Select(place => (deliveries[place].SenderId, Ref: CustomerRef.OfContact(deliveries[place].Connector.Key, deliveries[place].Event!.Customer.Contact!), UserId: IdOf(place), Basis: BasisOf(place)))
            .OrderBy(one => one.Basis).DistinctBy(one => one.Ref).ToArray();

        // An id that a program tells need not be a user's.
        session.Then(
            """
            insert into customer_ref (sender_id, ref, user_id, basis) select item.sender_id, item.ref, a.id, item.basis from {rows} join account a on a.id = item.user_id where true
            on conflict (sender_id, ref) do update set user_id = excluded.user_id, basis = excluded.basis where customer_ref.basis <> 0
            """,
            Rows.Of(learned).Long("sender_id", one => one.SenderId).Text("ref", one => one.Ref).Long("user_id", one => one.UserId).Long("basis", one => (long)one.Basis));
    }

    /// <summary>Forgets the numbers of those whom a helpdesk has deleted.</summary>
    public void WriteForgotten(Session session, IReadOnlyList<int> places) => session.Then(
        "delete from customer_ref where (sender_id, ref) in (select item.sender_id, item.ref from {rows})",
        Rows.Of(places.Where(place => deliveries[place].Customer?.Contact is not null).ToArray()).Long("sender_id", place => deliveries[place].SenderId)
            .Text("ref", place => CustomerRef.OfContact(deliveries[place].Connector.Key, deliveries[place].Customer!.Contact!)));

    // What a helpdesk's number stands for is learned anew when the address says another user: agents correct what visitors have typed.
    private bool IsNews(int place) =>
        deliveries[place].Event is { Draft.Test: false, Customer.Contact: not null } && IdOf(place) is not 0 and var id
        && (!_byContact.TryGetValue(place, out var known) || (known.Basis != CustomerBasis.Named && known.UserId != id));

    private CustomerBasis BasisOf(int place)
    {
        if (deliveries[place].Event?.Customer.UserId is not null || _byRef.ContainsKey(place) || _madeOf.Contains(place)) return CustomerBasis.Proven;

        return _byContact.TryGetValue(place, out var contact) && contact.UserId == IdOf(place) ? contact.Basis : CustomerBasis.Address;
    }

    private Lookup ByRef(Func<IncomingDelivery, string?> of, Action<int, Contact> found) => new(
        """
        select item.place, r.user_id, r.basis, case when a.mail is null then 0 else 1 end from {rows}
        join customer_ref r on r.sender_id = item.sender_id and r.ref = item.ref left join account a on a.id = r.user_id
        """,
        Rows.Of(deliveries).Place().Long("sender_id", one => one.SenderId).Text("ref", of),
        row => found((int)row.GetInt64(0), new(row.GetInt64(1), (CustomerBasis)row.GetInt32(2), row.Flag(3))));

    /// <summary>Under which the customer would become a user once: the address, or for who has none the number at a helpdesk where they can be answered. Null when there is no way to reach them.</summary>
    private string? KeyOf(int place) => deliveries[place] switch
    {
        { Event.Customer.Email: { } email, SenderId: var sender } => string.Create(CultureInfo.InvariantCulture, $"{sender} {CustomerRef.OfEmail(email)}"),
        { Event.Customer.Contact: { } contact, Connector.Key: var connector } when _inPlace.Contains(place) => CustomerRef.OfContact(connector, contact),
        _ => null,
    };

    // Where the helpdesk has no name, what stands before the @ is the nearest.
    private static string NameOf(EventCustomer customer) => customer.Name ?? customer.Email?.Value.Split('@')[0] switch
    {
        { Length: > Parsing.TextRules.NameLength } local => local[..Parsing.TextRules.NameLength],
        { } local => local,
        null => Nameless,
    };

    private static string HandleOf(long id)
    {
        var text = new Stack<char>();
        for (var left = id; left > 0; left /= Digits.Length) text.Push(Digits[(int)(left % Digits.Length)]);
        return string.Create(CultureInfo.InvariantCulture, $"{HandlePrefix}{new string([.. text])}");
    }

    /// <summary>Whom a name stands for, and how that is known.</summary>
    /// <param name="HasAddress">Whether the user has an address, so that another one in an event says another user.</param>
    private sealed record Contact(long UserId, CustomerBasis Basis, bool HasAddress);
}
