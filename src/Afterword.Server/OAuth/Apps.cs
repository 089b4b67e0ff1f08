using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Storage;

namespace Afterword.Server.OAuth;

/// <summary>An app as its owner gets to see it, once.</summary>
internal sealed record NewApp(string ConsumerKey, string ConsumerSecret, string Name, IReadOnlyList<string> Callbacks);

/// <summary>An app as an operator sees it: without its secret.</summary>
internal sealed record ListedApp(string ConsumerKey, string Name, IReadOnlyList<string> Callbacks, bool Allowed, bool Suspended);

/// <summary>An access token with its secret.</summary>
internal sealed record NewToken(string Token, string TokenSecret);

/// <summary>An app that a user let in.</summary>
/// <param name="IsAllowed">Whether it may use the feedback API.</param>
internal sealed record ApprovedApp(long Id, string Name, Permission Permission, DateTimeOffset Since, bool IsAllowed);

/// <summary>Apps and the tokens that users gave them.</summary>
internal sealed class Apps(Store store, TimeProvider clock)
{
    /// <param name="name">What users read on the authorize page.</param>
    /// <param name="callbacks">Absolute addresses, none with a newline.</param>
    /// <param name="stop">Gives up.</param>
    public Task<NewApp> AddAsync(string name, IReadOnlyList<string> callbacks, CancellationToken stop) =>
        store.Main.WriteAsync(session => AddAsync(session, name, callbacks, allowed: false, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public async Task<NewApp> AddAsync(Session session, string name, IReadOnlyList<string> callbacks, bool allowed, CancellationToken stop)
    {
        var app = new NewApp(Random(18), Random(36), name, callbacks);
        await session.Sql(
            """
            insert into app (id, consumer_key, consumer_secret, name, callbacks, allowed, created_at)
            values (@id, @key, @secret, @name, @callbacks, @allowed, @now)
            """)
            .Bind("id", store.Ids.Next()).Bind("key", app.ConsumerKey).Bind("secret", store.Secrets.Protect(Encoding.UTF8.GetBytes(app.ConsumerSecret))).Bind("name", name)
            .Bind("callbacks", string.Join('\n', callbacks)).Bind("allowed", allowed ? 1L : 0L).Bind("now", Now).RunAsync(stop);
        return app;
    }

    public Task<List<ListedApp>> ListAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select consumer_key, name, callbacks, allowed, suspended_at from app order by id").ListAsync(
            row => new ListedApp(
                row.GetString(0), row.GetString(1), SplitCallbacks(row.GetString(2)), row.Flag(3), !row.IsDBNull(4)),
            stop),
        stop);

    /// <summary>Callbacks are kept in one text, a line each.</summary>
    public static string[] SplitCallbacks(string callbacks) => callbacks.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <returns>False when there is no such app.</returns>
    public async Task<bool> AllowAsync(string consumerKey, bool allowed, CancellationToken stop) => 1 == await store.Main.WriteAsync(session => AllowAsync(session, consumerKey, allowed, stop), stop);

    /// <returns>1, or 0 when there is no such app.</returns>
    public static Task<int> AllowAsync(Session session, string consumerKey, bool allowed, CancellationToken stop) =>
        session.Sql("update app set allowed = @allowed where consumer_key = @key").Bind("allowed", allowed ? 1L : 0L).Bind("key", consumerKey).RunAsync(stop);

    /// <returns>False when there is no such app.</returns>
    public async Task<bool> SuspendAsync(string consumerKey, bool suspended, CancellationToken stop) =>
        1 == await store.Main.WriteAsync(session => SuspendAsync(session, consumerKey, suspended, stop), stop);

    /// <returns>1, or 0 when there is no such app.</returns>
    public Task<int> SuspendAsync(Session session, string consumerKey, bool suspended, CancellationToken stop) =>
        session.Sql("update app set suspended_at = case when @suspended = 1 then @now end where consumer_key = @key")
            .Bind("suspended", suspended ? 1L : 0L).Bind("now", Now).Bind("key", consumerKey).RunAsync(stop);

