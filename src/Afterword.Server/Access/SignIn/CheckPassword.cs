using Afterword.Server.People;

namespace Afterword.Server.Access.SignIn;

/// <summary>What became of an attempt to sign in.</summary>
internal abstract record SignInOutcome
{
    private SignInOutcome()
    {
    }

    /// <param name="UserId">Who it is.</param>
    /// <param name="PasswordHash">The stored hash that the password matched, on which whatever comes of it depends; null for a code.</param>
    internal sealed record Welcome(long UserId, string? PasswordHash) : SignInOutcome;

    /// <summary>The handle is unknown, the password is wrong, or the account is locked: which of them is not told.</summary>
    internal sealed record Wrong : SignInOutcome;

    /// <summary>Too many wrong passwords from this address, or more attempts at once than can be checked.</summary>
    internal sealed record TooMany : SignInOutcome;

    internal sealed record Suspended : SignInOutcome;
}

/// <summary>Signs a user in by password, and locks an account after too many failures, but for browsers that are known.</summary>
internal sealed class CheckPassword(PasswordGuesses guesses, GuessGate gate, KnownBrowsers browsers)
{
    public async Task<SignInOutcome> RunAsync(HttpContext http, string screenName, string password)
    {
        var bare = Accounts.Bare(screenName.Trim());
        var key = Accounts.Handle.IsMatch(bare) ? Accounts.Key(bare) : PasswordGuesses.Nobody;
        var known = await guesses.FindKnownAsync(http, AccountKind.User, key);
        return await gate.RunAsync(
            Guessed.UserPassword, new(http.Connection.RemoteIpAddress, known is not null), () => CheckAsync(http, key, known, password), outcome => outcome is SignInOutcome.Wrong, http.RequestAborted)
            ?? new SignInOutcome.TooMany();
    }

    private async Task<SignInOutcome> CheckAsync(HttpContext http, string key, GuessedAccount? known, string password)
    {
        http.RequestAborted.ThrowIfCancellationRequested();
        if (await guesses.MatchAsync(http, AccountKind.User, key, known, password) is not { } account) return new SignInOutcome.Wrong();
        if (account.IsSuspended) return new SignInOutcome.Suspended();

        return await browsers.RememberAsync(http, AccountKind.User, account.Id, account.Hash) ? new SignInOutcome.Welcome(account.Id, account.Hash) : new SignInOutcome.Wrong();
    }
}
