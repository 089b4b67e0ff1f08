using System.Buffers.Text;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Console.Authentication;

/// <summary>A browser that is signed in, or half.</summary>
/// <param name="Member">Whose.</param>
/// <param name="Stage"><see cref="SignInState.PasswordChecked"/> while the second factor is owed, else <see cref="SignInState.SignedIn"/>.</param>
/// <param name="HasSecondFactor">Whether the person has one to show.</param>
/// <param name="ByLink">Whether it began within the last hour with a link that was mailed or passed on, which may set up the first second factor of a person who needs one.</param>
internal sealed record ConsoleSession(Member Member, SignInState Stage, bool HasSecondFactor, bool ByLink)
{
    /// <summary>Hands a handler the session that the access check found.</summary>
    public static ValueTask<ConsoleSession?> BindAsync(HttpContext http, ParameterInfo parameter) => ValueTask.FromResult(http.Features.Get<ConsoleSession>());
}

/// <summary>A browser as the account page lists it.</summary>
public sealed record ListedSession(long Id, string Browser, DateTimeOffset BeganAt, DateTimeOffset SeenAt);

/// <summary>Which browsers a person is signed in with. Read from the store at every request: what ends, ends at once and on every node.</summary>
internal sealed class ConsoleSessions(Store store, Settings settings, AuditLog audit, TimeProvider clock, ILogger<ConsoleSessions> log)
{
    public const string Cookie = "__Host-afterword-console";

    /// <summary>The header of what a page's script asks for while nobody may be sitting there.</summary>
    public const string ByItself = "Afterword-By-Itself";

    /// <summary>Nobody stays signed in for longer than a working day.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);

    /// <summary>A browser that nobody uses is forgotten.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(30);

    private const int KeyLength = 20;
    private static readonly TimeSpan s_noteEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_linkCounts = TimeSpan.FromHours(1);

    /// <summary>Who sits at this browser; null when nobody does.</summary>
    public async Task<ConsoleSession?> WhoAsync(HttpContext http)
    {
        if (!TryReadKey(http, out var key)) return null;

        var now = Now;
        if (await FindAsync(SHA256.HashData(key), now, http.RequestAborted) is not { } foundSession) return null;
        if (!IsByItself(http.Request) && foundSession.SeenAt <= now - (long)s_noteEvery.TotalMilliseconds) await NoteAsync(foundSession.Session.Member.SessionId, now, http.RequestAborted);
        return foundSession.Session;
    }

    /// <summary>Whether the membership still holds, for an answer that goes on for long: nothing is noted.</summary>
    public async Task<bool> IsStillAsync(HttpContext http, Membership membership) =>
        TryReadKey(http, out var key) && await FindAsync(SHA256.HashData(key), Now, http.RequestAborted) is { } foundSession
        && foundSession.Session.Stage == SignInState.SignedIn && foundSession.Session.Member.Id == membership.Member.Id && foundSession.Session.Member.Workspaces.Contains(membership.Workspace);

    /// <summary>Signs the person in with a key of its own: one that came along, and may be known to others, is never taken over.</summary>
    /// <param name="http">The request.</param>
    /// <param name="personId">The person, who still owes the second factor.</param>
    /// <param name="passwordHash">The stored hash of the password that the person showed or set.</param>
    /// <param name="byLink">Whether it was set behind a link.</param>
    /// <returns>False when the person has another password meanwhile.</returns>
    public Task<bool> BeginAsync(HttpContext http, long personId, string passwordHash, bool byLink = false) => BeginAsync(
        http, personId, SignInState.PasswordChecked, byLink, async session =>
        {
            if (!await AccountLock.HoldAsync(session, AccountKind.Person, personId, passwordHash, http.RequestAborted)) return false;

            if (TryReadKey(http, out var old)) await session.Sql("delete from console_session where key_hash = @hash").Bind("hash", SHA256.HashData(old)).RunAsync(http.RequestAborted);

            // The page of the second factor leads on by itself where none is owed: this may be all that is shown.
            await audit.WritePersonAsync(session, personId, AuditAction.SignedIn, byLink ? "with a link to choose a password" : "with the password", http.RequestAborted);
            return true;
        });

