using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Afterword.Server.SignIn;

/// <summary>A new password, hashed: by <see cref="GuessThrottle.HashAsync"/> for whoever comes through the network.</summary>
internal sealed record PasswordHash(string Text);

/// <summary>Hashes the passwords of users and of people of the console, in the framework's format.</summary>
internal sealed class PasswordHashes
{
    /// <summary>OWASP's metric for PBKDF2-HMAC-SHA512; the framework's own is 100,000.</summary>
    public const int Rounds = 210_000;

    private readonly PasswordHasher<User> _hasher;
    private readonly Lazy<string> _unknown;

    /// <param name="rounds">The rounds of a new hash.</param>
    public PasswordHashes(int rounds = Rounds)
    {
        _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = rounds }));
        _unknown = new(() => Hash(""));
    }

    /// <summary>Takes a tenth of a second of a core, by design: never inside a transaction.</summary>
    public string Hash(string password) => _hasher.HashPassword(User.Any, password);

    /// <summary>Whether a password is right.</summary>
    /// <param name="hash">What is stored.</param>
    /// <param name="password">What was typed.</param>
    /// <param name="renewed">What to store in its place; null unless it was hashed with fewer rounds than are usual now.</param>
    public bool Matches(string hash, string password, out PasswordHash? renewed)
    {
        var found = _hasher.VerifyHashedPassword(User.Any, hash, password);
        renewed = found == PasswordVerificationResult.SuccessRehashNeeded ? new(Hash(password)) : null;
        return found != PasswordVerificationResult.Failed;
    }

    /// <summary>Takes as long as checking a password.</summary>
    public void WasteTime(string password) => _hasher.VerifyHashedPassword(User.Any, _unknown.Value, password);

    // The framework hashes for a user and looks at nothing of it.
    private sealed class User
    {
        public static readonly User Any = new();
    }
}
