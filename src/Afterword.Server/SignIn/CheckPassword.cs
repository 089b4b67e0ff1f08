using Afterword.Server.Users;

namespace Afterword.Server.SignIn;

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
internal sealed class CheckPassword(PasswordGuesses guesses, GuessThrottle gate, KnownBrowsers browsers)
{
    public async Task<SignInOutcome> RunAsync(HttpContext http, string screenName, string password)
    {
        var bare = UserAccounts.Bare(screenName.Trim());
        var key = UserAccounts.Handle.IsMatch(bare) ? UserAccounts.Key(bare) : PasswordGuesses.Nobody;
        var guess = await guesses.BeginAsync(http, AccountKind.User, key, password);
        var who = new Guesser(http.Connection.RemoteIpAddress, guess.IsKnown);
        if (await gate.CompareAsync(GuessKind.UserPassword, who, () => guesses.Matches(guess), http.RequestAborted) is not { } isRight) return new SignInOutcome.TooMany();

        var outcome = await SettleAsync(http, guess, isRight);
        if (isRight && outcome is SignInOutcome.Wrong) gate.Count(GuessKind.UserPassword, who);
        return outcome;
    }

    private async Task<SignInOutcome> SettleAsync(HttpContext http, PasswordGuess guess, bool isRight)
    {
        if (await guesses.SettleAsync(http, guess, isRight) is not { } account) return new SignInOutcome.Wrong();
        if (account.IsSuspended) return new SignInOutcome.Suspended();

        return await browsers.RememberAsync(http, AccountKind.User, account.Id, account.Hash) ? new SignInOutcome.Welcome(account.Id, account.Hash) : new SignInOutcome.Wrong();
    }
}
