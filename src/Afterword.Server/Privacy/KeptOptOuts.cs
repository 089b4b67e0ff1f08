using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.Privacy;

/// <summary>Whom a person who is gone did not want to be asked by: under keyed hashes of their handle and address, so that they are not asked again when a list or a helpdesk brings them back.</summary>
/// <remarks>Without the key, which is sealed, nobody can try addresses out.</remarks>
internal sealed class KeptOptOuts(Store store)
{
    private const int KeyLength = 32;

    /// <summary>Keeps what a person said, in the transaction that takes their handle and address away.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="user">Whose contacts count: those are of both sides.</param>
    /// <param name="account">What they had.</param>
    /// <param name="contacts">What they are to senders.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="stop">Gives up.</param>
    public async Task KeepAsync(Session session, long user, FoundUser account, IReadOnlyList<FoundContact> contacts, long now, CancellationToken stop)
    {
        // Who blocks a sender is not asked by it either.
        var said = contacts.Where(contact => contact.UserId == user && (contact.OptedOutAt is not null || contact.Blocks)).ToArray();
        if (said.Length == 0) return;

        var key = await KeyAsync(session, stop);
        await session.EachAsync(
            [
                new(
                    """
                    insert into kept_opt_out (sender_id, hash, opted_out_at) select sender_id, hash, opted_out_at from {rows} where true
                    on conflict (sender_id, hash) do nothing
                    """,
                    Rows.Of([.. said.SelectMany(_ => HashesOf(key, account.ScreenName, account.Email), (contact, hash) => (contact, hash))])
                        .Long("sender_id", one => one.contact.SenderId).Bytes("hash", one => one.hash).Long("opted_out_at", one => one.contact.OptedOutAt ?? now),
                    null),
            ],
            stop);
    }

    /// <summary>Gives new accounts, and those with a new address, what a person of that name or address said before they were erased.</summary>
    public async Task ApplyAsync(Session session, IReadOnlyList<(string ScreenName, string? Mail)> accounts, CancellationToken stop)
    {
        if (await FindKeyAsync(session, stop) is not { } key) return;

        var hashes = accounts.SelectMany(account => HashesOf(key, account.ScreenName, account.Mail), (account, hash) => (ScreenName: UserAccounts.Key(account.ScreenName), Hash: hash)).ToArray();
        await session.EachAsync(
            [
                new(
                    """
                    insert into contact (sender_id, user_id, opted_out_at)
                    select k.sender_id, a.id, max(k.opted_out_at) from {rows}
                    join kept_opt_out k on k.hash = item.hash join account a on a.screen_name_key = item.screen_name
                    where k.sender_id <> a.id
                    group by k.sender_id, a.id
                    on conflict (sender_id, user_id) do update set opted_out_at = coalesce(contact.opted_out_at, excluded.opted_out_at)
                    """,
                    Rows.Of(hashes).Text("screen_name", one => one.ScreenName).Bytes("hash", one => one.Hash), null),
            ],
            stop);
    }

    /// <summary>The hash under which whoever had a handle is found again.</summary>
    /// <returns>Null before the first person was erased.</returns>
    public async Task<byte[]?> FindHashAsync(Session session, string screenName, CancellationToken stop) =>
        await FindKeyAsync(session, stop) is { } key ? HashOf(key, $"handle {UserAccounts.Key(screenName)}") : null;

    /// <summary>The same, and makes the key when there is none.</summary>
    public async Task<byte[]> HashAsync(Session session, string screenName, CancellationToken stop) => HashOf(await KeyAsync(session, stop), $"handle {UserAccounts.Key(screenName)}");

    private static IEnumerable<byte[]> HashesOf(byte[] key, string screenName, string? email) =>
    [
        HashOf(key, $"handle {UserAccounts.Key(screenName)}"),
        .. email is null ? (byte[][])[] : [HashOf(key, $"mail {email.ToLowerInvariant()}")],
    ];

    private static byte[] HashOf(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private async Task<byte[]> KeyAsync(Session session, CancellationToken stop)
    {
        if (await FindKeyAsync(session, stop) is { } known) return known;

        await session.Sql("insert into privacy_key (id, key) values (1, @key) on conflict (id) do nothing").Bind("key", store.Secrets.Protect(RandomNumberGenerator.GetBytes(KeyLength))).RunAsync(stop);

        // Another node may have been faster.
        return (await FindKeyAsync(session, stop))!;
    }

    private async Task<byte[]?> FindKeyAsync(Session session, CancellationToken stop) =>
        await session.Sql("select key from privacy_key where id = 1").FirstAsync(row => row.GetBytes(0), stop) is { } found ? store.Secrets.Unprotect(found) : null;
}
