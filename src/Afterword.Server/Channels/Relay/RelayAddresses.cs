using System.Text;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels.Relay;

/// <summary>Where a sender takes its requests over, as operators see it.</summary>
internal sealed record RelayAddress(string ScreenName, string Url, bool HasBasic);

/// <summary>The addresses at which senders take over what they bring to their customers themselves: at most one for each.</summary>
internal sealed class RelayAddresses(Store store, TimeProvider clock)
{
    /// <summary>Sets a sender's address. One that was there before is replaced, secret and all; what waits goes to the new one.</summary>
    /// <param name="sender">Whose requests.</param>
    /// <param name="url">Checked by <see cref="WebhookUrl"/>.</param>
    /// <param name="basic">Credentials as <c>user:password</c>, or null.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The secret, which is told once.</returns>
    public Task<RotateSecret> SetAsync(long sender, Uri url, string? basic, CancellationToken stop) => store.Main.WriteAsync(session => SetAsync(session, sender, url, basic, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public async Task<RotateSecret> SetAsync(Session session, long sender, Uri url, string? basic, CancellationToken stop)
    {
        var secret = RotateSecret.New();
        await session.Sql(
            """
            insert into handover (sender_id, id, url, secret, basic, added_at) values (@sender, @id, @url, @secret, @basic, @now)
            on conflict (sender_id) do update set id = excluded.id, url = excluded.url, secret = excluded.secret, basic = excluded.basic, added_at = excluded.added_at
            """)
            .Bind("sender", sender).Bind("id", store.Ids.Next()).Bind("url", url.AbsoluteUri).Bind("secret", store.Secrets.Protect(secret.Key))
            .Bind("basic", basic is null ? null : store.Secrets.Protect(Encoding.UTF8.GetBytes(basic))).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(stop);
        return secret;
    }

    /// <returns>False when there was none.</returns>
    public async Task<bool> RemoveAsync(long sender, CancellationToken stop) => 1 == await store.Main.WriteAsync(session => RemoveAsync(session, sender, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public static Task<int> RemoveAsync(Session session, long sender, CancellationToken stop) => session.Sql("delete from handover where sender_id = @sender").Bind("sender", sender).RunAsync(stop);

    /// <summary>Where one sender takes its requests over; null when it does not.</summary>
    public Task<RelayAddress?> OfAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select a.screen_name, h.url, h.basic from handover h join account a on a.id = h.sender_id where h.sender_id = @sender").Bind("sender", sender)
            .FirstAsync(row => new RelayAddress(row.GetString(0), row.GetString(1), !row.IsDBNull(2)), stop),
        stop);

    public Task<List<RelayAddress>> ListAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select a.screen_name, h.url, h.basic from handover h join account a on a.id = h.sender_id order by a.screen_name_key")
            .ListAsync(row => new RelayAddress(row.GetString(0), row.GetString(1), !row.IsDBNull(2)), stop),
        stop);

    /// <summary>How to reach a sender's address, unsealed; null when there is none.</summary>
    public async Task<WebhookTarget?> TargetAsync(long sender, CancellationToken stop)
    {
        var found = await store.Main.ReadAsync(
            session => session.Sql("select id, url, basic, secret from handover where sender_id = @sender").Bind("sender", sender)
                .FirstAsync(row => (Id: row.GetInt64(0), Url: row.GetString(1), Basic: row.BytesOrNull(2), Secret: row.GetBytes(3)), stop),
            stop);
        return found.Url is null ? null : WebhookTarget.Unseal(store.Secrets, new(sender, found.Id), found.Url, found.Basic, [found.Secret]);
    }
}
