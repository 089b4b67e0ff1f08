using System.Buffers.Text;
using System.Security.Cryptography;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.SignIn;

/// <summary>Whose account something belongs to. The numbers are stored.</summary>
internal enum AccountKind
{
    User = 1,
    Person = 2,
}

/// <summary>
/// Browsers in which someone signed in before. Their wrong passwords are counted by themselves, so that a stranger who keeps an
/// account locked, or fills the line, does not hold up its owner. A browser that guesses is treated as any other until its own
/// lock ends.
/// </summary>
internal sealed class KnownBrowsers(Store store, Settings settings, TimeProvider clock)
{
    public const string Cookie = "__Host-afterword-browser";
    private const int KeyLength = 20;
    private const string Row = "key_hash = @hash and kind = @kind and owner_id = @owner";
    private static readonly TimeSpan s_lifetime = TimeSpan.FromDays(365);

    /// <summary>Whether this account was signed in to in this browser, and the browser may still try.</summary>
    public async Task<bool> IsKnownAsync(HttpContext http, AccountKind kind, long ownerId) => HashOf(http) is { } hash && await store.Main.ReadAsync(
        session => session.Sql($"select 1 from known_browser where {Row} and seen_at > @oldest and {GuessCounter.IsOpen}")
            .Bind("hash", hash).Bind("kind", (long)kind).Bind("owner", ownerId).Bind("oldest", Oldest).Bind("now", Now).FirstAsync(_ => true, http.RequestAborted),
        http.RequestAborted);

    /// <summary>Counts a guess against the browser, in place of the account, also when whoever guesses hangs up meanwhile.</summary>
    /// <returns>False when the browser has used up its own.</returns>
    public async Task<bool> ClaimAsync(HttpContext http, AccountKind kind, long ownerId) => HashOf(http) is { } hash && 1 == await store.Main.WriteAsync(
        session => session.Sql($"update known_browser set {GuessCounter.Counted} where {Row} and {GuessCounter.IsOpen}")
            .Bind("hash", hash).Bind("kind", (long)kind).Bind("owner", ownerId).BindGuess(settings, clock).RunAsync(CancellationToken.None),
        CancellationToken.None);

    /// <summary>Keeps in mind that the account's owner was at this browser, and forgives what was typed wrongly there.</summary>
    /// <param name="http">The request.</param>
    /// <param name="kind">Whose account.</param>
    /// <param name="ownerId">Which one.</param>
    /// <param name="passwordHash">The stored hash of the password that the owner showed or set.</param>
    /// <returns>False when the account has another password meanwhile.</returns>
    public async Task<bool> RememberAsync(HttpContext http, AccountKind kind, long ownerId, string passwordHash)
    {
        var (old, key, stop) = (HashOf(http), RandomNumberGenerator.GetBytes(KeyLength), http.RequestAborted);
        var isNew = await store.Main.WriteAsync(
            async session =>
            {
                if (!await AccountLock.HoldAsync(session, kind, ownerId, passwordHash, stop)) return (bool?)null;
                if (old is not null && 1 == await session.Sql($"update known_browser set failed_sign_ins = 0, locked_until = null, seen_at = @now where {Row}")
                    .Bind("now", Now).Bind("hash", old).Bind("kind", (long)kind).Bind("owner", ownerId).RunAsync(stop)) return false;

                // A key that came along, and may be known to others, is never taken over; what it stands for moves to the new one.
                if (old is not null) await session.Sql("update known_browser set key_hash = @new where key_hash = @old").Bind("new", SHA256.HashData(key)).Bind("old", old).RunAsync(stop);
                await session.Sql("insert into known_browser (key_hash, kind, owner_id, seen_at) values (@hash, @kind, @owner, @now)")
                    .Bind("hash", SHA256.HashData(key)).Bind("kind", (long)kind).Bind("owner", ownerId).Bind("now", Now).RunAsync(stop);
                return true;
            },
            stop);
        if (isNew is null) return false;

        var value = isNew.Value ? Base64Url.EncodeToString(key) : http.Request.Cookies[Cookie]!;

        // Secure always, as the cookie of a session is.
        http.Response.Cookies.Append(Cookie, value, new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, Path = "/", MaxAge = s_lifetime });
        return true;
    }

    /// <summary>Makes every browser of an account unknown again, after a reset.</summary>
    public static Task<int> ForgetAsync(Session session, AccountKind kind, long ownerId, CancellationToken stop) =>
        session.Sql("delete from known_browser where kind = @kind and owner_id = @owner").Bind("kind", (long)kind).Bind("owner", ownerId).RunAsync(stop);

    /// <summary>The same of every browser but the one at hand, when its owner ends what goes on elsewhere.</summary>
    public static Task<int> ForgetOthersAsync(Session session, HttpContext http, AccountKind kind, long ownerId) =>
        session.Sql("delete from known_browser where kind = @kind and owner_id = @owner and key_hash <> @own")
            .Bind("kind", (long)kind).Bind("owner", ownerId).Bind("own", HashOf(http) ?? []).RunAsync(http.RequestAborted);

    public Task<int> PurgeAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("delete from known_browser where seen_at <= @oldest").Bind("oldest", Oldest).RunAsync(stop), stop);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private long Oldest => Now - (long)s_lifetime.TotalMilliseconds;

    private static byte[]? HashOf(HttpContext http) =>
        http.Request.Cookies[Cookie] is { Length: > 0 and < 64 } text && Base64Url.IsValid(text, out var length) && length == KeyLength
            ? SHA256.HashData(Base64Url.DecodeFromChars(text)) : null;
}
