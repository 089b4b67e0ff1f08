using Afterword.Server.SignIn;

namespace Afterword.Server.Messages.Inbox.Pages;

/// <summary>What every page of Messages shows around its own content.</summary>
/// <param name="Live">The stream that tells what is new; null on pages where nothing can be.</param>
public sealed record InboxFrame(MessagesTexts Words, SignedInUser User, FormToken Token, ListView List, string? Live);

/// <summary>The list of conversations.</summary>
/// <param name="Older">Where the list goes on; null at its end.</param>
/// <param name="IsNewest">Whether it begins with the newest.</param>
public sealed record ListView(IReadOnlyList<ConversationLine> Lines, string? Older, bool IsNewest);

/// <summary>A conversation in the list.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Text">The newest message.</param>
/// <param name="IsOwn">The visitor wrote it.</param>
/// <param name="IsCurrent">It is the one on the page.</param>
public sealed record ConversationLine(
    string Address, string ScreenName, string Name, string Text, bool IsOwn, DateTimeOffset At, bool IsUnread, bool HasCard, bool IsCurrent);

/// <summary>A conversation on its page.</summary>
/// <param name="Address">Where it is, and where its forms go.</param>
/// <param name="Earlier">Where the messages before these are; null when there are none.</param>
/// <param name="IsNewest">Whether the newest messages are on the page.</param>
/// <param name="Card">The markup of the card above the composer, if there is one.</param>
/// <param name="IsCardDone">There is nothing left to answer on it: it thanks, or says that it is closed.</param>
/// <param name="MoreCards">Other requests that wait.</param>
/// <param name="Closed">Why the visitor cannot write; null where it can.</param>
/// <param name="Typed">What was written and not sent.</param>
/// <param name="Problem">Why it was not sent.</param>
public sealed record ThreadView(
    string Address, PeerView Peer, IReadOnlyList<MessageBubble> Bubbles, string? Earlier, bool IsNewest, string? Card, bool IsCardDone, IReadOnlyList<CardLine> MoreCards,
    string? Closed, string? Typed, string? Problem);

/// <summary>The other one of a conversation.</summary>
/// <param name="Asks">It has asked for feedback, or may not any more: so there is something to allow or to stop.</param>
public sealed record PeerView(string ScreenName, string Name, bool CanFollow, bool Following, bool FollowedBy, bool Blocking, bool Asks, bool OptedOut);

/// <summary>A message in a conversation.</summary>
public sealed record MessageBubble(string Id, string Text, bool IsOwn, DateTimeOffset At);

/// <summary>A request that waits behind the one that is shown.</summary>
public sealed record CardLine(string Address, string Question);

/// <summary>An account that may not ask the visitor.</summary>
public sealed record SilencedLine(string Id, string ScreenName, string Name);
