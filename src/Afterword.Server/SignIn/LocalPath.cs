using System.Text.RegularExpressions;

namespace Afterword.Server.SignIn;

/// <summary>Where to go on after signing in. Whoever makes a link to the sign-in page chooses it, so it never leads to another host.</summary>
internal static partial class LocalPath
{
    // Behind the first slash neither another one nor a backslash, which browsers take for one: both would begin a host.
    [GeneratedRegex(@"^/[A-Za-z0-9_@-][A-Za-z0-9_@/.=&?%-]{0,199}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Safe { get; }

    /// <returns>The path, or null when it is none of this server's.</returns>
    public static string? Read(string? text) => text is not null && Safe.IsMatch(text) ? text : null;
}
