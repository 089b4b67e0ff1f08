using System.Net;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Storage;

namespace Afterword.Server.SignIn;

/// <summary>What a user owes after the password.</summary>
internal enum RequiredFactor
{
    Nothing,

    /// <summary>A code of the app that the user has.</summary>
    Code,

    /// <summary>The user has no app, and the setting wants one of senders.</summary>
    SetUp,
}

/// <summary>Apps for codes as the second factor of users, and recovery codes for those who lost theirs.</summary>
internal sealed class UserFactors(Store store, Settings settings, GuessThrottle gate, AuthenticatorSetups offers, AuditLog audit, TimeProvider clock)
{
    public async Task<bool> HasAsync(long userId, CancellationToken stop) => await store.Main.ReadAsync(
        session => session.Sql("select 1 from user_factor where user_id = @user").Bind("user", userId).FirstAsync(_ => true, stop), stop);

    public async Task<RequiredFactor> OwedByAsync(long userId, CancellationToken stop)
    {
        if (await HasAsync(userId, stop)) return RequiredFactor.Code;

        return await MustHaveAsync(userId, stop) ? RequiredFactor.SetUp : RequiredFactor.Nothing;
    }

    /// <summary>Whether the user asks customers, and the setting wants a second factor of those who do.</summary>
    public async Task<bool> MustHaveAsync(long userId, CancellationToken stop) => settings.SignIn.SendersNeedFactor && await store.Main.ReadAsync(
        session => session.Sql("select 1 from sender where user_id = @user").Bind("user", userId).FirstAsync(_ => true, stop), stop);

    /// <summary>A new secret for an app, to be shown and confirmed.</summary>
    public AuthenticatorSetup Offer(SignedInUser user) => offers.Make(AccountKind.User, user.UserId, "@" + user.ScreenName);

    /// <summary>The same offer again, or a new one where that is none of this user's.</summary>
    public AuthenticatorSetup Reopen(SignedInUser user, string @sealed) => offers.Reopen(AccountKind.User, user.UserId, "@" + user.ScreenName, @sealed) ?? Offer(user);

    /// <summary>Takes a code of the app, or a recovery code. Each is good for once.</summary>
    public async Task<SignInOutcome> CheckAsync(long userId, string code, IPAddress? from, CancellationToken stop) => await gate.CheckCodeAsync(
        from, () => store.Main.WriteAsync(session => CheckAsync(session, userId, code.Trim(), stop), stop), outcome => outcome is SignInOutcome.Wrong) ?? new SignInOutcome.TooMany();

    private async Task<SignInOutcome> CheckAsync(Session session, long userId, string code, CancellationToken stop)
    {
        // Counted before it is looked at, under the lock of the row.
        await AccountLock.HoldAsync(session, AccountKind.User, userId, stop);
        var secret = await session.Sql($"update user_factor set {GuessCounter.CountedCode} where user_id = @user and {GuessCounter.IsOpenToCodes} returning totp_secret").Bind("user", userId).BindGuess(settings, clock)
            .FirstAsync(row => row.GetBytes(0), stop);
        if (secret is null || !(await IsCodeAsync(session, userId, secret, code, stop) || await IsRecoveryAsync(session, userId, code, stop))) return new SignInOutcome.Wrong();

        await session.Sql("update user_factor set failed_codes = 0, codes_locked_until = null, code_locks = 0 where user_id = @user").Bind("user", userId).RunAsync(stop);
        return new SignInOutcome.Welcome(userId, PasswordHash: null);
    }

    private async Task<bool> IsCodeAsync(Session session, long userId, byte[] secret, string code, CancellationToken stop) =>
        Totp.StepOf(store.Secrets.Unprotect(secret), code, clock.GetUtcNow()) is { } step
        && 1 == await session.Sql("update user_factor set totp_step = @step where user_id = @user and totp_step < @step").Bind("step", step).Bind("user", userId).RunAsync(stop);

    private async Task<bool> IsRecoveryAsync(Session session, long userId, string code, CancellationToken stop)
    {
        if (0 == await session.Sql("delete from user_recovery_code where user_id = @user and code_hash = @hash").Bind("user", userId).Bind("hash", RecoveryCodes.HashOf(userId, code)).RunAsync(stop)) return false;

        await audit.WriteOwnAsync(session, userId, AuditAction.Changed, "used a recovery code", stop);
        return true;
    }

    /// <summary>Adds the first app, if the code shows that it took the secret. All sessions end but the one at hand: they have shown the password alone.</summary>
    /// <param name="userId">Whose.</param>
    /// <param name="sealed">The offer, as the form brought it back.</param>
    /// <param name="code">What the app shows.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="userSession">The session at hand, which must not have ended meanwhile; null outside of a browser.</param>
    /// <returns>The recovery codes, told this once; null when the code did not fit, there is an app already, or the session has ended.</returns>
    public async Task<IReadOnlyList<string>?> AddAsync(long userId, string @sealed, string code, CancellationToken stop, byte[]? userSession = null)
    {
        if (offers.Open(AccountKind.User, userId, @sealed) is not { } secret || Totp.StepOf(secret, code, clock.GetUtcNow()) is not { } step) return null;

        var codes = RecoveryCodes.Make();
        return await store.Main.WriteAsync(
            async session =>
            {
                await AccountLock.HoldAsync(session, AccountKind.User, userId, stop);
                if (userSession is not null && !await UserSessions.IsOpenAsync(session, userId, userSession, stop)) return null;
                if (0 == await session.Sql("insert into user_factor (user_id, totp_secret, totp_step) values (@user, @secret, @step) on conflict (user_id) do nothing")
                    .Bind("user", userId).Bind("secret", store.Secrets.Protect(secret)).Bind("step", step).RunAsync(stop)) return null;

                await session.Sql("delete from user_recovery_code where user_id = @user").Bind("user", userId).RunAsync(stop);
                await session.Sql("delete from visit where user_id = @user and key_hash <> @own").Bind("user", userId).Bind("own", userSession ?? []).RunAsync(stop);
                session.Then(
                    "insert into user_recovery_code (user_id, code_hash) select user_id, code_hash from {rows}",
                    Rows.Of(codes).Long("user_id", _ => userId).Bytes("code_hash", one => RecoveryCodes.HashOf(userId, one)));
                await audit.WriteOwnAsync(session, userId, AuditAction.Changed, "added an app for codes", stop);
                return codes;
            },
            stop);
    }

    /// <summary>Removes the app and its recovery codes.</summary>
    /// <param name="userId">Whose.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="userSession">As for adding one.</param>
    /// <returns>0 when there is none, or the session has ended.</returns>
    public Task<int> RemoveAsync(long userId, CancellationToken stop, byte[]? userSession = null) => store.Main.WriteAsync(
        async session =>
        {
            await AccountLock.HoldAsync(session, AccountKind.User, userId, stop);
            if (userSession is not null && !await UserSessions.IsOpenAsync(session, userId, userSession, stop)) return 0;
            if (await RemoveAsync(session, userId, stop) == 0) return 0;
            return await audit.WriteOwnAsync(session, userId, AuditAction.Changed, "removed the app for codes", stop);
        },
        stop);

    /// <summary>The same in a transaction that holds the account.</summary>
    public static async Task<int> RemoveAsync(Session session, long userId, CancellationToken stop)
    {
        await session.Sql("delete from user_recovery_code where user_id = @user").Bind("user", userId).RunAsync(stop);
        return await session.Sql("delete from user_factor where user_id = @user").Bind("user", userId).RunAsync(stop);
    }
}
