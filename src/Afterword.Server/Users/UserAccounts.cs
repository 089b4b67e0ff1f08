using System.Text.RegularExpressions;
using Afterword.Server.Channels;
using Afterword.Server.Privacy;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Users;

/// <summary>A user of the platform: one who asks, or one who is asked.</summary>
/// <param name="Id">The id on the wire.</param>
/// <param name="ScreenName">The handle, without @, in the letter case it was given.</param>
/// <param name="Name">The profile name.</param>
/// <param name="Accepts">Who may write: <see cref="MessagingPermission.Anyone"/> or <see cref="MessagingPermission.Following"/>.</param>
/// <param name="Suspended">May neither call nor be asked.</param>
internal sealed record User(long Id, string ScreenName, string Name, string Accepts, bool Suspended)
{
    /// <summary>The tag of the language that the user reads, or null when nobody has said.</summary>
    public string? Language { get; init; }

    /// <summary>How requests reach the user besides Messages.</summary>
    public Channel Channel { get; init; }

    /// <summary>The user's email address, or null.</summary>
    public string? Email { get; init; }

    /// <summary>Which user of X it is, or null.</summary>
    public long? XUserId { get; init; }
}

/// <summary>A user to be added, checked.</summary>
internal sealed record NewUser(string ScreenName, string Name, string? Password, string Accepts)
{
    /// <inheritdoc cref="User.Language"/>
    public string? Language { get; init; }

    public ChannelAvailability ChannelAvailability { get; init; } = ChannelAvailability.Default;
}

/// <summary>What a file says of a user who is there already. The password stays the user's own.</summary>
/// <param name="User">As the file has it; a language or an address that is missing is kept.</param>
/// <param name="ChangesReach">Whether it says who may write.</param>
/// <param name="ChangesChannel">Whether it says how requests reach the user.</param>
internal sealed record ChangedUser(NewUser User, bool ChangesReach, bool ChangesChannel);

/// <summary>The users of the platform.</summary>
internal sealed partial class UserAccounts(Store store, PasswordHashes passwords, TimeProvider clock)
{
    private const string Columns = "id, screen_name, name, accepts, suspended_at, language, channel, mail, x_user_id";

    // Whoever shares an address is shown; a list that gave everybody the same one is not.
    private const int MostOfEmail = 50;

    private readonly KeptOptOuts _optOuts = new(store);

    /// <summary>What a handle looks like: 1 to 15 letters, digits and underscores, as on Twitter.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9_]{1,15}\z", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    public static partial Regex Handle { get; }

    /// <summary>Takes the @ off a handle.</summary>
    public static string Bare(string handle) => handle.TrimStart('@');

    /// <returns>The new account, or null when the handle is taken.</returns>
    public Task<User?> AddAsync(string screenName, string name, string? password, string accepts, CancellationToken stop) =>
        AddAsync(new NewUser(screenName, name, password, accepts), stop);

    /// <returns>The new account, or null when the handle is taken.</returns>
    public async Task<User?> AddAsync(NewUser user, CancellationToken stop)
    {
        var account = NewOf(user);

        // Hashing takes a tenth of a second by design: not inside the transaction.
        var hash = user.Password is null ? null : passwords.Hash(user.Password);
        return 1 == await store.Main.WriteAsync(session => InsertAsync(session, account, hash, stop), stop) ? account : null;
    }

    /// <summary>Adds a user who does not sign in, within a transaction.</summary>
    /// <returns>The new account, or null when the handle is taken.</returns>
    public async Task<User?> AddAsync(Session session, NewUser user, CancellationToken stop)
    {
        var account = NewOf(user);
        return 1 == await InsertAsync(session, account, hash: null, stop) ? account : null;
    }

    private User NewOf(NewUser user) => new(store.Ids.Next(), user.ScreenName, user.Name, user.Accepts, Suspended: false)
    {
        Language = user.Language, Channel = user.ChannelAvailability.Channel, Email = user.ChannelAvailability.Email?.Value, XUserId = user.ChannelAvailability.XUserId,
    };

    private async Task<int> InsertAsync(Session session, User user, string? hash, CancellationToken stop)
    {
        var added = await session.Sql(
            """
            insert into account (id, screen_name, screen_name_key, name, password_hash, accepts, language, channel, mail, x_user_id, created_at)
            values (@id, @screen_name, @key, @name, @hash, @accepts, @language, @channel, @mail, @x, @now)
            on conflict (screen_name_key) do nothing
            """)
            .Bind("id", user.Id).Bind("screen_name", user.ScreenName).Bind("key", Key(user.ScreenName)).Bind("name", user.Name)
            .Bind("hash", hash).Bind("accepts", user.Accepts).Bind("language", user.Language).Bind("channel", (long)user.Channel).Bind("mail", user.Email)
            .Bind("x", user.XUserId).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(stop);
        if (added == 1) await _optOuts.ApplyAsync(session, [(user.ScreenName, user.Email)], stop);
        return added;
    }

