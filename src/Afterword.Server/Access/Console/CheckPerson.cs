using System.Net;
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
internal sealed class CheckPerson(Store store, Settings settings, PasswordHashes passwords, GuessGate gate, TimeProvider clock)
{
    public async Task<CheckOutcome> RunAsync(string mail, string password, IPAddress? from, CancellationToken stop) =>
        await gate.RunAsync(from, () => CheckAsync(mail, password, stop), outcome => outcome is CheckOutcome.Wrong, stop) ?? new CheckOutcome.TooMany();

    private async Task<CheckOutcome> CheckAsync(string mail, string password, CancellationToken stop)
    {
        var guess = EmailAddress.TryParse(mail.Trim(), out var address) && password.Length <= Passwords.Most
            ? await store.Main.WriteAsync(session => ClaimAsync(session, address, stop), stop)
            : null;
        if (guess is null)
        {
            // As slow as for a person who is there: else the time would tell which addresses are known.
            passwords.WasteTime(password);
            return new CheckOutcome.Wrong();
        }

        if (!passwords.Matches(guess.Hash, password)) return new CheckOutcome.Wrong();

        await store.Main.WriteAsync(session => TakeBackAsync(session, guess, stop), stop);
        return new CheckOutcome.Right(guess.Id);
    }

    // Counted before it is looked at: of a hundred racing guesses five are looked at, on all nodes together.
    private Task<Guess?> ClaimAsync(Session session, EmailAddress mail, CancellationToken stop) =>
        session.Sql($"{Guesses.Claim} where mail_key = @key and password_hash is not null and {Guesses.IsOpen} returning id, password_hash, locked_until")
            .Bind("key", Persons.Key(mail.Value)).BindGuess(settings, clock).FirstAsync(row => new Guess(row.GetInt64(0), row.GetString(1), row.LongOrNull(2)), stop);

    // This one, and no more: failures with the second factor go on counting until somebody has shown both, and a lock that
    // others caused meanwhile stays.
    private static Task<int> TakeBackAsync(Session session, Guess guess, CancellationToken stop) => session.Sql(
        """
        update person set failed_sign_ins = failed_sign_ins - 1, locked_until = case when locked_until = @mine then null else locked_until end
        where id = @id and failed_sign_ins > 0
        """)
        .Bind("id", guess.Id).Bind("mine", guess.LockedUntil ?? 0).RunAsync(stop);

    private sealed record Guess(long Id, string Hash, long? LockedUntil);
}

/// <summary>Counts wrong passwords and codes of a person in the store, for all nodes and racing attempts.</summary>
internal static class Guesses
{
    // After a lock the count begins anew.
    private const string Failures = "case when locked_until is null then failed_sign_ins + 1 else 1 end";

    /// <summary>Counts one. The one that reaches the limit is still looked at, and locks what comes after it.</summary>
    public const string Claim =
        $"""
        update person set failed_sign_ins = {Failures}, locked_until = case when ({Failures}) >= @most then @until end
        """;

    /// <summary>
    /// The same for a code, which only somebody who knows the password may try. Each lock lasts twice as long as the one before,
    /// up to 256 times the first (RFC 4226, section 7.3): at five guesses in each five minutes, one of a million codes would be
    /// found within months.
    /// </summary>
    public const string ClaimCode =
        $"""
        update person set failed_sign_ins = {Failures},
            code_locks = case when ({Failures}) >= @most and code_locks < 8 then code_locks + 1 else code_locks end,
            locked_until = case when ({Failures}) >= @most then @now + (@until - @now) * (1 << code_locks) end
        """;

    public const string IsOpen = "(locked_until is null or locked_until <= @now)";

    public static Statement BindGuess(this Statement statement, Settings settings, TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        return statement.Bind("most", (long)settings.SignIn.FailuresBeforeLock)
            .Bind("until", (now + settings.SignIn.LockFor).ToUnixTimeMilliseconds()).Bind("now", now.ToUnixTimeMilliseconds());
    }

    /// <summary>Forgets the failures of somebody who has shown everything.</summary>
    public static Task<int> ForgetAsync(Session session, long personId, CancellationToken stop) =>
        session.Sql("update person set failed_sign_ins = 0, locked_until = null, code_locks = 0 where id = @id").Bind("id", personId).RunAsync(stop);
}
