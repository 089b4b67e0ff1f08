using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Allowlists;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.OAuth.Grants;

/// <summary>Request tokens from their issue to their exchange.</summary>
internal sealed class RequestTokens(Store store, Apps apps, AuditLog audit, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>A PIN has 10,000,000 values: five guesses find one in two million.</summary>
    private const int MostTries = 5;

    public async Task<IssuedRequestToken> IssueAsync(App app, Callback callback, Permission permission, CancellationToken stop)
    {
        var issued = new IssuedRequestToken(Apps.Random(24), Apps.Random(33));
        await store.Main.WriteAsync(
            session => session.Sql(
                """
                insert into request_token (token, app_id, secret, callback, permission, created_at)
                values (@token, @app, @secret, @callback, @permission, @now)
                """)
                .Bind("token", issued.Token).Bind("app", app.Id).Bind("secret", Seal(issued.Secret)).Bind("callback", callback.Value)
                .Bind("permission", (long)permission).Bind("now", Now).RunAsync(stop),
            stop);
        return issued;
    }

    /// <returns>The token, or null when it was never issued, was used or has expired.</returns>
    public Task<RequestToken?> FindAsync(string token, CancellationToken stop) => token.Contains('\0', StringComparison.Ordinal)
        // PostgreSQL has no such character in its texts, and fails.
        ? Task.FromResult<RequestToken?>(null)
        : store.Main.ReadAsync(
            session => session.Sql(
                """
                select r.secret, r.app_id, a.name, a.suspended_at, r.callback, r.permission, r.user_id
                from request_token r join app a on a.id = r.app_id
                where r.token = @token and r.created_at > @oldest
                """)
                .Bind("token", token).Bind("oldest", Oldest).FirstAsync(
                    row => new RequestToken(
                        token, Unseal(row.GetBytes(0)), row.GetInt64(1), row.GetString(2), !row.IsDBNull(3), new(row.GetString(4)),
                        (Permission)row.GetInt32(5), !row.IsDBNull(6)),
                    stop),
            stop);

    /// <summary>Binds the token to the user who said yes.</summary>
    /// <returns>The verifier, or null when someone has decided already, or it is too late.</returns>
    public async Task<string?> ApproveAsync(RequestToken token, long user, CancellationToken stop)
    {
        var verifier = token.Callback.IsPin
            ? RandomNumberGenerator.GetInt32(10_000_000).ToString("D7", CultureInfo.InvariantCulture)
            : Apps.Random(24);
        var bound = await store.Main.WriteAsync(
            session => session.Sql(
                "update request_token set user_id = @user, verifier = @verifier where token = @token and user_id is null and created_at > @oldest")
                .Bind("user", user).Bind("verifier", Seal(verifier)).Bind("token", token.Token).Bind("oldest", Oldest).RunAsync(stop),
            stop);
        return bound == 1 ? verifier : null;
    }

    /// <returns>False when someone has decided already.</returns>
    public async Task<bool> DenyAsync(RequestToken token, CancellationToken stop) => 1 == await store.Main.WriteAsync(
        session => session.Sql("delete from request_token where token = @token and user_id is null").Bind("token", token.Token).RunAsync(stop),
        stop);

    /// <summary>Gives the user's token for the verifier, once.</summary>
    public async Task<ExchangeOutcome> ExchangeAsync(RequestToken token, string verifier, CancellationToken stop) => await store.Main.WriteAsync(
        async session =>
        {
            // The try is counted first: it locks the row, so that of racing guesses each is one of the five.
            var approved = await session.Sql(
                """
                update request_token set tries = tries + 1
                where token = @token and user_id is not null and tries < @most and created_at > @oldest
                returning user_id, verifier
                """)
                .Bind("token", token.Token).Bind("most", (long)MostTries).Bind("oldest", Oldest)
                .FirstAsync(row => new Approved(row.GetInt64(0), row.GetBytes(1)), stop);
            if (approved is null) return new ExchangeOutcome.Gone();
            if (!CryptographicOperations.FixedTimeEquals(store.Secrets.Unprotect(approved.Verifier), Encoding.UTF8.GetBytes(verifier))) return new ExchangeOutcome.WrongVerifier();

            await session.Sql("delete from request_token where token = @token").Bind("token", token.Token).RunAsync(stop);
            var user = await session.Sql("select screen_name, suspended_at from account where id = @user")
                .Bind("user", approved.UserId).FirstAsync(row => new User(row.GetString(0), !row.IsDBNull(1)), stop);
            if (user is null or { Suspended: true }) return new ExchangeOutcome.UserSuspended();

            await Allowlist.HoldTokensAsync(session, approved.UserId, stop);
            var granted = await apps.GrantTokenAsync(session, token.AppId, approved.UserId, token.Permission, stop);

            // A sender's token reads its answers. It takes the account's password alone, so the sender's people are told.
            if (await AuditLog.IsSenderAsync(session, approved.UserId, stop)) await audit.WriteAsync(session, approved.UserId, Member.OfApp(token.AppName), AuditAction.Changed, $"got a token of @{user.ScreenName}, which reads all feedback", stop);
            return (ExchangeOutcome)new ExchangeOutcome.Granted(granted, approved.UserId, user.ScreenName);
        },
        stop);

    public Task<int> PurgeAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("delete from request_token where created_at <= @oldest").Bind("oldest", Oldest).RunAsync(stop), stop);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private long Oldest => Now - (long)Lifetime.TotalMilliseconds;

    private byte[] Seal(string secret) => store.Secrets.Protect(Encoding.UTF8.GetBytes(secret));

    private string Unseal(byte[] secret) => Encoding.UTF8.GetString(store.Secrets.Unprotect(secret));

    private sealed record Approved(long UserId, byte[] Verifier);

    private sealed record User(string ScreenName, bool Suspended);
}