    /// <summary>Gives an app a new secret. The old one goes on working for a while; one that was older ends.</summary>
    /// <returns>The new secret, which is told once; null when there is no such app.</returns>
    public Task<string?> RotateSecretAsync(string consumerKey, TimeSpan overlap, CancellationToken stop) =>
        store.Main.WriteAsync(session => RotateSecretAsync(session, consumerKey, overlap, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public async Task<string?> RotateSecretAsync(Session session, string consumerKey, TimeSpan overlap, CancellationToken stop)
    {
        var secret = Random(36);
        var rotated = await session.Sql("update app set old_secret = consumer_secret, old_secret_until = @until, consumer_secret = @secret where consumer_key = @key")
            .Bind("until", Now + (long)overlap.TotalMilliseconds).Bind("secret", store.Secrets.Protect(Encoding.UTF8.GetBytes(secret))).Bind("key", consumerKey).RunAsync(stop);
        return rotated == 1 ? secret : null;
    }

    /// <summary>Forgets old secrets that no longer work.</summary>
    public Task<int> PurgeAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("update app set old_secret = null, old_secret_until = null where old_secret_until <= @now").Bind("now", Now).RunAsync(stop), stop);

    /// <summary>Makes a token for a user without the browser.</summary>
    /// <returns>The token, or null when there is no such app.</returns>
    public Task<NewToken?> IssueTokenAsync(string consumerKey, long userId, Permission permission, CancellationToken stop) =>
        store.Main.WriteAsync(session => IssueTokenAsync(session, consumerKey, userId, permission, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public async Task<NewToken?> IssueTokenAsync(Session session, string consumerKey, long userId, Permission permission, CancellationToken stop)
    {
        var app = await session.Sql("select id from app where consumer_key = @key").Bind("key", consumerKey).FirstAsync(row => (long?)row.GetInt64(0), stop);
        return app is null ? null : await AddTokenAsync(session, app.Value, userId, permission, stop);
    }

    /// <summary>Gives the token that the user granted the app before with the same permission, else a new one.</summary>
    /// <remarks>A client that signs its user in each day would otherwise leave a token behind each day.</remarks>
    public async Task<NewToken> GrantTokenAsync(Session session, long appId, long userId, Permission permission, CancellationToken stop) =>
        await session.Sql(
            """
            select token, secret from access_token
            where user_id = @user and app_id = @app and permission = @permission and revoked_at is null
            order by created_at, token limit 1
            """)
            .Bind("user", userId).Bind("app", appId).Bind("permission", (long)permission)
            .FirstAsync(row => new NewToken(row.GetString(0), Encoding.UTF8.GetString(store.Secrets.Unprotect(row.GetBytes(1)))), stop)
        ?? await AddTokenAsync(session, appId, userId, permission, stop);

    /// <summary>The apps that have a token of the user, each once, with the widest permission.</summary>
    public Task<List<ApprovedApp>> ApprovedByAsync(long userId, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select a.id, a.name, max(t.permission), min(t.created_at), max(case when a.suspended_at is null then a.allowed else 0 end)
            from access_token t join app a on a.id = t.app_id
            where t.user_id = @user and t.revoked_at is null
            group by a.id, a.name order by a.name, a.id
            """)
            .Bind("user", userId).ListAsync(
                row => new ApprovedApp(row.GetInt64(0), row.GetString(1), (Permission)row.GetInt32(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), row.Flag(4)), stop),
        stop);

    /// <summary>Takes back all that the user gave the app: its tokens, and approvals that it has not used yet.</summary>
    /// <returns>The tokens that were valid until now.</returns>
    public Task<List<string>> DisapproveAsync(long userId, long appId, CancellationToken stop) => store.Main.WriteAsync(session => DisapproveAsync(session, userId, appId, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public async Task<List<string>> DisapproveAsync(Session session, long userId, long appId, CancellationToken stop)
    {
        await session.Sql("delete from request_token where user_id = @user and app_id = @app").Bind("user", userId).Bind("app", appId).RunAsync(stop);
        return await session.Sql("update access_token set revoked_at = @now where user_id = @user and app_id = @app and revoked_at is null returning token")
            .Bind("now", Now).Bind("user", userId).Bind("app", appId).ListAsync(row => row.GetString(0), stop);
    }

    /// <returns>False when there is no such token, or it was revoked before.</returns>
    public async Task<bool> RevokeTokenAsync(string token, CancellationToken stop) => 1 == await store.Main.WriteAsync(
        session => session.Sql("update access_token set revoked_at = @now where token = @token and revoked_at is null")
            .Bind("now", Now).Bind("token", token).RunAsync(stop),
        stop);

    private async Task<NewToken> AddTokenAsync(Session session, long appId, long userId, Permission permission, CancellationToken stop)
    {
        // Twitter's tokens begin with the user's id, and clients take it from there.
        var token = new NewToken(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{userId}-{Random(30)}"), Random(33));
        await session.Sql(
            """
            insert into access_token (token, app_id, user_id, secret, permission, created_at)
            values (@token, @app, @user, @secret, @permission, @now)
            """)
            .Bind("token", token.Token).Bind("app", appId).Bind("user", userId).Bind("secret", store.Secrets.Protect(Encoding.UTF8.GetBytes(token.TokenSecret)))
            .Bind("permission", (long)permission).Bind("now", Now).RunAsync(stop);
        return token;
    }

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Letters and digits that stand for so many random bytes.</summary>
    public static string Random(int bytes) => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(bytes)).Replace('-', 'x').Replace('_', 'y');
}
