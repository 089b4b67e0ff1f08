using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.SignIn;

/// <summary>An account that a password is compared with.</summary>
/// <param name="Id">Whose it is.</param>
/// <param name="Hash">The hash of its password, as it is stored.</param>
/// <param name="LockedUntil">The end of the lock that this guess caused, or of one that is over; null for none.</param>
/// <param name="IsSuspended">Whether the user may not come in. People of the console are never suspended.</param>
internal sealed record GuessedAccount(long Id, string Hash, long? LockedUntil, bool IsSuspended);

/// <summary>A password that someone typed.</summary>
/// <param name="kind">Whose it should be.</param>
/// <param name="key">What the account is looked up by.</param>
/// <param name="password">What was typed.</param>
/// <param name="account">The account as it was then; null when nobody has one with a password.</param>
/// <param name="isKnown">Whether the account was signed in to in this browser before, and the browser may still try.</param>
internal sealed class PasswordGuess(AccountKind kind, string key, string password, GuessedAccount? account, bool isKnown)
{
    public AccountKind Kind => kind;

    public string Key => key;

    public string Password => password;

    public GuessedAccount? Account => account;

    public bool IsKnown => isKnown;

    /// <summary>What to store in the hash's place; null unless it was hashed with fewer rounds than are usual now.</summary>
    public PasswordHash? Renewed { get; set; }
}

/// <summary>Compares passwords of users and of people of the console, and counts each guess before anybody is told what came of it.</summary>
internal sealed class PasswordGuesses(Store store, Settings settings, PasswordHashes passwords, KnownBrowsers browsers, TimeProvider clock)
{
    /// <summary>The key of what nobody can be called.</summary>
    public const string Nobody = "";

    /// <summary>Looks up what a password is to be compared with. The same is read whether there is such an account or not.</summary>
    /// <param name="http">The request.</param>
    /// <param name="kind">Whose password it is.</param>
    /// <param name="key">What the account is looked up by, or <see cref="Nobody"/>.</param>
    /// <param name="password">What was typed.</param>
    public async Task<PasswordGuess> BeginAsync(HttpContext http, AccountKind kind, string key, string password)
    {
        var account = await store.Main.ReadAsync(
            session => session.Sql($"select {ColumnsOf(kind)} from {TableOf(kind)} where {KeyOf(kind)} = @key and password_hash is not null").Bind("key", key).FirstAsync(Read, http.RequestAborted),
            http.RequestAborted);

        // Asked for nobody's account too: the time would tell.
        var isKnown = await browsers.IsKnownAsync(http, kind, account?.Id ?? 0) && account is not null;
        return new(kind, key, password, account, isKnown);
    }

    /// <summary>Compares a password, and takes as long where there is none. It asks the store nothing.</summary>
    public bool Matches(PasswordGuess guess)
    {
        if (guess.Account is not { } account)
        {
            passwords.WasteTime(guess.Password);
            return false;
        }

        var isRight = passwords.Matches(account.Hash, guess.Password, out var renewed);
        guess.Renewed = renewed;
        return isRight;
    }

    /// <summary>Counts a guess in the store, before anybody is told what came of it.</summary>
    /// <remarks>Of a hundred that race, five are counted and told, on all nodes together. Whoever hangs up meanwhile is counted too.</remarks>
    /// <param name="http">The request.</param>
    /// <param name="guess">The guess.</param>
    /// <param name="isRight">What <see cref="Matches"/> gave.</param>
    /// <returns>The account; null when the password is wrong, or nobody has such an open account.</returns>
    public async Task<GuessedAccount?> SettleAsync(HttpContext http, PasswordGuess guess, bool isRight)
    {
        var byBrowser = guess.IsKnown && await browsers.ClaimAsync(http, guess.Kind, guess.Account!.Id);
        var account = byBrowser ? guess.Account : await ClaimAsync(guess, isRight);
        if (!isRight || account is null) return null;

        return guess.Renewed is { } renewed ? await RenewAsync(guess, account, renewed, http.RequestAborted) : account;
    }

    // One that finds no open account is counted as a stray: each runs the same statements and changes one row, so that the time does
    // not tell which names there are.
    private Task<GuessedAccount?> ClaimAsync(PasswordGuess guess, bool isRight) => store.Main.WriteAsync(
        async session =>
        {
            var kind = guess.Kind;
            var found = await session.Sql($"update {TableOf(kind)} set {GuessCounter.Counted} where {KeyOf(kind)} = @key and password_hash is not null and {GuessCounter.IsOpen} returning {ColumnsOf(kind)}")
                .Bind("key", guess.Key).BindGuess(settings, clock).FirstAsync(Read, CancellationToken.None);
            await session.Sql("update stray_guess set guesses = guesses + 1 where bucket = @bucket and @found = 0")
                .Bind("bucket", (long)SHA256.HashData(Encoding.UTF8.GetBytes(guess.Key))[0]).Bind("found", found is null ? 0L : 1L).RunAsync(CancellationToken.None);

            if (!isRight || found is null) return null;
            if (found.Hash == guess.Account!.Hash) await TakeBackAsync(session, kind, found);

            // There is another password meanwhile, or the same one, hashed anew by another sign-in.
            else if (guess.Renewed is null) return null;

            return found;
        },
        CancellationToken.None);

    // A lock that others caused stays. A user's right password forgives the wrong ones before it; a person's alone does not.
    private static Task<int> TakeBackAsync(Session session, AccountKind kind, GuessedAccount account) => session.Sql(
        $"""
        update {TableOf(kind)} set failed_sign_ins = {(kind == AccountKind.User ? "0" : "failed_sign_ins - 1")}, locked_until = case when locked_until = @mine then null else locked_until end
        where id = @id and failed_sign_ins > 0
        """)
        .Bind("id", account.Id).Bind("mine", account.LockedUntil ?? 0).RunAsync(CancellationToken.None);

    // What follows holds on to the hash that is stored: this one, or that of another sign-in with the same password which was faster.
    private async Task<GuessedAccount?> RenewAsync(PasswordGuess guess, GuessedAccount account, PasswordHash renewed, CancellationToken stop)
    {
        var (kind, was) = (guess.Kind, guess.Account!.Hash);
        var stored = await store.Main.WriteAsync(
            async session => 1 == await session.Sql($"update {TableOf(kind)} set password_hash = @hash where id = @id and password_hash = @was")
                .Bind("hash", renewed.Text).Bind("id", account.Id).Bind("was", was).RunAsync(stop)
                ? renewed.Text : await session.Sql($"select password_hash from {TableOf(kind)} where id = @id").Bind("id", account.Id).FirstAsync(row => row.TextOrNull(0), stop),
            stop);
        if (stored is null || (stored != renewed.Text && !passwords.Matches(stored, guess.Password, out _))) return null;

        if (account.Hash != was) await store.Main.WriteAsync(session => TakeBackAsync(session, kind, account), CancellationToken.None);
        return account with { Hash = stored };
    }

    private static string TableOf(AccountKind kind) => AccountLock.TableOf(kind);

    private static string KeyOf(AccountKind kind) => kind == AccountKind.User ? "screen_name_key" : "mail_key";

    private static string ColumnsOf(AccountKind kind) => $"id, password_hash, locked_until, {(kind == AccountKind.User ? "suspended_at" : "null")}";

    private static GuessedAccount Read(Row row) => new(row.GetInt64(0), row.GetString(1), row.LongOrNull(2), !row.IsDBNull(3));
}