    /// <summary>Goes on with a key of its own, after the second factor or a new password.</summary>
    /// <returns>False when the session at hand has ended meanwhile, as by a reset.</returns>
    public Task<bool> GoOnAsync(HttpContext http, Member member, SignInState stage) => BeginAsync(
        http, member.Id, stage, byLink: false, async session =>
        {
            await AccountLock.HoldAsync(session, AccountKind.Person, member.Id, http.RequestAborted);
            return 1 == await session.Sql("delete from console_session where id = @id and person_id = @person").Bind("id", member.SessionId).Bind("person", member.Id).RunAsync(http.RequestAborted);
        });

    private async Task<bool> BeginAsync(HttpContext http, long personId, SignInState stage, bool byLink, Func<Session, Task<bool>> mayBegin)
    {
        var key = await store.Main.WriteAsync(
            async session => await mayBegin(session) ? await AddAsync(session, personId, stage, BrowserNames.Read(http), byLink, http.RequestAborted) : null, http.RequestAborted);
        if (key is not null) SetCookie(http, key);
        return key is not null;
    }

    /// <summary>Makes a session and gives what its cookie holds.</summary>
    public async Task<string> AddAsync(Session session, long personId, SignInState stage, string browser, bool byLink, CancellationToken stop)
    {
        var key = RandomNumberGenerator.GetBytes(KeyLength);
        await session.Sql("insert into console_session (id, key_hash, person_id, stage, by_link, browser, created_at, seen_at) values (@id, @hash, @person, @stage, @link, @browser, @now, @now)")
            .Bind("id", store.Ids.Next()).Bind("hash", SHA256.HashData(key)).Bind("person", personId).Bind("stage", (long)stage).Bind("link", byLink ? 1L : 0L).Bind("browser", browser)
            .Bind("now", Now).RunAsync(stop);
        return Base64Url.EncodeToString(key);
    }

    /// <summary>Ends the session of this browser.</summary>
    public async Task EndAsync(HttpContext http, Member member)
    {
        await EndAsync(member, "id = @this", statement => statement.Bind("this", member.SessionId), _ => "signed out of the console", http.RequestAborted);
        http.Response.Cookies.Delete(Cookie, Options());
    }

    /// <summary>Whether one of the person's roles is not had with a password alone.</summary>
    public bool NeedsSecondFactor(Member member) => settings.Console.SecondFactorRequired && member.Workspaces.Any(workspace => workspace.Role.NeedsSecondFactor);

