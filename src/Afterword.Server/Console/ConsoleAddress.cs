using Afterword.Server.SignIn;

namespace Afterword.Server.Console;

/// <summary>Where the console's own pages are.</summary>
internal static class ConsoleAddress
{
    public const string Root = "/console";
    public const string SignIn = "/console/sign-in";
    public const string SecondFactor = "/console/second-factor";
    public const string SetUp = "/console/admin/set-up";

    /// <summary>The page to sign in on, and to go on from.</summary>
    /// <param name="back">Where the person was going; an address that is none of the console's is not followed.</param>
    public static string SignInFor(string? back) => With(SignIn, back);

    /// <inheritdoc cref="SignInFor"/>
    public static string SecondFactorFor(string? back) => With(SecondFactor, back);

    /// <summary>Reads where to go on: a path of the console, or null.</summary>
    public static string? ReadBack(string? text) =>
        LocalPath.Read(text) is { } path && (path == Root || path.StartsWith(Root + "/", StringComparison.Ordinal)) ? path : null;

    private static string With(string address, string? back) =>
        ReadBack(back) is { } path && path != Root ? $"{address}?back={Uri.EscapeDataString(path)}" : address;
}
