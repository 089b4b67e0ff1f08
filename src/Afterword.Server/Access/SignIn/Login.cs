using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Identity;

namespace Afterword.Server.Access.SignIn;

/// <summary>What signing in needs to know of an account. Changed by the framework's <see cref="UserManager{TUser}"/>.</summary>
internal sealed class Login
{
    public required long Id { get; init; }

    public required string ScreenName { get; init; }

    public required string Name { get; init; }

    public required bool Suspended { get; init; }

    public required string? PasswordHash { get; set; }

    /// <summary>The hash as it was read: a renewed one replaces only that.</summary>
    public required string? StoredHash { get; init; }

    public required DateTimeOffset? LockedUntil { get; set; }
}

/// <summary>The framework's sign-in over our accounts. Failures are counted in the store, for all nodes and racing attempts.</summary>
internal sealed class Logins(Store store, Settings settings, TimeProvider clock) : IUserPasswordStore<Login>, IUserLockoutStore<Login>
{
    private const string Columns = "id, screen_name, name, suspended_at, password_hash, locked_until";

    public Task<Login?> FindByIdAsync(string userId, CancellationToken cancellationToken) => store.Main.ReadAsync(
        session => session.Sql($"select {Columns} from account where id = @id").Bind("id", long.Parse(userId, System.Globalization.CultureInfo.InvariantCulture)).FirstAsync(Read, cancellationToken),
        cancellationToken);

    public Task<Login?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) => store.Main.ReadAsync(
        session => session.Sql($"select {Columns} from account where screen_name_key = @key").Bind("key", normalizedUserName).FirstAsync(Read, cancellationToken),
        cancellationToken);

    /// <summary>Stores a renewed hash and the end of a lock; the count of failures has statements of its own.</summary>
    public async Task<IdentityResult> UpdateAsync(Login user, CancellationToken cancellationToken)
    {
        await store.Main.WriteAsync(
            session => session.Sql(
                """
                update account set locked_until = @until,
                    password_hash = case when password_hash = @was then @hash else password_hash end
                where id = @id
                """)
                .Bind("hash", user.PasswordHash).Bind("was", user.StoredHash).Bind("until", user.LockedUntil?.ToUnixTimeMilliseconds()).Bind("id", user.Id).RunAsync(cancellationToken),
            cancellationToken);
        return IdentityResult.Success;
    }

    public Task<int> IncrementAccessFailedCountAsync(Login user, CancellationToken cancellationToken) => store.Main.WriteAsync(
        session => session.Sql("update account set failed_sign_ins = failed_sign_ins + 1 where id = @id returning failed_sign_ins")
            .Bind("id", user.Id).FirstAsync(row => (int)row.GetInt64(0), cancellationToken),
        cancellationToken);

    public Task ResetAccessFailedCountAsync(Login user, CancellationToken cancellationToken) => store.Main.WriteAsync(
        session => session.Sql("update account set failed_sign_ins = 0 where id = @id and failed_sign_ins > 0").Bind("id", user.Id).RunAsync(cancellationToken),
        cancellationToken);

    public Task<int> GetAccessFailedCountAsync(Login user, CancellationToken cancellationToken) => store.Main.ReadAsync(
        session => session.Sql("select failed_sign_ins from account where id = @id").Bind("id", user.Id).FirstAsync(row => (int)row.GetInt64(0), cancellationToken),
        cancellationToken);

    public Task<string> GetUserIdAsync(Login user, CancellationToken cancellationToken) => Task.FromResult(user.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public Task<string?> GetUserNameAsync(Login user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.ScreenName);

    public Task<string?> GetNormalizedUserNameAsync(Login user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.ScreenName.ToLowerInvariant());

    public Task<string?> GetPasswordHashAsync(Login user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash);

    public Task<bool> HasPasswordAsync(Login user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash is not null);

    // The framework compares with the machine's clock; whether an account is locked is told by ours.
    public Task<DateTimeOffset?> GetLockoutEndDateAsync(Login user, CancellationToken cancellationToken) =>
        Task.FromResult<DateTimeOffset?>(user.LockedUntil > clock.GetUtcNow() ? DateTimeOffset.MaxValue : null);

    public Task<bool> GetLockoutEnabledAsync(Login user, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task SetPasswordHashAsync(Login user, string? passwordHash, CancellationToken cancellationToken) => Set(() => user.PasswordHash = passwordHash);

    public Task SetLockoutEndDateAsync(Login user, DateTimeOffset? lockoutEnd, CancellationToken cancellationToken) => Set(() => user.LockedUntil = lockoutEnd is null ? null : clock.GetUtcNow() + settings.SignIn.LockFor);

    // Handles are kept and folded by Accounts; everybody can be locked out.
    public Task SetNormalizedUserNameAsync(Login user, string? normalizedName, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SetLockoutEnabledAsync(Login user, bool enabled, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SetUserNameAsync(Login user, string? userName, CancellationToken cancellationToken) => throw new NotSupportedException("Handles do not change.");

    public Task<IdentityResult> CreateAsync(Login user, CancellationToken cancellationToken) => throw new NotSupportedException("Accounts adds accounts.");

    public Task<IdentityResult> DeleteAsync(Login user, CancellationToken cancellationToken) => throw new NotSupportedException("Accounts are not deleted.");

    public void Dispose()
    {
    }

    private static Login Read(Row row) => new()
    {
        Id = row.GetInt64(0),
        ScreenName = row.GetString(1),
        Name = row.GetString(2),
        Suspended = !row.IsDBNull(3),
        PasswordHash = row.TextOrNull(4),
        StoredHash = row.TextOrNull(4),
        LockedUntil = row.LongOrNull(5) is { } until ? DateTimeOffset.FromUnixTimeMilliseconds(until) : null,
    };

    private static Task Set(Action set)
    {
        set();
        return Task.CompletedTask;
    }
}
