using System.Buffers.Text;
using System.Security.Cryptography;
using Afterword.Server.Storage;

namespace Afterword.Server.SignIn;

/// <summary>A link that was used up.</summary>
/// <param name="OwnerId">Whose it was.</param>
/// <param name="DropsFactor">Whether the second factor goes with the old password.</param>
internal sealed record UsedLink(long OwnerId, bool DropsFactor);

/// <summary>Links with which those who forgot a password choose a new one. Each is good for once; the store has its hash.</summary>
internal sealed class ResetLinks(Store store, TimeProvider clock)
{
    /// <summary>How long a link in an email holds.</summary>
    public static readonly TimeSpan Mailed = TimeSpan.FromMinutes(30);

    /// <summary>How long one holds that an operator passes on, which takes longer.</summary>
    public static readonly TimeSpan PassedOn = TimeSpan.FromHours(24);

    private const int KeyLength = 20;
    private const int MostMailed = 3;

    // Whoever asks again and again for someone else fills no mailbox, and ends no link: the oldest has ended by itself when there is one too many.
    private static readonly TimeSpan s_quiet = Mailed / MostMailed;

    /// <summary>Makes a link to be mailed, beside those made before: a stranger who asks for one ends nobody's. Hold the account first.</summary>
    /// <returns>Its key; null when one was mailed within the last minutes.</returns>
    public async Task<string?> IssueAsync(Session session, AccountKind kind, long ownerId, CancellationToken stop) =>
        await session.Sql("select 1 from reset_link where kind = @kind and owner_id = @owner and passed_on = 0 and created_at > @recent limit 1")
            .Bind("kind", (long)kind).Bind("owner", ownerId).Bind("recent", Now - (long)s_quiet.TotalMilliseconds).FirstAsync(_ => true, stop)
            ? null : await AddAsync(session, kind, ownerId, Mailed, passedOn: false, dropsFactor: false, stop);

    /// <summary>Makes a link that an operator passes on, in place of those made before.</summary>
    /// <returns>Its key.</returns>
    public async Task<string> PassOnAsync(Session session, AccountKind kind, long ownerId, bool dropsFactor, CancellationToken stop)
    {
        await AccountLock.HoldAsync(session, kind, ownerId, stop);
        await ForgetAsync(session, kind, ownerId, stop);
        return await AddAsync(session, kind, ownerId, PassedOn, passedOn: true, dropsFactor, stop);
    }

    /// <summary>Whose link it is; null when it is used, too old, or none.</summary>
    public async Task<long?> FindAsync(AccountKind kind, string key, CancellationToken stop) => HashOf(key) is not { } hash ? null : await store.Main.ReadAsync(
        session => session.Sql("select owner_id from reset_link where key_hash = @hash and kind = @kind and ends_at > @now")
            .Bind("hash", hash).Bind("kind", (long)kind).Bind("now", Now).FirstAsync(row => (long?)row.GetInt64(0), stop),
        stop);

    /// <summary>Uses a link up, and all others of its owner with it. Of racing browsers one gets the owner, who is held from then on.</summary>
    public async Task<UsedLink?> TakeAsync(Session session, AccountKind kind, string key, CancellationToken stop)
    {
        if (HashOf(key) is not { } hash) return null;

        var owner = await session.Sql("select owner_id from reset_link where key_hash = @hash and kind = @kind").Bind("hash", hash).Bind("kind", (long)kind).FirstAsync(row => (long?)row.GetInt64(0), stop);
        if (owner is null) return null;

        await AccountLock.HoldAsync(session, kind, owner.Value, stop);
        var ended = await session.Sql(
            """
            delete from reset_link where kind = @kind and owner_id = (select owner_id from reset_link where key_hash = @hash and kind = @kind and ends_at > @now)
            returning key_hash, owner_id, drops_factor
            """)
            .Bind("hash", hash).Bind("kind", (long)kind).Bind("now", Now).ListAsync(row => (Hash: row.GetBytes(0), Link: new UsedLink(row.GetInt64(1), row.Flag(2))), stop);

        // Someone may have been faster, with this link or another one.
        return ended.Find(one => one.Hash.AsSpan().SequenceEqual(hash)).Link;
    }

    public static Task<int> ForgetAsync(Session session, AccountKind kind, long ownerId, CancellationToken stop) =>
        session.Sql("delete from reset_link where kind = @kind and owner_id = @owner").Bind("kind", (long)kind).Bind("owner", ownerId).RunAsync(stop);

    public Task<int> PurgeAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("delete from reset_link where ends_at <= @now").Bind("now", Now).RunAsync(stop), stop);

    private async Task<string> AddAsync(Session session, AccountKind kind, long ownerId, TimeSpan lifetime, bool passedOn, bool dropsFactor, CancellationToken stop)
    {
        var key = RandomNumberGenerator.GetBytes(KeyLength);
        await session.Sql("insert into reset_link (key_hash, kind, owner_id, created_at, ends_at, passed_on, drops_factor) values (@hash, @kind, @owner, @now, @ends, @passed, @drops)")
            .Bind("hash", SHA256.HashData(key)).Bind("kind", (long)kind).Bind("owner", ownerId).Bind("now", Now).Bind("ends", Now + (long)lifetime.TotalMilliseconds)
            .Bind("passed", passedOn ? 1L : 0L).Bind("drops", dropsFactor ? 1L : 0L).RunAsync(stop);
        return Base64Url.EncodeToString(key);
    }

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static byte[]? HashOf(string key) =>
        key.Length < 64 && Base64Url.IsValid(key, out var length) && length == KeyLength ? SHA256.HashData(Base64Url.DecodeFromChars(key)) : null;
}
