using Afterword.Server.Prompts;

namespace Afterword.Server.Access.Console;

/// <summary>What a password of the console must be.</summary>
internal static class Passwords
{
    /// <summary>The fewest characters of a password.</summary>
    public const int Least = 12;

    /// <summary>The most.</summary>
    public const int Most = 1_000;

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
}
