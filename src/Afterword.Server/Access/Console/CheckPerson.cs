using Afterword.Server.Access.SignIn;
using Afterword.Server.Channels;

namespace Afterword.Server.Access.Console;

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
internal sealed class CheckPerson(PasswordGuesses guesses, GuessGate gate, KnownBrowsers browsers)
{
    public async Task<CheckOutcome> RunAsync(HttpContext http, string mail, string password)
    {
        var key = EmailAddress.TryParse(mail.Trim(), out var address) && password.Length <= Passwords.Most ? Persons.Key(address.Value) : PasswordGuesses.Nobody;
        var known = await guesses.FindKnownAsync(http, AccountKind.Person, key);
        return await gate.RunAsync(
            Guessed.PersonPassword, new(http.Connection.RemoteIpAddress, known is not null), () => CheckAsync(http, key, known, password), outcome => outcome is CheckOutcome.Wrong, http.RequestAborted)
            ?? new CheckOutcome.TooMany();
    }

    private async Task<CheckOutcome> CheckAsync(HttpContext http, string key, GuessedAccount? known, string password)
    {
        if (await guesses.MatchAsync(http, AccountKind.Person, key, known, password) is not { } account) return new CheckOutcome.Wrong();

        return await browsers.RememberAsync(http, AccountKind.Person, account.Id, account.Hash) ? new CheckOutcome.Right(account.Id, account.Hash) : new CheckOutcome.Wrong();
    }
}
