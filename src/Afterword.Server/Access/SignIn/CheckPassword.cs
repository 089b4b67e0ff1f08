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

/// <summary>Signs a user in by password, and locks an account after too many failures, but for browsers that are known.</summary>
internal sealed class CheckPassword(UserManager<Login> users, PasswordHashes passwords, GuessGate gate, KnownBrowsers browsers)
{
    public async Task<SignInOutcome> RunAsync(HttpContext http, string screenName, string password)
    {
        var known = KnownBrowsers.MayBeKnown(http) && await FindAsync(screenName) is { } login && await browsers.IsKnownAsync(http, AccountKind.User, login.Id);
        return await gate.RunAsync(
            Guessed.UserPassword, new(http.Connection.RemoteIpAddress, known), () => CheckAsync(http, screenName, password, known), outcome => outcome is SignInOutcome.Wrong, http.RequestAborted)
            ?? new SignInOutcome.TooMany();
    }

    private async Task<SignInOutcome> CheckAsync(HttpContext http, string screenName, string password, bool known)
    {
        http.RequestAborted.ThrowIfCancellationRequested();
        var login = await FindAsync(screenName);
        var byBrowser = known && login is not null && await browsers.ClaimAsync(http, AccountKind.User, login.Id);
        if (login?.PasswordHash is null || (!byBrowser && await users.IsLockedOutAsync(login)))
        {
            // As slow as for an account that is open: else the time would tell which handles exist.
            passwords.WasteTime(password);
            return new SignInOutcome.Wrong();
        }

        if (!await users.CheckPasswordAsync(login, password))
        {
            if (!byBrowser) await users.AccessFailedAsync(login);
            return new SignInOutcome.Wrong();
        }

        if (!byBrowser) await users.ResetAccessFailedCountAsync(login);
        if (login.Suspended) return new SignInOutcome.Suspended();

        await browsers.RememberAsync(http, AccountKind.User, login.Id);
        return new SignInOutcome.Welcome(login.Id);
    }

    private Task<Login?> FindAsync(string handle)
    {
        var bare = Accounts.Bare(handle.Trim());
        return Accounts.Handle.IsMatch(bare) ? users.FindByNameAsync(Accounts.Key(bare)) : Task.FromResult<Login?>(null);
    }
}
