using System.Net;
using System.Threading.RateLimiting;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.People;
using Microsoft.AspNetCore.Identity;

namespace Afterword.Server.Access.SignIn;

/// <summary>What became of an attempt to sign in.</summary>
internal abstract record SignInOutcome
{
    private SignInOutcome()
    {
    }

    internal sealed record Welcome(long UserId) : SignInOutcome;

    /// <summary>The handle is unknown, the password is wrong, or the account is locked: which of them is not told.</summary>
    internal sealed record Wrong : SignInOutcome;

    /// <summary>Too many wrong passwords from this address, or more attempts at once than can be checked.</summary>
    internal sealed record TooMany : SignInOutcome;

    internal sealed record Suspended : SignInOutcome;
}

/// <summary>Signs a user in by password: locks an account and slows an address down after too many failures.</summary>
internal sealed class CheckPassword(UserManager<Login> users, Settings settings) : IDisposable
{
    // Checking a password takes a tenth of a second of a core by design, so that only a few may run at once.
    private readonly ConcurrencyLimiter _checks = new(new()
    {
        PermitLimit = Math.Max(1, Environment.ProcessorCount / 2),
        QueueLimit = 64,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    private readonly PartitionedRateLimiter<IPAddress> _failures = PartitionedRateLimiter.Create<IPAddress, IPAddress>(address =>
        RateLimitPartition.GetSlidingWindowLimiter(address, _ => new()
        {
            PermitLimit = settings.SignIn.FailuresPerMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 6,
            QueueLimit = 0,
        }));

    public async Task<SignInOutcome> RunAsync(string screenName, string password, IPAddress? from, CancellationToken stop)
    {
        using var turn = await _checks.AcquireAsync(1, stop);
        if (!turn.IsAcquired) return new SignInOutcome.TooMany();

        // Asked when it is this attempt's turn: of a thousand that came together, most find the allowance used up.
        var network = Networks.Of(from);
        using (var allowance = _failures.AttemptAcquire(network, permitCount: 0))
        {
            if (!allowance.IsAcquired) return new SignInOutcome.TooMany();
        }

        var outcome = await CheckAsync(screenName, password, stop);
        if (outcome is SignInOutcome.Wrong) _failures.AttemptAcquire(network).Dispose();
        return outcome;
    }

    public void Dispose()
    {
        _checks.Dispose();
        _failures.Dispose();
    }

    private async Task<SignInOutcome> CheckAsync(string screenName, string password, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var login = await FindAsync(screenName);
        if (login?.PasswordHash is null || await users.IsLockedOutAsync(login))
        {
            // As slow as for an account that is open: else the time would tell which handles exist.
            Accounts.WasteTime(password);
            return new SignInOutcome.Wrong();
        }

        if (!await users.CheckPasswordAsync(login, password))
        {
            await users.AccessFailedAsync(login);
            return new SignInOutcome.Wrong();
        }

        await users.ResetAccessFailedCountAsync(login);
        return login.Suspended ? new SignInOutcome.Suspended() : new SignInOutcome.Welcome(login.Id);
    }

    private Task<Login?> FindAsync(string handle)
    {
        var bare = Accounts.Bare(handle.Trim());
        return Accounts.Handle.IsMatch(bare) ? users.FindByNameAsync(Accounts.Key(bare)) : Task.FromResult<Login?>(null);
    }
}
