using Afterword.Server.Storage;

namespace Afterword.Server.Access.SignIn;

/// <summary>Sets users' passwords. Whatever somebody else may have signed in to with the old one ends.</summary>
internal sealed class UserPasswords(Store store, PasswordHashes passwords)
{
    public Task SetAsync(long userId, string password, CancellationToken stop)
    {
        // A tenth of a second: not inside the transaction.
        var hash = passwords.Hash(password);
        return store.Main.WriteAsync(session => SetAsync(session, userId, hash, stop), stop);
    }

    public static async Task<int> SetAsync(Session session, long userId, string hash, CancellationToken stop)
    {
        await session.Sql("delete from visit where user_id = @user").Bind("user", userId).RunAsync(stop);
        await KnownBrowsers.ForgetAsync(session, AccountKind.User, userId, stop);
        return await session.Sql("update account set password_hash = @hash, failed_sign_ins = 0, locked_until = null where id = @user")
            .Bind("hash", hash).Bind("user", userId).RunAsync(stop);
    }
}
