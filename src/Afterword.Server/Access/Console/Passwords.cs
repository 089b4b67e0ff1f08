using Afterword.Server.People;
using Afterword.Server.Prompts;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Afterword.Server.Access.Console;

/// <summary>The passwords of people, in the framework's format.</summary>
internal static class Passwords
{
    /// <summary>The fewest characters of a password.</summary>
    public const int Least = 12;

    /// <summary>The most.</summary>
    public const int Most = 1_000;

    private static readonly PasswordHasher<Passwordless> s_hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Accounts.HashRounds }));

    public static string Hash(string password) => s_hasher.HashPassword(Passwordless.One, password);

    public static bool Matches(string hash, string password) => s_hasher.VerifyHashedPassword(Passwordless.One, hash, password) != PasswordVerificationResult.Failed;

    /// <summary>What a new password must be, when it is not that; else null.</summary>
    /// <param name="password">As it was typed.</param>
    /// <param name="mail">Whose it is to be.</param>
    public static string? WrongWith(string password, string mail) => password switch
    {
        _ when TextRules.LengthOf(password) < Least => "Choose a password of 12 characters or more.",
        { Length: > Most } => "Choose a password of at most 1,000 characters.",
        _ when password.Contains(mail, StringComparison.OrdinalIgnoreCase) || password.Distinct().Count() < 5 => "This password is too easy to guess. Choose another one.",
        _ => null,
    };

    // The framework hashes for a user and looks at nothing of it.
    private sealed class Passwordless
    {
        public static readonly Passwordless One = new();
    }
}
