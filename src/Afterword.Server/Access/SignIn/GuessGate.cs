using System.Net;
using System.Threading.RateLimiting;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;

namespace Afterword.Server.Access.SignIn;

/// <summary>What somebody may be guessing. Wrong ones of one kind do not use up what an address is allowed of the others.</summary>
internal enum Guessed
{
    UserPassword,
    PersonPassword,
    Code,
}

/// <summary>Who tries.</summary>
/// <param name="Address">Where from.</param>
/// <param name="IsKnown">Whether it is a browser of this account, see <see cref="KnownBrowsers"/>: its failures are counted by themselves.</param>
internal readonly record struct Guesser(IPAddress? Address, bool IsKnown);

/// <summary>Slows an address down after too many wrong passwords or codes, for whatever accounts, and lets few passwords be hashed at once.</summary>
internal sealed class GuessGate(Settings settings, PasswordHashes passwords, HashTurns turns) : IDisposable
{
    private readonly PartitionedRateLimiter<IPAddress>[] _failures = [.. Enum.GetValues<Guessed>().Select(_ => PartitionedRateLimiter.Create<IPAddress, IPAddress>(address =>
        RateLimitPartition.GetSlidingWindowLimiter(address, _ => new()
        {
            PermitLimit = settings.SignIn.FailuresPerMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 6,
            QueueLimit = 0,
        })))];

    /// <param name="what">What it is about.</param>
    /// <param name="who">Who tries.</param>
    /// <param name="check">Looks whether it is right.</param>
    /// <param name="isWrong">Whether its outcome counts against the address.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>What <paramref name="check"/> gave, or the default when it was not asked: too many attempts.</returns>
    public async Task<T?> RunAsync<T>(Guessed what, Guesser who, Func<Task<T>> check, Func<T, bool> isWrong, CancellationToken stop)
        where T : class
    {
        var address = Networks.Of(who.Address);
        if (what != Guessed.Code)
        {
            using var turn = await turns.TakeAsync(LaneOf(what, who), address, who.IsKnown ? 0 : FailuresOf(what, address), stop);
            return turn is null ? null : await CheckAsync();
        }

        // Nothing is hashed for a code.
        return await CheckAsync();

        async Task<T?> CheckAsync()
        {
            if (who.IsKnown) return await check();

            // Asked when it is this attempt's turn: of a thousand that came together, most find the allowance used up.
            using (var allowance = _failures[(int)what].AttemptAcquire(address, permitCount: 0))
            {
                if (!allowance.IsAcquired) return null;
            }

            var outcome = await check();
            if (isWrong(outcome)) _failures[(int)what].AttemptAcquire(address).Dispose();
            return outcome;
        }
    }

    /// <summary>Hashes a new password when it is its turn: whoever sends many takes no more of the processors than whoever guesses.</summary>
    /// <returns>The hash; null when too many wait. The answer then says when to come again.</returns>
    public async Task<PasswordHash?> HashAsync(HttpContext http, string password)
    {
        using var turn = await turns.TakeAsync(Lane.NewPasswords, Networks.Of(http.Connection.RemoteIpAddress), failures: 0, http.RequestAborted);
        if (turn is not null) return new(passwords.Hash(password));

        http.Response.Headers.RetryAfter = "60";
        return null;
    }

    private long FailuresOf(Guessed what, IPAddress address) =>
        settings.SignIn.FailuresPerMinute - (_failures[(int)what].GetStatistics(address)?.CurrentAvailablePermits ?? settings.SignIn.FailuresPerMinute);

    public void Dispose() => Array.ForEach(_failures, limiter => limiter.Dispose());

    private static Lane LaneOf(Guessed what, Guesser who) => (what, who.IsKnown) switch
    {
        (Guessed.UserPassword, true) => Lane.KnownUsers,
        (Guessed.UserPassword, false) => Lane.Users,
        (_, true) => Lane.KnownPeople,
        _ => Lane.People,
    };
}
