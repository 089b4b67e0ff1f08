namespace Afterword.Server.Messages.Inbox;

/// <summary>Where the pages of Messages are.</summary>
internal static class InboxAddress
{
    public const string List = "/messages";
    public const string New = "/messages/new";
    public const string Settings = "/messages/settings";
    public const string Offline = "/messages/offline";

    private static readonly string[] s_pages = ["live", "new", "settings", "offline"];

    /// <summary>The conversation with a user. The @ keeps handles apart that are the name of a page.</summary>
    public static string Of(string screenName) => s_pages.Contains(screenName, StringComparer.OrdinalIgnoreCase) ? $"{List}/@{screenName}" : $"{List}/{screenName}";

    /// <summary>A conversation with one request on top.</summary>
    public static string OfCard(string screenName, long prompt) => FormattableString.Invariant($"{Of(screenName)}?card={prompt}");
}
