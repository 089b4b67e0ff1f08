using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Afterword.Server.Access.SignIn;

/// <summary>A new password, hashed: by <see cref="GuessGate.HashAsync"/> for whoever comes through the network.</summary>
internal sealed record PasswordHash(string Text);

/// <summary>Hashes the passwords of users and of people of the console, in the framework's format.</summary>
internal sealed class PasswordHashes
{
    /// <summary>OWASP's figure for PBKDF2-HMAC-SHA512; the framework's own is 100,000.</summary>
    public const int Rounds = 210_000;

    private readonly IOptions<PasswordHasherOptions> _options;
    private readonly PasswordHasher<User> _hasher;
    private readonly Lazy<string> _unknown;

    /// <param name="rounds">The rounds of a new hash.</param>
    public PasswordHashes(int rounds = Rounds)
    {
        _options = Options.Create(new PasswordHasherOptions { IterationCount = rounds });
        _hasher = ForFramework<User>();
        _unknown = new(() => Hash(""));
    }

    /// <summary>The framework's hasher, for its <see cref="UserManager{TUser}"/>.</summary>
    public PasswordHasher<TUser> ForFramework<TUser>()
        where TUser : class => new(_options);

    /// <summary>Takes a tenth of a second of a core, by design: never inside a transaction.</summary>
    public string Hash(string password) => _hasher.HashPassword(User.Any, password);

    public bool Matches(string hash, string password) => _hasher.VerifyHashedPassword(User.Any, hash, password) != PasswordVerificationResult.Failed;

    /// <summary>Takes as long as checking a password.</summary>
    public void WasteTime(string password) => _hasher.VerifyHashedPassword(User.Any, _unknown.Value, password);

    // The framework hashes for a user and looks at nothing of it.
    private sealed class User
    {
        public static readonly User Any = new();
    }
}
