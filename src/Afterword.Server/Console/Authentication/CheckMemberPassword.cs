using Afterword.Server.Channels;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;

namespace Afterword.Server.Console.Authentication;

/// <summary>What became of a password or a code.</summary>
internal abstract record CheckOutcome
{
    private CheckOutcome()
    {
    }

    /// <param name="PersonId">Who it is.</param>
    /// <param name="PasswordHash">The stored hash that the password matched, on which whatever comes of it depends; null for a second factor.</param>
    internal sealed record Right(long PersonId, string? PasswordHash) : CheckOutcome;

    /// <summary>Unknown, wrong, or locked: which of them is not told.</summary>
    internal sealed record Wrong : CheckOutcome;

    /// <summary>Too many wrong ones from this address, or more attempts at once than can be checked.</summary>
    internal sealed record TooMany : CheckOutcome;
}

/// <summary>Checks a person's password.</summary>
internal sealed class CheckMemberPassword(PasswordGuesses guesses, GuessThrottle gate, KnownBrowsers browsers)
{
    public async Task<CheckOutcome> RunAsync(HttpContext http, string email, string password)
    {
        var key = EmailAddress.TryParse(email.Trim(), out var address) && password.Length <= PasswordRules.Most ? Memberships.Key(address.Value) : PasswordGuesses.Nobody;
        var guess = await guesses.BeginAsync(http, AccountKind.Person, key, password);
        var who = new Guesser(http.Connection.RemoteIpAddress, guess.IsKnown);
        if (await gate.CompareAsync(GuessKind.PersonPassword, who, () => guesses.Matches(guess), http.RequestAborted) is not { } isRight) return new CheckOutcome.TooMany();

        var outcome = await SettleAsync(http, guess, isRight);
        if (isRight && outcome is CheckOutcome.Wrong) gate.Count(GuessKind.PersonPassword, who);
        return outcome;
    }

    private async Task<CheckOutcome> SettleAsync(HttpContext http, PasswordGuess guess, bool isRight)
    {
        if (await guesses.SettleAsync(http, guess, isRight) is not { } account) return new CheckOutcome.Wrong();

        return await browsers.RememberAsync(http, AccountKind.Person, account.Id, account.Hash) ? new CheckOutcome.Right(account.Id, account.Hash) : new CheckOutcome.Wrong();
    }
}
