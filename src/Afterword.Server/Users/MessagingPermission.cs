namespace Afterword.Server.Users;

/// <summary>Who may write to whom.</summary>
internal static class MessagingPermission
{
    /// <summary>A user who takes messages from everybody.</summary>
    public const string Anyone = "anyone";

    /// <summary>A user who takes messages from accounts that the user follows or has written to.</summary>
    public const string Following = "following";

    /// <param name="accepts">The recipient's setting.</param>
    /// <param name="follows">The recipient follows the sender.</param>
    /// <param name="blocks">The recipient blocks the sender.</param>
    /// <param name="wrote">The recipient has written to the sender before.</param>
    public static bool IsOpen(string? accepts, bool follows, bool blocks, bool wrote) =>
        !blocks && (accepts == Anyone || follows || wrote);
}
