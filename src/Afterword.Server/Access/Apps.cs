using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Storage;

namespace Afterword.Server.Access;

/// <summary>An app as its owner gets to see it, once.</summary>
internal sealed record NewApp(string ConsumerKey, string ConsumerSecret, string Name, IReadOnlyList<string> Callbacks);

/// <summary>An app as an operator sees it: without its secret.</summary>
internal sealed record ListedApp(string ConsumerKey, string Name, IReadOnlyList<string> Callbacks, bool Allowed, bool Suspended);

/// <summary>An access token with its secret.</summary>
internal sealed record NewToken(string Token, string TokenSecret);

/// <summary>Apps and the tokens that users gave them.</summary>
internal sealed class Apps(Store store, TimeProvider clock)
{
    /// <param name="name">What users read on the authorize page.</param>
    /// <param name="callbacks">Absolute addresses, none with a newline.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<NewApp> AddAsync(string name, IReadOnlyList<string> callbacks, CancellationToken stop)
    {
        var app = new NewApp(Random(18), Random(36), name, callbacks);
        var id = store.Ids.Next();
        var secret = store.Secrets.Protect(Encoding.UTF8.GetBytes(app.ConsumerSecret));
        await store.Main.WriteAsync(
            session => session.Sql(
                """
                insert into app (id, consumer_key, consumer_secret, name, callbacks, allowed, created_at)
                values (@id, @key, @secret, @name, @callbacks, 0, @now)
                """)
                .Bind("id", id).Bind("key", app.ConsumerKey).Bind("secret", secret).Bind("name", name)
                .Bind("callbacks", string.Join('\n', callbacks)).Bind("now", Now).RunAsync(stop),
            stop);
        return app;
    }

    public Task<List<ListedApp>> ListAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select consumer_key, name, callbacks, allowed, suspended_at from app order by id").ListAsync(
            row => new ListedApp(
                row.GetString(0), row.GetString(1), row.GetString(2).Split('\n', StringSplitOptions.RemoveEmptyEntries), row.Flag(3), !row.IsDBNull(4)),
            stop),
        stop);

    /// <returns>False when there is no such app.</returns>
    public async Task<bool> AllowAsync(string consumerKey, bool allowed, CancellationToken stop) => 1 == await store.Main.WriteAsync(
        session => session.Sql("update app set allowed = @allowed where consumer_key = @key")
            .Bind("allowed", allowed ? 1L : 0L).Bind("key", consumerKey).RunAsync(stop),
        stop);

    /// <inheritdoc cref="AllowAsync"/>
    public async Task<bool> SuspendAsync(string consumerKey, bool suspended, CancellationToken stop) => 1 == await store.Main.WriteAsync(
        session => session.Sql("update app set suspended_at = case when @suspended = 1 then @now end where consumer_key = @key")
            .Bind("suspended", suspended ? 1L : 0L).Bind("now", Now).Bind("key", consumerKey).RunAsync(stop),
        stop);

    /// <summary>Makes a token for a user without the browser.</summary>
    /// <returns>The token, or null when there is no such app.</returns>
    public async Task<NewToken?> IssueTokenAsync(string consumerKey, long userId, Permission permission, CancellationToken stop)
    {
        // Twitter's tokens begin with the user's id, and clients take it from there.
        var token = new NewToken(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{userId}-{Random(30)}"), Random(33));
        var secret = store.Secrets.Protect(Encoding.UTF8.GetBytes(token.TokenSecret));
        var issued = await store.Main.WriteAsync(
            session => session.Sql(
                """
                insert into access_token (token, app_id, user_id, secret, permission, created_at)
                select @token, id, @user, @secret, @permission, @now from app where consumer_key = @key
                """)
                .Bind("token", token.Token).Bind("user", userId).Bind("secret", secret).Bind("permission", (long)permission)
                .Bind("now", Now).Bind("key", consumerKey).RunAsync(stop),
            stop);
        return issued == 1 ? token : null;
    }

    /// <returns>False when there is no such token, or it was revoked before.</returns>
    public async Task<bool> RevokeTokenAsync(string token, CancellationToken stop) => 1 == await store.Main.WriteAsync(
        session => session.Sql("update access_token set revoked_at = @now where token = @token and revoked_at is null")
            .Bind("now", Now).Bind("token", token).RunAsync(stop),
        stop);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static string Random(int bytes) => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(bytes)).Replace('-', 'x').Replace('_', 'y');
}
