using System.Globalization;
using System.Text.Json.Serialization;
using Afterword.Server.Languages;

namespace Afterword.Server.Messages.Inbox.Pages;

/// <summary>Every word of Messages in one language. A word may hold <c>{name}</c>, <c>{text}</c> or <c>{count}</c>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MessagesTexts : Texts
{
    internal static readonly Section<MessagesTexts> All = new("messages", MessagesTextsJson.Default.MessagesTexts);

    public required string Title { get; init; }
    public required string Skip { get; init; }
    public required string Conversations { get; init; }
    public required string NewMessage { get; init; }
    public required string Settings { get; init; }
    public required string Unread { get; init; }
    public required string HasCard { get; init; }
    public required string YouSaid { get; init; }
    public required string EmptyTitle { get; init; }
    public required string Empty { get; init; }
    public required string OlderConversations { get; init; }
    public required string NewestConversations { get; init; }
    public required string Choose { get; init; }

    public required string Back { get; init; }
    public required string Log { get; init; }
    public required string EarlierMessages { get; init; }
    public required string NewestMessages { get; init; }
    public required string NothingKept { get; init; }
    public required string You { get; init; }
    public required Counted MoreCards { get; init; }
    public required string NewTab { get; init; }
    public required string Menu { get; init; }
    public required string Follow { get; init; }
    public required string Unfollow { get; init; }
    public required string Block { get; init; }
    public required string Unblock { get; init; }
    public required string FollowsYou { get; init; }
    public required string YouFollow { get; init; }
    public required string StopAsking { get; init; }
    public required string AskAgain { get; init; }
    public required string StoppedAsking { get; init; }

    public required string WriteTo { get; init; }
    public required string Send { get; init; }
    public required string TextBlank { get; init; }
    public required string TextForbidden { get; init; }
    public required string TextTooLong { get; init; }
    public required string NotSent { get; init; }
    public required string TooOld { get; init; }
    public required string LimitReached { get; init; }
    public required string CannotWrite { get; init; }
    public required string PeerSuspended { get; init; }
    public required string YouBlock { get; init; }
    public required string SignedOut { get; init; }

    public required string Handle { get; init; }
    public required string HandleHint { get; init; }
    public required string Message { get; init; }
    public required string Nobody { get; init; }
    public required string Yourself { get; init; }
    public required string GoOn { get; init; }

    public required string WhoMayWrite { get; init; }
    public required string Anyone { get; init; }
    public required string AccountsFollowed { get; init; }
    public required string WhoMayWriteHint { get; init; }
    public required string YourLanguage { get; init; }
    public required string BrowserLanguage { get; init; }
    public required string Save { get; init; }
    public required string Saved { get; init; }
    public required string Silenced { get; init; }
    public required string SilencedNone { get; init; }
    public required string AllowAgain { get; init; }
    public required string AllowAgainOf { get; init; }
    public required string Account { get; init; }
    public required string PasswordAndVisits { get; init; }
    public required string Apps { get; init; }
    public required string SignOut { get; init; }

    public required string UnknownTitle { get; init; }
    public required string Unknown { get; init; }
    public required string OfflineTitle { get; init; }
    public required string Offline { get; init; }
    public required string TryAgain { get; init; }
    public required string Connecting { get; init; }
    public required string RefusedTitle { get; init; }
    public required string Refused { get; init; }
    public required string OpenAnew { get; init; }

    /// <summary>Puts a name into a word. The name keeps its own writing direction: U+2068 and U+2069 isolate it where no markup can.</summary>
    internal static string Named(string word, string name) => word.Replace("{name}", $"\u2068{name}\u2069", StringComparison.Ordinal);

    internal string TooLong(int count) => TextTooLong.Replace("{count}", count.ToString("N0", CultureInfo.InvariantCulture), StringComparison.Ordinal);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MessagesTexts))]
internal sealed partial class MessagesTextsJson : JsonSerializerContext;
