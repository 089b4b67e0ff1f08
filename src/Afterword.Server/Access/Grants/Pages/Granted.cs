namespace Afterword.Server.Access.Grants.Pages;

/// <summary>What each permission means, in the words of the one who gives it.</summary>
internal static class Granted
{
    private const string Look = "See your name and handle, and whom you follow";
    private const string Act = "Follow and block accounts for you";
    private const string Write = "Read and send direct messages in your name";
    private const string Ask = "Ask for feedback and answer it in your name";
    private const string Password = "See or change your password";

    public static string[] Can(Permission permission) => permission switch
    {
        Permission.Read => [Look],
        Permission.Write => [Look, Act],
        _ => [Look, Act, Write, Ask],
    };

    public static string[] Cannot(Permission permission) => permission switch
    {
        Permission.Read => [Act, Write, Password],
        Permission.Write => [Write, Password],
        _ => [Password],
    };

    /// <summary>The same in few words, for a list.</summary>
    public static string InShort(Permission permission) => permission switch
    {
        Permission.Read => "May read",
        Permission.Write => "May read, follow and block",
        _ => "May read, follow, block, and write messages",
    };
}
