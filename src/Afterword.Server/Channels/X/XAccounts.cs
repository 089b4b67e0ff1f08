using Afterword.Server.Storage;

namespace Afterword.Server.Channels.X;

/// <summary>A sender's user at X as operators see it: without its keys.</summary>
internal sealed record ListedXAccount(string ScreenName, string Url);

/// <summary>As whom senders write at X: one user for each at most.</summary>
internal sealed class XAccounts(Store store, TimeProvider clock)
{
    /// <summary>Sets as whom a sender writes. What was there before is replaced.</summary>
    public Task SetAsync(long sender, XAccount account, CancellationToken stop) => store.Main.WriteAsync(session => SetAsync(session, sender, account, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public Task<int> SetAsync(Session session, long sender, XAccount account, CancellationToken stop) => session.Sql(
        """
        insert into x_account (sender_id, url, keys, added_at) values (@sender, @url, @keys, @now)
        on conflict (sender_id) do update set url = excluded.url, keys = excluded.keys, added_at = excluded.added_at, held_until = 0
        """)
        .Bind("sender", sender).Bind("url", account.Url.AbsoluteUri).Bind("keys", account.Seal(store.Secrets)).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(stop);

    /// <returns>False when there was none.</returns>
    public async Task<bool> RemoveAsync(long sender, CancellationToken stop) => 1 == await store.Main.WriteAsync(session => RemoveAsync(session, sender, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public static Task<int> RemoveAsync(Session session, long sender, CancellationToken stop) => session.Sql("delete from x_account where sender_id = @sender").Bind("sender", sender).RunAsync(stop);

    public Task<bool> HasAsync(long sender, CancellationToken stop) =>
        store.Main.ReadAsync(session => session.Sql("select 1 from x_account where sender_id = @sender").Bind("sender", sender).FirstAsync(_ => true, stop), stop);

    public Task<List<ListedXAccount>> ListAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select a.screen_name, x.url from x_account x join account a on a.id = x.sender_id order by a.screen_name_key")
            .ListAsync(row => new ListedXAccount(row.GetString(0), row.GetString(1)), stop),
        stop);

    /// <summary>As whom a sender writes, unsealed; null when there is none.</summary>
    public async Task<XAccount?> FindAsync(long sender, CancellationToken stop)
    {
        var found = await store.Main.ReadAsync(
            session => session.Sql("select url, keys from x_account where sender_id = @sender").Bind("sender", sender).FirstAsync(row => (Url: row.GetString(0), Keys: row.GetBytes(1)), stop), stop);
        return found.Url is null ? null : XAccount.Unseal(store.Secrets, found.Url, found.Keys);
    }
}