    /// <summary>Adds many accounts in one transaction.</summary>
    /// <returns>How many were added; a handle that is taken is left out.</returns>
    public async Task<int> AddAsync(IReadOnlyList<NewUser> accounts, CancellationToken stop)
    {
        var hashed = new (NewUser Account, long Id, string? Hash)[accounts.Count];
        Parallel.For(0, hashed.Length, new ParallelOptions { CancellationToken = stop }, i =>
        {
            var account = accounts[i];
            var id = store.Ids.Next();
            var hash = account.Password is null ? null : passwords.Hash(account.Password);
            hashed[i] = (account, id, hash);
        });

        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return await store.Main.WriteAsync(
            async session =>
            {
                var added = new HashSet<long>();
                await session.EachAsync(
                    """
                    insert into account (id, screen_name, screen_name_key, name, password_hash, accepts, language, channel, mail, x_user_id, created_at)
                    select id, screen_name, screen_name_key, name, password_hash, accepts, language, channel, mail, x_user_id, created_at from {rows} where true order by screen_name_key
                    on conflict (screen_name_key) do nothing
                    returning id
                    """,
                    Rows.Of(hashed).Long("id", h => h.Id).Text("screen_name", h => h.Account.ScreenName).Text("screen_name_key", h => Key(h.Account.ScreenName))
                        .Text("name", h => h.Account.Name).Text("password_hash", h => h.Hash).Text("accepts", h => h.Account.Accepts)
                        .Text("language", h => h.Account.Language).Long("channel", h => (long)h.Account.ChannelAvailability.Channel)
                        .Text("mail", h => h.Account.ChannelAvailability.Email?.Value).LongOrNull("x_user_id", h => h.Account.ChannelAvailability.XUserId).Long("created_at", _ => now),
                    row => added.Add(row.GetInt64(0)),
                    stop);
                await _optOuts.ApplyAsync(session, [.. hashed.Where(one => added.Contains(one.Id)).Select(one => (one.Account.ScreenName, one.Account.ChannelAvailability.Email?.Value))], stop);
                return added.Count;
            },
            stop);
    }

