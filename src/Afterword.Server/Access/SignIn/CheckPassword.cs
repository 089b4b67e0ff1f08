using System.Net;
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

/// <summary>Signs a user in by password, and locks an account after too many failures.</summary>
internal sealed class CheckPassword(UserManager<Login> users, PasswordHashes passwords, GuessGate gate)
{
    public async Task<SignInOutcome> RunAsync(string screenName, string password, IPAddress? from, CancellationToken stop) =>
        await gate.RunAsync(from, () => CheckAsync(screenName, password, stop), outcome => outcome is SignInOutcome.Wrong, stop) ?? new SignInOutcome.TooMany();

    private async Task<SignInOutcome> CheckAsync(string screenName, string password, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var login = await FindAsync(screenName);
        if (login?.PasswordHash is null || await users.IsLockedOutAsync(login))
        {
            // As slow as for an account that is open: else the time would tell which handles exist.
            passwords.WasteTime(password);
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
