using Afterword.Server.Access.SignIn;
using Afterword.Server.Channels;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Access.Console;

/// <summary>What became of a password or a code.</summary>
internal abstract record CheckOutcome
{
    private CheckOutcome()
    {
    }

    internal sealed record Right(long PersonId) : CheckOutcome;

    /// <summary>Unknown, wrong, or locked: which of them is not told.</summary>
    internal sealed record Wrong : CheckOutcome;

    /// <summary>Too many wrong ones from this address, or more attempts at once than can be checked.</summary>
    internal sealed record TooMany : CheckOutcome;
}

/// <summary>Checks a person's password.</summary>
internal sealed class CheckPerson(Store store, Settings settings, PasswordHashes passwords, GuessGate gate, KnownBrowsers browsers, TimeProvider clock)
{
    public async Task<CheckOutcome> RunAsync(HttpContext http, string mail, string password)
    {
        var key = EmailAddress.TryParse(mail.Trim(), out var address) && password.Length <= Passwords.Most ? Persons.Key(address.Value) : null;
        var known = KnownBrowsers.MayBeKnown(http) && key is not null && await FindAsync(key, http.RequestAborted) is { } person
            && await browsers.IsKnownAsync(http, AccountKind.Person, person.Id) ? person : null;
        return await gate.RunAsync(
            Guessed.PersonPassword, new(http.Connection.RemoteIpAddress, known is not null), () => CheckAsync(http, key, known, password), outcome => outcome is CheckOutcome.Wrong, http.RequestAborted)
            ?? new CheckOutcome.TooMany();
    }

    private async Task<CheckOutcome> CheckAsync(HttpContext http, string? key, Guess? known, string password)
    {
        var stop = http.RequestAborted;
        var byBrowser = known is not null && await browsers.ClaimAsync(http, AccountKind.Person, known.Id);
        var guess = byBrowser ? known : key is null ? null : await store.Main.WriteAsync(session => ClaimAsync(session, key, stop), stop);
        if (guess is null)
        {
            // As slow as for a person who is there: else the time would tell which addresses are known.
            passwords.WasteTime(password);
            return new CheckOutcome.Wrong();
        }

        if (!passwords.Matches(guess.Hash, password)) return new CheckOutcome.Wrong();

        if (!byBrowser) await store.Main.WriteAsync(session => TakeBackAsync(session, guess, stop), stop);
        await browsers.RememberAsync(http, AccountKind.Person, guess.Id);
        return new CheckOutcome.Right(guess.Id);
    }

    private Task<Guess?> FindAsync(string key, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select id, password_hash, locked_until from person where mail_key = @key and password_hash is not null").Bind("key", key).FirstAsync(Read, stop), stop);

    // Counted before it is looked at: of a hundred racing guesses five are looked at, on all nodes together.
    private Task<Guess?> ClaimAsync(Session session, string key, CancellationToken stop) =>
        session.Sql($"update person set {Guesses.Counted} where mail_key = @key and password_hash is not null and {Guesses.IsOpen} returning id, password_hash, locked_until")
            .Bind("key", key).BindGuess(settings, clock).FirstAsync(Read, stop);

    // This one, and no more: a lock that others caused meanwhile stays.
    private static Task<int> TakeBackAsync(Session session, Guess guess, CancellationToken stop) => session.Sql(
        """
        update person set failed_sign_ins = failed_sign_ins - 1, locked_until = case when locked_until = @mine then null else locked_until end
        where id = @id and failed_sign_ins > 0
        """)
        .Bind("id", guess.Id).Bind("mine", guess.LockedUntil ?? 0).RunAsync(stop);

    private static Guess Read(Row row) => new(row.GetInt64(0), row.GetString(1), row.LongOrNull(2));

    private sealed record Guess(long Id, string Hash, long? LockedUntil);
}
