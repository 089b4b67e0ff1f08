using System.Net;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Identity;

namespace Afterword.Server.Console.Authentication;

/// <summary>What a person has besides the password.</summary>
/// <param name="HasApp">An app that shows codes.</param>
/// <param name="Passkeys">Those added, oldest first.</param>
/// <param name="RecoveryCodes">How many are left.</param>
public sealed record FactorStatus(bool HasApp, IReadOnlyList<ListedPasskey> Passkeys, int RecoveryCodes)
{
    public bool HasAny => HasApp || Passkeys.Count > 0;
}

/// <summary>A passkey as the account page lists it.</summary>
public sealed record ListedPasskey(string Id, string Name, DateTimeOffset AddedAt);

/// <summary>Codes of an app, recovery codes for those who lost it, and which factors a person has: each change is one transaction with its entry in the audit log.</summary>
internal sealed class SecondFactors(Store store, Settings settings, GuessThrottle gate, AuthenticatorSetups offers, AuditLog audit, TimeProvider clock)
{
    public Task<FactorStatus> OfAsync(long personId, CancellationToken stop) => store.Main.ReadAsync(session => OfAsync(session, personId, stop), stop);

    private static async Task<FactorStatus> OfAsync(Session session, long personId, CancellationToken stop)
    {
        var hasApp = await session.Sql("select 1 from person where id = @id and totp_secret is not null").Bind("id", personId).FirstAsync(_ => true, stop);
        var passkeys = await session.Sql("select credential_id, name, created_at from passkey where person_id = @id order by created_at").Bind("id", personId)
            .ListAsync(row => new ListedPasskey(Convert.ToHexStringLower(row.GetBytes(0)), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2))), stop);
        var codes = await session.Sql("select count(*) from recovery_code where person_id = @id").Bind("id", personId).FirstAsync(row => (int)row.GetInt64(0), stop);
        return new FactorStatus(hasApp, passkeys, codes);
    }

    /// <summary>Holds a person's second factors until the transaction ends: whoever adds or removes one sees those before it.</summary>
    /// <returns>False when the session at hand has ended meanwhile, as by a reset.</returns>
    private static async Task<bool> LockAsync(Session session, Member member, CancellationToken stop)
    {
        await AccountLock.HoldAsync(session, AccountKind.Person, member.Id, stop);
        return await session.Sql("select 1 from console_session where id = @session and person_id = @id").Bind("session", member.SessionId).Bind("id", member.Id).FirstAsync(_ => true, stop);
    }

    /// <summary>Takes a code of the app, or a recovery code. Each is good for once.</summary>
    public async Task<CheckOutcome> CheckAsync(long personId, string code, IPAddress? from, CancellationToken stop) => await gate.CheckCodeAsync(
        from, () => store.Main.WriteAsync(session => CheckAsync(session, personId, code.Trim(), stop), stop), outcome => outcome is CheckOutcome.Wrong) ?? new CheckOutcome.TooMany();

    private async Task<CheckOutcome> CheckAsync(Session session, long personId, string code, CancellationToken stop)
    {
        // Counted before it is looked at, under the lock of the row.
        var guess = await session.Sql($"update person set {GuessCounter.CountedCode} where id = @id and {GuessCounter.IsOpenToCodes} returning totp_secret").Bind("id", personId).BindGuess(settings, clock)
            .FirstAsync(row => new Guess(row.BytesOrNull(0)), stop);
        if (guess is null || !(await IsCodeAsync(session, personId, guess.Secret, code, stop) || await IsRecoveryAsync(session, personId, code, stop))) return new CheckOutcome.Wrong();

        await ForgiveAsync(session, personId, stop);
        return new CheckOutcome.Right(personId, PasswordHash: null);
    }

    /// <summary>Forgets the failures of someone who has shown everything.</summary>
    public static Task<int> ForgiveAsync(Session session, long personId, CancellationToken stop) =>
        session.Sql($"update person set {GuessCounter.Forgiven} where id = @id").Bind("id", personId).RunAsync(stop);

    private async Task<bool> IsCodeAsync(Session session, long personId, byte[]? secret, string code, CancellationToken stop) =>
        secret is not null && Totp.StepOf(store.Secrets.Unprotect(secret), code, clock.GetUtcNow()) is { } step
        && 1 == await session.Sql("update person set totp_step = @step where id = @id and totp_step < @step").Bind("step", step).Bind("id", personId).RunAsync(stop);

    private async Task<bool> IsRecoveryAsync(Session session, long personId, string code, CancellationToken stop)
    {
        if (0 == await session.Sql("delete from recovery_code where person_id = @id and code_hash = @hash").Bind("id", personId).Bind("hash", RecoveryCodes.HashOf(personId, code)).RunAsync(stop)) return false;

        await audit.WritePersonAsync(session, personId, AuditAction.Changed, "used a recovery code", stop);
        return true;
    }

    /// <summary>A new secret for an app, to be shown and confirmed. It is kept nowhere but in the form, sealed.</summary>
    public AuthenticatorSetup Offer(Member member) => offers.Make(AccountKind.Person, member.Id, member.Email);

    /// <summary>The same offer again, after a code that did not fit; null when it is not this person's or too old.</summary>
    public AuthenticatorSetup? Reopen(Member member, string @sealed) => offers.Reopen(AccountKind.Person, member.Id, member.Email, @sealed);

    /// <summary>Adds the app, if the code shows that it took the secret.</summary>
    /// <param name="member">Whose.</param>
    /// <param name="sealed">The offer, as the form brought it back.</param>
    /// <param name="code">What the app shows.</param>
    /// <param name="onlyFirst">Whether a person who has a second factor already is refused: without it, a password alone would do.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<bool> AddAppAsync(Member member, string @sealed, string code, bool onlyFirst, CancellationToken stop)
    {
        if (offers.Open(AccountKind.Person, member.Id, @sealed) is not { } secret || Totp.StepOf(secret, code, clock.GetUtcNow()) is not { } step) return false;

        return await AddAsync(
            member, onlyFirst, "an app for codes",
            session => session.Sql("update person set totp_secret = @secret, totp_step = @step where id = @id")
                .Bind("secret", store.Secrets.Protect(secret)).Bind("step", step).Bind("id", member.Id).RunAsync(stop), stop);
    }

    /// <summary>Adds a passkey that the browser has just shown.</summary>
    /// <param name="member">Whose.</param>
    /// <param name="passkey">As the framework checked it.</param>
    /// <param name="onlyFirst">As for an app.</param>
    /// <param name="stop">Gives up.</param>
    public Task<bool> AddPasskeyAsync(Member member, UserPasskeyInfo passkey, bool onlyFirst, CancellationToken stop) =>
        AddAsync(member, onlyFirst, "a passkey", session => PasskeyStore.AddAsync(session, member.Id, passkey, stop), stop);

    private Task<bool> AddAsync(Member member, bool onlyFirst, string what, Func<Session, Task<int>> add, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            if (!await LockAsync(session, member, stop)) return false;
            if (onlyFirst && (await OfAsync(session, member.Id, stop)).HasAny) return false;
            if (await add(session) == 0) return false;

            await audit.WriteAsync(session, Workspace.Installation, member, AuditAction.Changed, $"added {what}", stop);
            return true;
        },
        stop);

    /// <summary>Removes the app for codes.</summary>
    /// <param name="member">Whose.</param>
    /// <param name="needsOne">Whether the person may not be left without any.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>False when it is the last one and must stay. A session that has ended meanwhile removes nothing, and its browser is led to the sign-in page.</returns>
    public Task<bool> RemoveAppAsync(Member member, bool needsOne, CancellationToken stop) => RemoveAsync(
        member, needsOne, "the app for codes", has => has is { HasApp: true, Passkeys.Count: 0 },
        session => session.Sql("update person set totp_secret = null where id = @id and totp_secret is not null").Bind("id", member.Id).RunAsync(stop), stop);

    /// <summary>Removes a passkey.</summary>
    /// <param name="credentialId">The passkey.</param>
    /// <inheritdoc cref="RemoveAppAsync"/>
    public Task<bool> RemovePasskeyAsync(Member member, byte[] credentialId, bool needsOne, CancellationToken stop) => RemoveAsync(
        member, needsOne, "a passkey", has => has is { HasApp: false, Passkeys: [var only] } && only.Id == Convert.ToHexStringLower(credentialId),
        session => PasskeyStore.RemoveAsync(session, member.Id, credentialId, stop), stop);

    private Task<bool> RemoveAsync(Member member, bool needsOne, string what, Func<FactorStatus, bool> isLast, Func<Session, Task<int>> remove, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            if (!await LockAsync(session, member, stop)) return true;
            if (needsOne && isLast(await OfAsync(session, member.Id, stop))) return false;
            if (await remove(session) > 0) await audit.WriteAsync(session, Workspace.Installation, member, AuditAction.Changed, $"removed {what}", stop);
            return true;
        },
        stop);

    /// <summary>Makes new recovery codes in place of the old ones, and tells them this once.</summary>
    /// <returns>The codes; null when the session at hand has ended meanwhile.</returns>
    public async Task<IReadOnlyList<string>?> RenewRecoveryCodesAsync(Member member, CancellationToken stop)
    {
        var codes = RecoveryCodes.Make();
        return await store.Main.WriteAsync(
            async session =>
            {
                if (!await LockAsync(session, member, stop)) return null;

                await session.Sql("delete from recovery_code where person_id = @id").Bind("id", member.Id).RunAsync(stop);
                session.Then(
                    "insert into recovery_code (person_id, code_hash) select person_id, code_hash from {rows}",
                    Rows.Of(codes).Long("person_id", _ => member.Id).Bytes("code_hash", code => RecoveryCodes.HashOf(member.Id, code)));
                await audit.WriteAsync(session, Workspace.Installation, member, AuditAction.Changed, "own recovery codes", stop);
                return codes;
            },
            stop);
    }

    private sealed record Guess(byte[]? Secret);
}
