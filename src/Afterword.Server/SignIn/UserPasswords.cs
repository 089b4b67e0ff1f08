using Afterword.Server.Console.Audit;
using Afterword.Server.Storage;

namespace Afterword.Server.SignIn;

/// <summary>Sets users' passwords. Whatever someone else may have signed in to with the old one ends.</summary>
internal sealed class UserPasswords(Store store, ResetLinks links, AuditLog audit)
{
    /// <summary>A link with which an operator lets a user choose a new password.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="dropsFactor">Whether the app for codes goes as soon as the link is used. Until then it guards the old password.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Its path.</returns>
    public Task<string> IssueLinkAsync(long userId, bool dropsFactor, CancellationToken stop) => store.Main.WriteAsync(
        async session => ForgottenEndpoints.AddressOf(await links.PassOnAsync(session, AccountKind.User, userId, dropsFactor, stop)), stop);

    /// <summary>Takes such a link, or one that was mailed.</summary>
    /// <returns>The user; null when the link is used or too old.</returns>
    public Task<long?> TakeLinkAsync(string key, PasswordHash password, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            if (await links.TakeAsync(session, AccountKind.User, key, stop) is not { } link) return (long?)null;

            await SetAsync(session, link.OwnerId, password, stop);
            if (link.DropsFactor) await UserFactors.RemoveAsync(session, link.OwnerId, stop);
            await audit.WriteOwnAsync(session, link.OwnerId, AuditAction.Changed, link.DropsFactor ? "new password by a link, and no app for codes any more" : "new password by a link", stop);
            return link.OwnerId;
        },
        stop);

    /// <summary>Sets a user's password as the user chose it.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="password">The new password.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="was">The stored hash of the old one, as it was compared; null where none was asked for.</param>
    /// <param name="userSession">The session at hand; null outside of a browser.</param>
    /// <returns>False when there is another password meanwhile, or the session has ended: whoever has the old password undoes no reset.</returns>
    public Task<bool> SetAsync(long userId, PasswordHash password, CancellationToken stop, string? was = null, byte[]? userSession = null) => store.Main.WriteAsync(
        async session =>
        {
            if (was is not null && !await AccountLock.HoldAsync(session, AccountKind.User, userId, was, stop)) return false;
            if (userSession is not null && !await UserSessions.IsOpenAsync(session, userId, userSession, stop)) return false;

            await SetAsync(session, userId, password, stop);
            return 1 == await audit.WriteOwnAsync(session, userId, AuditAction.Changed, "own password", stop);
        },
        stop);

    private static async Task<int> SetAsync(Session session, long userId, PasswordHash password, CancellationToken stop)
    {
        // First of all: a sign-in with the old password has begun its session, which ends here, or begins none any more.
        await session.Sql("update account set password_hash = @hash, failed_sign_ins = 0, locked_until = null where id = @user")
            .Bind("hash", password.Text).Bind("user", userId).RunAsync(stop);
        await session.Sql("delete from visit where user_id = @user").Bind("user", userId).RunAsync(stop);
        await KnownBrowsers.ForgetAsync(session, AccountKind.User, userId, stop);
        return await ResetLinks.ForgetAsync(session, AccountKind.User, userId, stop);
    }
}
