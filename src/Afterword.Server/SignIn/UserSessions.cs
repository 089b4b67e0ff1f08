using System.Buffers.Text;
using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Storage;

namespace Afterword.Server.SignIn;

/// <summary>A user at a browser.</summary>
/// <param name="Language">The tag of the language that the user chose; null when the browser decides.</param>
/// <param name="ByLink">Whether the session began with a link that was mailed or passed on, within the last hour.</param>
public sealed record SignedInUser(long UserId, string ScreenName, string Name, string? Language, bool ByLink);

/// <summary>What a user showed when a session began.</summary>
internal enum SignInMethod
{
    Password,

    /// <summary>A link for a new password, which was mailed or passed on. It may set up the first app of a user who needs one.</summary>
    Link,

    SecondFactor,
}

/// <summary>A session as its user sees it.</summary>
/// <param name="Id">Names it to its user; it opens nothing.</param>
/// <param name="Browser">As the browser names itself.</param>
/// <param name="BeganAt">When the user signed in.</param>
/// <param name="SeenAt">When it was last noted; once a day.</param>
/// <param name="IsThis">Whether it is the one that asks.</param>
public sealed record ListedUserSession(string Id, string Browser, DateTimeOffset BeganAt, DateTimeOffset SeenAt, bool IsThis);

/// <summary>Which browsers a user is signed in with. Any node knows them, and an end holds at once.</summary>
internal sealed class UserSessions(Store store, Settings settings, AuditLog audit, TimeProvider clock, ILogger<UserSessions> log)
{
    private const int KeyLength = 20;
    private const string Cookie = "__Host-afterword";
    private static readonly TimeSpan s_lifetime = TimeSpan.FromDays(14);

    // However often it is used: a cookie that someone copied does not open the account for ever.
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(30);
    private static readonly TimeSpan s_noteEvery = TimeSpan.FromDays(1);

    // A cookie from long ago sets up no app when its user becomes a sender.
    private static readonly TimeSpan s_linkCounts = TimeSpan.FromHours(1);

    // What a session owes is judged each time: whoever sets up an app, or becomes a sender that needs one, is asked for it from then on.
    private const string OwesNothing =
        """
        (v.stage = 2 or (not exists (select 1 from user_factor f where f.user_id = v.user_id)
            and (@senders = 0 or not exists (select 1 from sender s where s.user_id = v.user_id))))
        """;

    /// <summary>The user of this browser, unless suspended; null when nobody is signed in, or the second factor is owed.</summary>
    public Task<SignedInUser?> WhoAsync(HttpContext http) => WhoAsync(http, arriving: false);

    /// <summary>The user who has given the right password in this browser and owes the second factor; null for everybody else.</summary>
    public Task<SignedInUser?> WhoArrivesAsync(HttpContext http) => WhoAsync(http, arriving: true);

