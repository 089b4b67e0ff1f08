namespace Afterword.Server.Messages.Inbox;

/// <summary>A conversation in a user's list.</summary>
/// <param name="ScreenName">The other one's handle.</param>
/// <param name="Name">The other one's name.</param>
/// <param name="Last">The newest message, of either side; without its text when the user took it out of the list.</param>
/// <param name="IsUnread">The newest message came in after the user looked last.</param>
/// <param name="HasCard">A request of the other one waits for an answer.</param>
internal sealed record InboxConversation(string ScreenName, string Name, Message Last, bool IsUnread, bool HasCard);

/// <summary>A range of the list.</summary>
/// <param name="InboxConversations">Newest first.</param>
/// <param name="Next">Messages below this id belong to the range that follows; null at the end.</param>
internal sealed record InboxConversationPage(IReadOnlyList<InboxConversation> InboxConversations, long? Next);
