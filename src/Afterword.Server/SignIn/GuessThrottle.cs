using System.Net;
using System.Threading.RateLimiting;
using Afterword.Server.Configuration;
using Afterword.Server.Limits;

namespace Afterword.Server.SignIn;

/// <summary>What someone may be guessing. Wrong ones of one kind do not use up what an address is allowed of the others.</summary>
internal enum GuessKind
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
internal sealed class GuessThrottle(Settings settings, PasswordHashes passwords, HashScheduler turns) : IDisposable
{
    private readonly PartitionedRateLimiter<IPAddress>[] _failures = [.. Enum.GetValues<GuessKind>().Select(_ => PartitionedRateLimiter.Create<IPAddress, IPAddress>(address =>
        RateLimitPartition.GetSlidingWindowLimiter(address, _ => new()
        {
            PermitLimit = settings.SignIn.FailuresPerMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 6,
            QueueLimit = 0,
        })))];

    /// <summary>Compares a password when it is its turn.</summary>
    /// <param name="what">Whose.</param>
    /// <param name="who">Who tries.</param>
    /// <param name="matches">Hashes what was typed and compares it. Nothing else: a store that hangs must keep no turn.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Whether it is right; null when it was not compared, after too many attempts.</returns>
    public async Task<bool?> CompareAsync(GuessKind what, Guesser who, Func<bool> matches, CancellationToken stop)
    {
        var address = Networks.Of(who.Address);
        using var slot = await turns.TakeAsync(QueueOf(what, who), address, who.IsKnown ? 0 : FailuresOf(what, address), stop);

        // Asked when it is this attempt's turn: of a thousand that came together, most find the allowance used up.
        if (slot is null || !MayTry(what, who)) return null;

        var isRight = matches();
        if (!isRight) Count(what, who);
        return isRight;
    }

    /// <summary>Looks at a code, for which nothing is hashed.</summary>
    /// <param name="from">Who tries.</param>
    /// <param name="check">Looks whether it is right.</param>
    /// <param name="isWrong">Whether its outcome counts against the address.</param>
    /// <returns>What <paramref name="check"/> gave, or null when it was not asked: too many attempts.</returns>
    public async Task<T?> CheckCodeAsync<T>(IPAddress? from, Func<Task<T>> check, Func<T, bool> isWrong)
        where T : class
    {
        var who = new Guesser(from, IsKnown: false);
        if (!MayTry(GuessKind.Code, who)) return null;

        var outcome = await check();
        if (isWrong(outcome)) Count(GuessKind.Code, who);
        return outcome;
    }

    /// <summary>Counts a wrong one against the address, unless the browser is known.</summary>
    public void Count(GuessKind what, Guesser who)
    {
        if (!who.IsKnown) _failures[(int)what].AttemptAcquire(Networks.Of(who.Address)).Dispose();
    }

    /// <summary>Hashes a new password when it is its turn: whoever sends many takes no more of the processors than whoever guesses.</summary>
    /// <returns>The hash; null when too many wait. The answer then says when to come again.</returns>
    public async Task<PasswordHash?> HashAsync(HttpContext http, string password)
    {
        using var slot = await turns.TakeAsync(HashQueue.NewPasswords, Networks.Of(http.Connection.RemoteIpAddress), failures: 0, http.RequestAborted);
        if (slot is not null) return new(passwords.Hash(password));

        http.Response.Headers.RetryAfter = "60";
        return null;
    }

    private bool MayTry(GuessKind what, Guesser who)
    {
        if (who.IsKnown) return true;

        using var allowance = _failures[(int)what].AttemptAcquire(Networks.Of(who.Address), permitCount: 0);
        return allowance.IsAcquired;
    }

    private long FailuresOf(GuessKind what, IPAddress address) =>
        settings.SignIn.FailuresPerMinute - (_failures[(int)what].GetStatistics(address)?.CurrentAvailablePermits ?? settings.SignIn.FailuresPerMinute);

    public void Dispose() => Array.ForEach(_failures, limiter => limiter.Dispose());

    private static HashQueue QueueOf(GuessKind what, Guesser who) => (what, who.IsKnown) switch
    {
        (GuessKind.UserPassword, true) => HashQueue.KnownUsers,
        (GuessKind.UserPassword, false) => HashQueue.Users,
        (_, true) => HashQueue.KnownPeople,
        _ => HashQueue.People,
    };
}
