using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Access.SignIn;

/// <summary>An account that a password is compared with.</summary>
/// <param name="Id">Whose it is.</param>
/// <param name="Hash">The hash of its password, as it is stored.</param>
/// <param name="LockedUntil">The end of the lock that this guess caused, or of one that is over; null for none.</param>
/// <param name="IsSuspended">Whether the user may not come in. People of the console are never suspended.</param>
internal sealed record GuessedAccount(long Id, string Hash, long? LockedUntil, bool IsSuspended);

/// <summary>Compares passwords of users and of people of the console, and counts each guess before it is looked at.</summary>
internal sealed class PasswordGuesses(Store store, Settings settings, PasswordHashes passwords, KnownBrowsers browsers, TimeProvider clock)
{
    /// <summary>The key of what nobody can be called.</summary>
    public const string Nobody = "";

    /// <summary>The account, if it was signed in to in this browser before and the browser may still try.</summary>
    public async Task<GuessedAccount?> FindKnownAsync(HttpContext http, AccountKind kind, string key)
    {
        if (!KnownBrowsers.MayBeKnown(http)) return null;

        var account = await store.Main.ReadAsync(
            session => session.Sql($"select {ColumnsOf(kind)} from {TableOf(kind)} where {KeyOf(kind)} = @key and password_hash is not null").Bind("key", key).FirstAsync(Read, http.RequestAborted),
            http.RequestAborted);

        // Asked for nobody's account too: the time would tell.
        return await browsers.IsKnownAsync(http, kind, account?.Id ?? 0) ? account : null;
    }

    /// <summary>Compares a password.</summary>
    /// <param name="http">The request.</param>
    /// <param name="kind">Whose it is.</param>
    /// <param name="key">What the account is looked up by, or <see cref="Nobody"/>.</param>
    /// <param name="known">What <see cref="FindKnownAsync"/> gave.</param>
    /// <param name="password">What was typed.</param>
    /// <returns>The account; null when the password is wrong, or nobody has such an open account.</returns>
    public async Task<GuessedAccount?> MatchAsync(HttpContext http, AccountKind kind, string key, GuessedAccount? known, string password)
    {
        var stop = http.RequestAborted;
        var byBrowser = known is not null && await browsers.ClaimAsync(http, kind, known.Id);
        if ((byBrowser ? known : await ClaimAsync(kind, key, stop)) is not { } account)
        {
            // As slow as for an account that is open: else the time would tell which there are.
            passwords.WasteTime(password);
            return null;
        }

        if (!passwords.Matches(account.Hash, password, out var renewed)) return null;

        if (!byBrowser) await TakeBackAsync(kind, account, stop);
        return renewed is null ? account : await RenewAsync(kind, account, renewed, password, stop);
    }

    // Of a hundred racing guesses five get the account, on all nodes together. One that finds no open account is counted as a stray:
    // each runs the same statements and changes one row, so that the time does not tell which names there are.
    private Task<GuessedAccount?> ClaimAsync(AccountKind kind, string key, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var found = await session.Sql($"update {TableOf(kind)} set {Guesses.Counted} where {KeyOf(kind)} = @key and password_hash is not null and {Guesses.IsOpen} returning {ColumnsOf(kind)}")
                .Bind("key", key).BindGuess(settings, clock).FirstAsync(Read, stop);
            await session.Sql("update stray_guess set guesses = guesses + 1 where bucket = @bucket and @found = 0")
                .Bind("bucket", (long)SHA256.HashData(Encoding.UTF8.GetBytes(key))[0]).Bind("found", found is null ? 0L : 1L).RunAsync(stop);
            return found;
        },
        stop);

    // A lock that others caused meanwhile stays. A user's right password forgives the wrong ones before it; a person's alone does not.
    private Task<int> TakeBackAsync(AccountKind kind, GuessedAccount account, CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql(
            $"""
            update {TableOf(kind)} set failed_sign_ins = {(kind == AccountKind.User ? "0" : "failed_sign_ins - 1")}, locked_until = case when locked_until = @mine then null else locked_until end
            where id = @id and failed_sign_ins > 0
            """)
            .Bind("id", account.Id).Bind("mine", account.LockedUntil ?? 0).RunAsync(stop),
        stop);

    // What follows holds on to the hash that is stored: this one, or that of another sign-in with the same password which was faster.
    private async Task<GuessedAccount?> RenewAsync(AccountKind kind, GuessedAccount account, PasswordHash renewed, string password, CancellationToken stop)
    {
        var stored = await store.Main.WriteAsync(
            async session => 1 == await session.Sql($"update {TableOf(kind)} set password_hash = @hash where id = @id and password_hash = @was")
                .Bind("hash", renewed.Text).Bind("id", account.Id).Bind("was", account.Hash).RunAsync(stop)
                ? renewed.Text : await session.Sql($"select password_hash from {TableOf(kind)} where id = @id").Bind("id", account.Id).FirstAsync(row => row.TextOrNull(0), stop),
            stop);
        return stored is not null && (stored == renewed.Text || passwords.Matches(stored, password, out _)) ? account with { Hash = stored } : null;
    }

    private static string TableOf(AccountKind kind) => AccountHold.TableOf(kind);

    private static string KeyOf(AccountKind kind) => kind == AccountKind.User ? "screen_name_key" : "mail_key";

    private static string ColumnsOf(AccountKind kind) => $"id, password_hash, locked_until, {(kind == AccountKind.User ? "suspended_at" : "null")}";

    private static GuessedAccount Read(Row row) => new(row.GetInt64(0), row.GetString(1), row.LongOrNull(2), !row.IsDBNull(3));
}