    /// <summary>Changes many accounts in one transaction, found by their handles.</summary>
    /// <returns>How many were there.</returns>
    public Task<int> UpdateAsync(IReadOnlyList<ChangedUser> accounts, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var updated = 0;
            await HoldAsync(session, [.. accounts.Select(one => one.User.ScreenName)], stop);
            var addressed = accounts.Where(one => one.User.ChannelAvailability.Email is not null).Select(one => (one.User.ScreenName, one.User.ChannelAvailability.Email?.Value)).ToArray();
            await EndLinksAsync(session, addressed, stop);
            await session.EachAsync(
                """
                update account set name = item.name, accepts = coalesce(item.accepts, account.accepts), language = coalesce(item.language, account.language),
                    channel = coalesce(item.channel, account.channel), mail = coalesce(item.mail, account.mail),
                    x_user_id = coalesce(item.x_user_id, account.x_user_id) from {rows}
                where account.screen_name_key = item.screen_name_key
                returning account.id
                """,
                Rows.Of(accounts).Text("screen_name_key", one => Key(one.User.ScreenName)).Text("name", one => one.User.Name)
                    .Text("accepts", one => one.ChangesReach ? one.User.Accepts : null).Text("language", one => one.User.Language)
                    .LongOrNull("channel", one => one.ChangesChannel ? (long)one.User.ChannelAvailability.Channel : null)
                    .Text("mail", one => one.User.ChannelAvailability.Email?.Value).LongOrNull("x_user_id", one => one.User.ChannelAvailability.XUserId),
                _ => updated++,
                stop);
            await _optOuts.ApplyAsync(session, addressed, stop);
            return updated;
        },
        stop);

    /// <summary>Those of the handles that are taken, in lower case.</summary>
    public Task<HashSet<string>> TakenAsync(IReadOnlyList<string> screenNames, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            await session.EachAsync(
                "select a.screen_name_key from {rows} join account a on a.screen_name_key = item.screen_name_key",
                Rows.Of(screenNames).Text("screen_name_key", Key), row => taken.Add(row.GetString(0)), stop);
            return taken;
        },
        stop);

    /// <summary>Finds a user; whatever is no handle is nobody's, and may hold what PostgreSQL does not even take as text.</summary>
    public Task<User?> FindAsync(string screenName, CancellationToken stop) =>
        !Handle.IsMatch(screenName) ? Task.FromResult<User?>(null) : store.Main.ReadAsync(session => FindAsync(session, screenName, stop), stop);

    /// <summary>The same within a transaction, of a handle.</summary>
    public static Task<User?> FindAsync(Session session, string handle, CancellationToken stop) =>
        session.Sql($"select {Columns} from account where screen_name_key = @key").Bind("key", Key(handle)).FirstAsync(Read, stop);

    /// <summary>The users with an email address, in any letter case; several may share one.</summary>
    private async Task<IReadOnlyList<User>> FindByEmailAsync(string email, CancellationToken stop) => !EmailAddress.TryParse(email, out var address) ? [] : await store.Main.ReadAsync(
        session => session.Sql($"select {Columns} from account where lower(mail) = @mail and mail is not null and erased = 0 order by id limit @most")
            .Bind("mail", address.Value.ToLowerInvariant()).Bind("most", (long)MostOfEmail).ListAsync(Read, stop),
        stop);

    /// <summary>Whether a name that someone entered is to be looked for among email addresses: no username holds an @ once <see cref="Bare"/> has taken the first one off.</summary>
    public static bool IsEmail(string named) => named.Contains('@', StringComparison.Ordinal);

    /// <summary>The users whom someone names by username or by email address.</summary>
    /// <param name="named">A bare username, or an email address.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<IReadOnlyList<User>> FindNamedAsync(string named, CancellationToken stop) =>
        IsEmail(named) ? await FindByEmailAsync(named, stop) : await FindAsync(named, stop) is { } one ? [one] : [];

    /// <summary>Users by their handles.</summary>
    /// <param name="after">Only those behind this handle; empty for the first.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="stop">Gives up.</param>
    public Task<List<User>> ListAsync(string after, long limit, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql($"select {Columns} from account where screen_name_key > @after and erased = 0 order by screen_name_key limit @limit")
            .Bind("after", Key(after)).Bind("limit", limit).ListAsync(Read, stop),
        stop);

    /// <returns>False when there is no such account.</returns>
    public async Task<bool> SuspendAsync(string screenName, bool suspended, CancellationToken stop) => 1 == await store.Main.WriteAsync(session => SuspendAsync(session, screenName, suspended, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public Task<int> SuspendAsync(Session session, string screenName, bool suspended, CancellationToken stop) =>
        session.Sql("update account set suspended_at = case when @suspended = 1 then @now end where screen_name_key = @key")
            .Bind("suspended", suspended ? 1L : 0L).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).Bind("key", Key(screenName)).RunAsync(stop);

    /// <summary>Changes how requests reach a user from now on; what waits keeps its channel, and an email goes to the new address.</summary>
    /// <returns>False when there is no such account.</returns>
    public async Task<bool> ReachByAsync(string screenName, ChannelAvailability by, CancellationToken stop) => 1 == await store.Main.WriteAsync(session => ReachByAsync(session, screenName, by, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public async Task<int> ReachByAsync(Session session, string screenName, ChannelAvailability by, CancellationToken stop)
    {
        await HoldAsync(session, [screenName], stop);
        await EndLinksAsync(session, [(screenName, by.Email?.Value)], stop);
        var changed = await session.Sql("update account set channel = @channel, mail = @mail, x_user_id = @x where screen_name_key = @key")
            .Bind("channel", (long)by.Channel).Bind("mail", by.Email?.Value).Bind("x", by.XUserId).Bind("key", Key(screenName)).RunAsync(stop);
        if (by.Email is not null) await _optOuts.ApplyAsync(session, [(screenName, by.Email.Value)], stop);
        return changed;
    }

    /// <summary>What a handle is looked up by, in any letter case.</summary>
    public static string Key(string screenName) => screenName.ToLowerInvariant();

    // Before their links are touched, as AccountLock says: whoever makes one meanwhile waits, and sends it to the new address.
    private static Task HoldAsync(Session session, IReadOnlyList<string> screenNames, CancellationToken stop) => session.EachAsync(
        "select a.id from {rows} join account a on a.screen_name_key = item.screen_name_key order by a.id for update of a",
        Rows.Of(screenNames).Text("screen_name_key", Key), _ => { }, stop);

    /// <summary>Ends links for a new password that went to an address which is another one from now on.</summary>
    private static Task EndLinksAsync(Session session, IReadOnlyList<(string ScreenName, string? Mail)> changed, CancellationToken stop) => session.EachAsync(
        """
        delete from reset_link where passed_on = 0 and (kind, owner_id) in (
            select item.kind, a.id from {rows} join account a on a.screen_name_key = item.screen_name_key where a.mail is not null and (item.mail is null or a.mail <> item.mail))
        returning owner_id
        """,
        Rows.Of(changed).Long("kind", _ => (long)AccountKind.User).Text("screen_name_key", one => Key(one.ScreenName)).Text("mail", one => one.Mail), _ => { }, stop);

    private static User Read(Row row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), !row.IsDBNull(4))
        {
            Language = row.TextOrNull(5), Channel = (Channel)row.GetInt32(6), Email = row.TextOrNull(7), XUserId = row.LongOrNull(8),
        };
}