    /// <summary>The browsers that a person is signed in with, the one used last first.</summary>
    public Task<List<ListedSession>> ListAsync(long personId, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select id, browser, created_at, seen_at from console_session where person_id = @person and created_at > @oldest and seen_at > @idle order by seen_at desc, id")
            .Bind("person", personId).Bind("oldest", Now - (long)Lifetime.TotalMilliseconds).Bind("idle", Now - (long)Idle.TotalMilliseconds)
            .ListAsync(row => new ListedSession(row.GetInt64(0), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3))), stop),
        stop);

    /// <summary>Ends one of a person's sessions; nobody else's.</summary>
    public Task<int> EndAsync(Member member, long id, CancellationToken stop) =>
        EndAsync(member, "id = @id", statement => statement.Bind("id", id), _ => "signed another browser out of the console", stop);

    /// <summary>Ends all sessions of a person but the one at hand, whose browser alone stays known.</summary>
    public Task<int> EndOthersAsync(HttpContext http, Member member) => EndAsync(
        member, "id <> @this", statement => statement.Bind("this", member.SessionId),
        many => string.Create(CultureInfo.InvariantCulture, $"signed {many} other {(many == 1 ? "browser" : "browsers")} out of the console"), http.RequestAborted,
        session => KnownBrowsers.ForgetOthersAsync(session, http, AccountKind.Person, member.Id));

    // As the sign-in itself, it stands in the installation's audit log.
    private async Task<int> EndAsync(Member member, string which, Func<Statement, Statement> bind, Func<int, string> what, CancellationToken stop, Func<Session, Task>? before = null)
    {
        var ended = await store.Main.WriteAsync(
            async session =>
            {
                await AccountLock.HoldAsync(session, AccountKind.Person, member.Id, stop);
                if (before is not null) await before(session);
                var many = await bind(session.Sql($"delete from console_session where person_id = @person and {which}").Bind("person", member.Id)).RunAsync(stop);
                if (many > 0) await audit.WriteAsync(session, Workspace.Installation, member, AuditAction.Changed, what(many), stop);
                return many;
            },
            stop);
        if (ended > 0) EndedSessions.OfPerson(log, member.Id, ended);
        return ended;
    }

    public Task<int> PurgeAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("delete from console_session where created_at <= @oldest").Bind("oldest", Now - (long)Lifetime.TotalMilliseconds).RunAsync(stop), stop);

    // A page that keeps itself up to date must not keep its reader signed in: an Overview on a screen would never be idle.
    private static bool IsByItself(HttpRequest request) => request.Headers.ContainsKey(ByItself) || request.Headers.Accept == "text/event-stream";

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private Task<FoundSession?> FindAsync(byte[] hash, long now, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var workspaces = new List<Workspace>();
            var foundSession = await session.Sql(
                """
                select p.id, p.mail, p.name, s.id, s.stage, s.seen_at,
                    case when p.totp_secret is not null or exists (select 1 from passkey k where k.person_id = p.id) then 1 else 0 end,
                    case when s.created_at > @linked then s.by_link else 0 end, p.time_zone
                from console_session s join person p on p.id = s.person_id
                where s.key_hash = @hash and s.created_at > @oldest and s.seen_at > @idle
                """)
                .Bind("hash", hash).Bind("oldest", now - (long)Lifetime.TotalMilliseconds).Bind("idle", now - (long)Idle.TotalMilliseconds)
                .Bind("linked", now - (long)s_linkCounts.TotalMilliseconds)
                .FirstAsync(
                    row => new FoundSession(new(new Member(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), workspaces) { TimeZone = row.TextOrNull(8) }, (SignInState)row.GetInt32(4), row.Flag(6), row.Flag(7)), row.GetInt64(5)), stop);
            if (foundSession is null) return null;

            workspaces.AddRange(await PlacesAsync(session, foundSession.Session.Member.Id, stop));
            return foundSession with { Session = foundSession.Session with { Stage = StageOf(foundSession.Session) } };
        },
        stop);

    // Judged anew each time: who gets a higher role while signed in by password alone owes the second factor from then on.
    private SignInState StageOf(ConsoleSession session) => session.HasSecondFactor || NeedsSecondFactor(session.Member) ? session.Stage : SignInState.SignedIn;

    private static Task<List<Workspace>> PlacesAsync(Session session, long personId, CancellationToken stop) => session.Sql(
        """
        select r.sender_id, coalesce(a.screen_name, ''), coalesce(a.name, ''), r.role
        from person_role r left join account a on a.id = r.sender_id
        where r.person_id = @person and (r.sender_id = 0 or a.id is not null)
        order by a.screen_name_key
        """)
        .Bind("person", personId).ListAsync(row => new Workspace(row.GetInt64(0), row.GetString(1), row.GetString(2), (Role)row.GetInt32(3)), stop);

    // A page is shown though that cannot be noted: on a full disk, operators look here for what is wrong.
    private async Task NoteAsync(long id, long now, CancellationToken stop)
    {
        try
        {
            await store.Main.WriteAsync(session => session.Sql("update console_session set seen_at = @now where id = @id").Bind("now", now).Bind("id", id).RunAsync(stop), stop);
        }
        catch (Exception error) when (store.Main.IsUnavailable(error))
        {
            // The session ends half an hour after what was noted last.
        }
    }

    private static bool TryReadKey(HttpContext http, out byte[] key)
    {
        key = [];
        if (http.Request.Cookies[Cookie] is not { Length: > 0 and < 64 } text || !Base64Url.IsValid(text, out var length) || length != KeyLength) return false;

        key = Base64Url.DecodeFromChars(text);
        return true;
    }

    // A cookie of the browser's session: it ends with the browser, and the row ends it anyway.
    private static void SetCookie(HttpContext http, string key) => http.Response.Cookies.Append(Cookie, key, Options());

    // Secure always: browsers keep such a cookie from loopback without TLS too, and nowhere else should one travel in clear.
    private static CookieOptions Options() => new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, Path = "/" };

    private sealed record FoundSession(ConsoleSession Session, long SeenAt);
}
