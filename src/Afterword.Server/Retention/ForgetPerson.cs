using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Afterword.Server.Privacy;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>Takes away what tells who a customer is: what one sender holds of them, and the account itself when nobody else knows it.</summary>
/// <remarks>Scores, times, agents and tags stay under the account's number, from which nothing leads back.</remarks>
internal static class ForgetPerson
{
    /// <summary>The name that is left.</summary>
    public const string Nobody = "Removed customer";

    /// <summary>
    /// Of an account <c>a</c> and the columns of <c>item</c>: it is no sender's, nobody has used it since <c>before</c>, and no other sender
    /// knows it: none has to do with it, or whoever had has forgotten it since. Every request of another one comes with a message.
    /// </summary>
    [StringSyntax("sql")]
    public const string KnownHereAlone =
        $"""
        a.created_at < item.before and a.name <> '{Nobody}' and a.erased = 0 and a.followers_count = 0
        and a.friends_count <= coalesce((select c.follows from contact c where c.sender_id = item.sender_id and c.user_id = a.id), 0)
        and not exists (select 1 from sender s where s.user_id = a.id)
        and not exists (select 1 from sender_state s where s.sender_id = a.id)
        and not exists (select 1 from person_role r where r.sender_id = a.id)
        and not exists (select 1 from access_token t where t.user_id = a.id and t.revoked_at is null)
        and not exists (select 1 from visit v where v.user_id = a.id and v.seen_at >= item.before)
        and not exists (select 1 from known_browser k where k.kind = 1 and k.owner_id = a.id and k.seen_at >= item.before)
        and not exists (
            select 1 from message m where m.recipient_id = a.id and m.sender_id <> item.sender_id
                and not exists (select 1 from contact f where f.sender_id = m.sender_id and f.user_id = a.id and f.forgotten_at > m.created_at))
        and not exists (
            select 1 from message m where m.sender_id = a.id and m.recipient_id <> item.sender_id
                and not exists (select 1 from contact f where f.sender_id = m.recipient_id and f.user_id = a.id and f.forgotten_at > m.created_at))
        and not exists (
            select 1 from contact o where o.user_id = a.id and o.opted_out_at is not null and o.sender_id <> item.sender_id and coalesce(o.forgotten_at, 0) <= o.opted_out_at)
        and not exists (
            select 1 from sender s where s.user_id <> item.sender_id and exists (
                select 1 from conversation c where c.sender_id = s.user_id and c.recipient_id = a.id
                    and not exists (select 1 from contact f where f.sender_id = c.sender_id and f.user_id = a.id and f.forgotten_at > c.created_at)))
        """;

    private static readonly string OfParameters = KnownHereAlone.Replace("item.", "@", StringComparison.Ordinal);

    private const string Letters = "abcdefghijklmnopqrstuvwxyz234567";

    // What was sent to a customer leads to the requests: the sum keeps the engines from looking through all that the sender sent.
    private const string Requests = "select m.prompt_id from message m where m.recipient_id = @user and m.sender_id + 0 = @sender and m.prompt_id is not null";

    /// <summary>What a sender holds of a customer besides the account.</summary>
    [StringSyntax("sql")]
    internal static readonly string[] OfSender =
    [
        $"update prompt set external_id = null where sender_id = @sender and id in ({Requests}) and external_id is not null",

        // Found by themselves: an update would have SQLite look through all of the sender's.
        "update conversation set external_id = '' where sender_id = @sender and id in (select c.id from conversation c where c.sender_id = @sender and c.recipient_id = @user) and external_id <> ''",
        $"update dispatch set reason = null where sender_id = @sender and prompt_id in ({Requests}) and reason is not null",
        $"delete from dispatch_attempt where sender_id = @sender and prompt_id in ({Requests})",

        // The sum keeps the engines from looking through all that the sender has.
        "delete from customer_ref where user_id = @user and sender_id + 0 = @sender",
    ];

    [StringSyntax("sql")]
    internal static readonly string Account =
        $"""
        update account set screen_name = @handle, screen_name_key = @handle, name = '{Nobody}', password_hash = null, language = null, mail = null, x_user_id = null, channel = 0,
            failed_sign_ins = 0, locked_until = null, suspended_at = coalesce(suspended_at, @now)
        where id = @user and exists (select 1 from account a where a.id = @user and {OfParameters})
        """;

    [StringSyntax("sql")]
    internal const string Contact =
        """
        update contact set forgotten_at = @now
        where sender_id = @sender and user_id = @user and coalesce(prompted_at, 0) < @before and coalesce(wrote_at, 0) < @before and coalesce(opted_out_at, 0) < @before
            and coalesce(asked_at, 0) < @before and coalesce(tested_at, 0) < @before and coalesce(dismissed_at, 0) < @before
            and not exists (select 1 from conversation c where c.sender_id = @sender and c.recipient_id = @user and c.id >= @first)
        """;

    /// <summary>Of whom only conversations were closed, there is no contact yet: it tells that they are forgotten.</summary>
    [StringSyntax("sql")]
    private const string NewContact = "insert into contact (sender_id, user_id) select @sender, a.id from account a where a.id = @user on conflict (sender_id, user_id) do nothing";

    [StringSyntax("sql")]
    private static readonly string Forgettable = $"select a.screen_name, a.mail from account a where a.id = @user and {OfParameters}";

    /// <summary>Forgets a customer of a sender, unless they have had to do with each other since it was looked up.</summary>
    public static async Task<RemovedCounts> RunAsync(Session session, KeptOptOuts optOuts, long sender, long user, DateTimeOffset before, DateTimeOffset now, CancellationToken stop)
    {
        var (since, at) = (before.ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds());
        await session.Sql(NewContact).Bind("sender", sender).Bind("user", user).RunAsync(stop);
        if (0 == await session.Sql(Contact).Bind("sender", sender).Bind("user", user).Bind("before", since).Bind("first", Snowflakes.FirstOf(before)).Bind("now", at).RunAsync(stop)) return RemovedCounts.Nothing;

        foreach (var sql in OfSender) await session.Sql(sql).Bind("sender", sender).Bind("user", user).RunAsync(stop);
        return new(Customers: 1, Accounts: await ForgetAccountAsync(session, optOuts, sender, user, since, at, stop));
    }

    /// <summary>Takes the account away from whom nobody else knows. Whoever it was may come back under another: what they did not want is kept.</summary>
    private static async Task<int> ForgetAccountAsync(Session session, KeptOptOuts optOuts, long sender, long user, long before, long now, CancellationToken stop)
    {
        var known = await session.Sql(Forgettable).Bind("user", user).Bind("sender_id", sender).Bind("before", before).FirstAsync(row => new FoundUser(row.GetString(0), row.TextOrNull(1)), stop);
        if (known is null) return 0;

        await optOuts.KeepAsync(session, user, known, await FoundPerson.FindContactsAsync(session, user, stop), now, stop);
        foreach (var sql in PruneSignIns.OfUser) await session.Sql(sql).Bind("user", user).RunAsync(stop);
        return await session.Sql(Account).Bind("user", user).Bind("sender_id", sender).Bind("before", before).Bind("now", now).Bind("handle", $"_{RandomNumberGenerator.GetString(Letters, 14)}").RunAsync(stop);
    }
}
