using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.People;
using Afterword.Server.Storage;

namespace Afterword.Server.Connectors.Deliveries;

/// <summary>Which users the customers of a batch are: by id, the business's own number, the helpdesk's, or the address, in this order.</summary>
internal sealed class FoundCustomers(IReadOnlyList<Delivery> deliveries)
{
    // A handle has 15 characters, and an id 13 at the most in these digits.
    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";
    private const string HandlePrefix = "c_";

    // Of one of whom the helpdesk says neither name nor address.
    private const string Nameless = "Customer";

    private readonly Dictionary<int, long> _byRef = [];
    private readonly Dictionary<int, long> _byContact = [];
    private readonly Dictionary<int, long> _byNamedMail = [];
    private readonly Dictionary<int, long> _byMail = [];
    private readonly HashSet<int> _inPlace = [];
    private readonly Dictionary<string, long> _added = new(StringComparer.Ordinal);

    public IReadOnlyList<Lookup> Lookups() =>
    [
        ByRef(customer => customer.Ref is { } text ? CustomerRef.OfBusiness(text) : null, _byRef),
        ByRef(customer => customer.Contact is { } text ? CustomerRef.OfContact(text) : null, _byContact),
        ByRef(customer => customer.Mail is { } mail ? CustomerRef.OfMail(mail) : null, _byNamedMail),

        // Of several users with one address the first.
        new(
            """
            select item.place, (select a.id from account a where lower(a.mail) = item.mail and a.mail is not null order by a.id limit 1) from {rows} where item.mail is not null
            """,
            Rows.Of(deliveries).Place().Text("mail", one => one.Told?.Customer.Mail is { } mail ? CustomerRef.KeyOf(mail) : null),
            row =>
            {
                if (!row.IsDBNull(1)) _byMail[(int)row.GetInt64(0)] = row.GetInt64(1);
            }),
        SenderHelpdesks.Lookup(deliveries, one => one.SenderId, one => one.ExternalId, place => _inPlace.Add(place)),
    ];

    /// <summary>The user's id; 0 for a customer whom nobody knows.</summary>
    public long IdOf(int place)
    {
        if (deliveries[place].Told?.Customer is not { } customer) return 0;
        if (customer.UserId is { } told) return told;

        foreach (var found in (Dictionary<int, long>[])[_byRef, _byContact, _byNamedMail, _byMail])
        {
            if (found.TryGetValue(place, out var id)) return id;
        }

        return KeyOf(place) is { } key ? _added.GetValueOrDefault(key) : 0;
    }

    /// <summary>Makes users of those whom nobody knows, who can be reached and whose connectors may: once each, however many conversations they have here.</summary>
    public async Task AddAsync(Session session, Snowflakes ids, IReadOnlyList<int> places, long now)
    {
        var unknown = places.Where(place => IdOf(place) == 0 && KeyOf(place) is not null && deliveries[place] is { Connector.CreatesUsers: true, Told.Draft.Test: false })
            .DistinctBy(KeyOf).Select(place => (deliveries[place].Told!.Customer, Key: KeyOf(place)!, Id: ids.Next())).ToArray();
        var keys = unknown.ToDictionary(one => one.Id, one => one.Key);
        await session.EachAsync(
            """
            insert into account (id, screen_name, screen_name_key, name, accepts, language, channel, mail, created_at)
            select id, screen_name, screen_name_key, name, accepts, language, channel, mail, created_at from {rows} where true order by screen_name_key
            on conflict (screen_name_key) do nothing
            returning id
            """,
            Rows.Of(unknown).Long("id", one => one.Id).Text("screen_name", one => HandleOf(one.Id)).Text("screen_name_key", one => Accounts.Key(HandleOf(one.Id)))
                .Text("name", one => NameOf(one.Customer)).Text("accepts", _ => Reach.Anyone).Text("language", one => one.Customer.Language)
                .Long("channel", one => (long)(one.Customer.Mail is null ? Channel.Conversation : Channel.Email)).Text("mail", one => one.Customer.Mail?.Value).Long("created_at", _ => now),
            row => _added[keys[row.GetInt64(0)]] = row.GetInt64(0),
            CancellationToken.None);
    }

    /// <summary>Keeps who a helpdesk's contact is, so that later events find the customer without an address. A number that customers can choose themselves is not learned.</summary>
    public void WriteLearned(Session session, IReadOnlyList<int> places)
    {
        var learned = places.Where(place => deliveries[place].Told is { Draft.Test: false, Customer.Contact: not null } && IdOf(place) != 0 && !_byContact.ContainsKey(place))
            .Select(place => (deliveries[place].SenderId, Ref: CustomerRef.OfContact(deliveries[place].Told!.Customer.Contact!), UserId: IdOf(place))).DistinctBy(one => (one.SenderId, one.Ref)).ToArray();
        session.Then(
            "insert into customer_ref (sender_id, ref, user_id) select sender_id, ref, user_id from {rows} where true on conflict (sender_id, ref) do nothing",
            Rows.Of(learned).Long("sender_id", one => one.SenderId).Text("ref", one => one.Ref).Long("user_id", one => one.UserId));
    }

    private Lookup ByRef(Func<EventCustomer, string?> of, Dictionary<int, long> found) => new(
        "select item.place, r.user_id from {rows} join customer_ref r on r.sender_id = item.sender_id and r.ref = item.ref",
        Rows.Of(deliveries).Place().Long("sender_id", one => one.SenderId).Text("ref", one => one.Told?.Customer is { } customer ? of(customer) : null),
        row => found[(int)row.GetInt64(0)] = row.GetInt64(1));

    /// <summary>Under which the customer would become a user once: the address, or for who has none the number at a helpdesk where they can be answered. Null when there is no way to reach them.</summary>
    private string? KeyOf(int place) => deliveries[place] switch
    {
        { Told.Customer.Mail: { } mail } => CustomerRef.OfMail(mail),
        { Told.Customer.Contact: { } contact, SenderId: var sender } when _inPlace.Contains(place) => string.Create(CultureInfo.InvariantCulture, $"{sender} {CustomerRef.OfContact(contact)}"),
        _ => null,
    };

    // Where the helpdesk has no name, what stands before the @ is the nearest.
    private static string NameOf(EventCustomer customer) => customer.Name ?? customer.Mail?.Value.Split('@')[0] switch
    {
        { Length: > Prompts.TextRules.NameLength } local => local[..Prompts.TextRules.NameLength],
        { } local => local,
        null => Nameless,
    };

    private static string HandleOf(long id)
    {
        var text = new Stack<char>();
        for (var left = id; left > 0; left /= Digits.Length) text.Push(Digits[(int)(left % Digits.Length)]);
        return string.Create(CultureInfo.InvariantCulture, $"{HandlePrefix}{new string([.. text])}");
    }
}