    private async Task<SignedInUser?> WhoAsync(HttpContext http, bool arriving)
    {
        if (!TryReadKey(http, out var key)) return null;

        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (await FindAsync(key, now, http.RequestAborted) is not { } found || found.Owes != arriving) return null;
        if (found.At < now - (long)s_noteEvery.TotalMilliseconds) await NoteAsync(http, key, now);

        // The token of a form is made out to this user.
        http.User = new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, found.Who.UserId.ToString(CultureInfo.InvariantCulture))], "visit"));
        return found.Who;
    }

    /// <summary>Whether the browser is still signed in with this user, for an answer that goes on for long: nothing is noted and no cookie set.</summary>
    public async Task<bool> IsStillAsync(HttpContext http, SignedInUser user) =>
        TryReadKey(http, out var key) && await FindAsync(key, clock.GetUtcNow().ToUnixTimeMilliseconds(), http.RequestAborted) is { Owes: false } found && found.Who.UserId == user.UserId;

    /// <summary>Signs the user in with a key of its own: one that came along, and may be known to others, is never taken over.</summary>
    /// <param name="http">The request.</param>
    /// <param name="userId">The user.</param>
    /// <param name="by">What the user showed.</param>
    /// <param name="passwordHash">The stored hash of the password that the user showed or set.</param>
    /// <returns>False when the account has another password meanwhile.</returns>
    public Task<bool> BeginAsync(HttpContext http, long userId, SignInMethod by, string passwordHash) => BeginAsync(http, userId, by, passwordHash, WordsOf(by));

    /// <summary>Goes on with a key of its own after the user has set a new password, which ended every session. Nobody signs in by that.</summary>
    /// <param name="http">The request.</param>
    /// <param name="userId">The user.</param>
    /// <param name="by">What the session had shown.</param>
    /// <param name="passwordHash">The stored hash of the new password.</param>
    /// <returns>False when the account has yet another password meanwhile.</returns>
    public Task<bool> GoOnAsync(HttpContext http, long userId, SignInMethod by, string passwordHash) => BeginAsync(http, userId, by, passwordHash, signsIn: null);

    private Task<bool> BeginAsync(HttpContext http, long userId, SignInMethod by, string passwordHash, string? signsIn) => BeginAsync(
        http, userId, by, signsIn, async (session, old) =>
        {
            if (!await AccountLock.HoldAsync(session, AccountKind.User, userId, passwordHash, http.RequestAborted)) return false;

            await session.Sql("delete from visit where key_hash = @hash").Bind("hash", old).RunAsync(http.RequestAborted);
            return true;
        });

    /// <summary>Goes on after the second factor, with a key of its own.</summary>
    /// <param name="http">The request.</param>
    /// <param name="userId">The user.</param>
    /// <param name="signsIn">Whether the user owed it; else an app was added by someone who had signed in.</param>
    /// <returns>False when the session that showed the password has ended meanwhile, as by a reset.</returns>
    public Task<bool> GoOnAsync(HttpContext http, long userId, bool signsIn = true) => BeginAsync(
        http, userId, SignInMethod.SecondFactor, signsIn ? WordsOf(SignInMethod.SecondFactor) : null, async (session, old) =>
        {
            await AccountLock.HoldAsync(session, AccountKind.User, userId, http.RequestAborted);
            return 1 == await session.Sql("delete from visit where key_hash = @hash and user_id = @user").Bind("hash", old).Bind("user", userId).RunAsync(http.RequestAborted);
        });

    /// <summary>Whether a session has not been ended. Hold the account first.</summary>
    public static async Task<bool> IsOpenAsync(Session session, long userId, byte[] userSession, CancellationToken stop) =>
        await session.Sql("select 1 from visit where key_hash = @hash and user_id = @user").Bind("hash", userSession).Bind("user", userId).FirstAsync(_ => true, stop);

    /// <summary>What the session of this browser is stored under; of none, what no session is.</summary>
    public static byte[] HashOf(HttpContext http) => TryReadKey(http, out var key) ? SHA256.HashData(key) : [];

    /// <param name="http">The request.</param>
    /// <param name="userId">The user.</param>
    /// <param name="by">What the user has shown.</param>
    /// <param name="signsIn">How the audit log says that someone signed in; null when nobody did.</param>
    /// <param name="mayBegin">Gets the hash of the key at hand.</param>
    private async Task<bool> BeginAsync(HttpContext http, long userId, SignInMethod by, string? signsIn, Func<Session, byte[], Task<bool>> mayBegin)
    {
        var key = RandomNumberGenerator.GetBytes(KeyLength);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var begun = await store.Main.WriteAsync(
            async session =>
            {
                if (!await mayBegin(session, HashOf(http))) return false;

                await session.Sql("insert into visit (key_hash, user_id, stage, by_link, browser, created_at, seen_at) values (@hash, @user, @stage, @link, @browser, @now, @now)")
                    .Bind("hash", SHA256.HashData(key)).Bind("user", userId).Bind("stage", by == SignInMethod.SecondFactor ? 2L : 1L).Bind("link", by == SignInMethod.Link ? 1L : 0L)
                    .Bind("browser", BrowserNames.Read(http)).Bind("now", now).RunAsync(http.RequestAborted);

                // A sender's owners may wonder who it was; customers' own sessions are nobody's business.
                if (signsIn is not null) await audit.WriteOwnAsync(session, userId, AuditAction.SignedIn, signsIn, http.RequestAborted, onlySenders: true);
                return true;
            },
            http.RequestAborted);
        if (begun) SetCookie(http, key);
        return begun;
    }

    private static string WordsOf(SignInMethod by) => by switch
    {
        SignInMethod.Link => "with a link for a new password",
        SignInMethod.SecondFactor => "with the second factor",
        _ => "with the password",
    };

    /// <summary>Ends the session of this browser.</summary>
    public async Task EndAsync(HttpContext http)
    {
        if (!TryReadKey(http, out var key)) return;

        await EndAsync("key_hash = @hash", statement => statement.Bind("hash", SHA256.HashData(key)), _ => "signed out", http.RequestAborted);
        http.Response.Cookies.Delete(Cookie, Options());
    }

    /// <summary>The sessions of a user, the one used last first.</summary>
    public Task<List<ListedUserSession>> ListAsync(HttpContext http, long userId)
    {
        var own = HashOf(http);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return store.Main.ReadAsync(
            session => session.Sql("select key_hash, browser, created_at, seen_at from visit where user_id = @user and seen_at > @oldest and created_at > @first order by seen_at desc, created_at desc")
                .Bind("user", userId).Bind("oldest", OldestOf(now)).Bind("first", FirstOf(now))
                .ListAsync(
                    row => new ListedUserSession(
                        Convert.ToHexStringLower(row.GetBytes(0)), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)),
                        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), row.GetBytes(0).AsSpan().SequenceEqual(own)),
                    http.RequestAborted),
            http.RequestAborted);
    }

    /// <summary>Ends a session of a user; nobody else's.</summary>
    public Task<int> EndAsync(long userId, string id, CancellationToken stop)
    {
        if (id.Length != 2 * SHA256.HashSizeInBytes || !id.All(char.IsAsciiHexDigit)) return Task.FromResult(0);

        return EndAsync("key_hash = @hash and user_id = @user", statement => statement.Bind("hash", Convert.FromHexString(id)).Bind("user", userId), _ => "signed another browser out", stop,
            session => AccountLock.HoldAsync(session, AccountKind.User, userId, stop));
    }

    /// <summary>Ends all sessions of a user but the one that asks, whose browser alone stays known.</summary>
    public Task<int> EndOthersAsync(HttpContext http, long userId) => EndAsync(
        "user_id = @user and key_hash <> @own", statement => statement.Bind("user", userId).Bind("own", HashOf(http)),
        many => string.Create(CultureInfo.InvariantCulture, $"signed {many} other {(many == 1 ? "browser" : "browsers")} out"), http.RequestAborted,
        async session =>
        {
            await AccountLock.HoldAsync(session, AccountKind.User, userId, http.RequestAborted);
            await KnownBrowsers.ForgetOthersAsync(session, http, AccountKind.User, userId);
        });

    // Of one user, who ends them: a sender's owners read it, and the log has it.
    private async Task<int> EndAsync(string which, Func<Statement, Statement> bind, Func<int, string> what, CancellationToken stop, Func<Session, Task>? before = null)
    {
        var users = await store.Main.WriteAsync(
            async session =>
            {
                if (before is not null) await before(session);
                var ended = await bind(session.Sql($"delete from visit where {which} returning user_id")).ListAsync(row => row.GetInt64(0), stop);
                if (ended.Count > 0) await audit.WriteOwnAsync(session, ended[0], AuditAction.Changed, what(ended.Count), stop, onlySenders: true);
                return ended;
            },
            stop);
        if (users.Count > 0) EndedSessions.OfUser(log, users[0], users.Count);
        return users.Count;
    }

    public Task<int> PurgeAsync(CancellationToken stop)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return store.Main.WriteAsync(
            session => session.Sql("delete from visit where seen_at <= @oldest or created_at <= @first").Bind("oldest", OldestOf(now)).Bind("first", FirstOf(now)).RunAsync(stop), stop);
    }

    private static long OldestOf(long now) => now - (long)s_lifetime.TotalMilliseconds;

    private static long FirstOf(long now) => now - (long)s_longest.TotalMilliseconds;

    private Task<Seen?> FindAsync(byte[] key, long now, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            $"""
            select a.id, a.screen_name, a.name, a.language, v.seen_at, case when {OwesNothing} then 0 else 1 end, case when v.created_at > @linked then v.by_link else 0 end
            from visit v join account a on a.id = v.user_id
            where v.key_hash = @hash and v.seen_at > @oldest and v.created_at > @first and a.suspended_at is null
            """)
            .Bind("hash", SHA256.HashData(key)).Bind("oldest", OldestOf(now)).Bind("first", FirstOf(now)).Bind("linked", now - (long)s_linkCounts.TotalMilliseconds).Bind("senders", settings.SignIn.SendersNeedFactor ? 1L : 0L)
            .FirstAsync(row => new Seen(new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.TextOrNull(3), row.Flag(6)), row.GetInt64(4), row.Flag(5)), stop),
        stop);

    // The two weeks begin again, for the row and for the cookie.
    private async Task NoteAsync(HttpContext http, byte[] key, long now)
    {
        try
        {
            await store.Main.WriteAsync(
                session => session.Sql("update visit set seen_at = @now where key_hash = @hash")
                    .Bind("now", now).Bind("hash", SHA256.HashData(key)).RunAsync(http.RequestAborted),
                http.RequestAborted);
            SetCookie(http, key);
        }
        catch (Exception error) when (store.Main.IsUnavailable(error))
        {
            // Pages are shown though it cannot be noted that someone is here.
        }
    }

    private static bool TryReadKey(HttpContext http, out byte[] key)
    {
        key = [];
        if (http.Request.Cookies[Cookie] is not { Length: > 0 and < 64 } text || !Base64Url.IsValid(text, out var length) || length != KeyLength) return false;

        key = Base64Url.DecodeFromChars(text);
        return true;
    }

    private static void SetCookie(HttpContext http, byte[] key)
    {
        var options = Options();
        options.MaxAge = s_lifetime;
        http.Response.Cookies.Append(Cookie, Base64Url.EncodeToString(key), options);
    }

    // Secure always: browsers keep such a cookie from loopback without TLS too, and nowhere else should one travel in clear.
    private static CookieOptions Options() => new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, Path = "/" };

    private sealed record Seen(SignedInUser Who, long At, bool Owes);
}
