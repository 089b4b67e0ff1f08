using System.Globalization;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Messages.Inbox.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.SignIn;
using Afterword.Server.Users;
using Microsoft.Extensions.Primitives;

namespace Afterword.Server.Messages.Inbox;

/// <summary>What became of something the visitor wrote, on the page it was written on.</summary>
/// <param name="Problem">Why it was not sent.</param>
/// <param name="Typed">What was written, so that nothing is lost.</param>
internal sealed record UnsentMessage(int Status, string Problem, string Typed);

/// <summary>Shows the pages of Messages.</summary>
internal sealed class InboxPages(InboxConversations inboxConversations, ReadThread threads, InboxCards cards, InboxVersions marks, UserPreferences userPreferences, SignedForms signedForms)
{
    // Its own stylesheet, script, images, manifest and offline helper; forms and calls to itself alone; in nobody's frame.
    private const string Policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; manifest-src 'self'; worker-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public static MessagesTexts WordsFor(HttpContext http, SignedInUser? user) => MessagesTexts.All.In(http.LanguageFor(user?.Language));

    public async Task ShowListAsync(HttpContext http, SignedInUser user)
    {
        var before = IdOf(http.Request.Query["before"]) ?? long.MaxValue;
        await ShowAsync<ListPage>(http, 200, new() { [nameof(ListPage.Frame)] = await FrameAsync(http, user, before, current: null, live: before == long.MaxValue) });
    }

    /// <param name="http">The request.</param>
    /// <param name="user">Whose inbox.</param>
    /// <param name="peer">The other one.</param>
    /// <param name="unsent">What was written and not sent, after an attempt.</param>
    /// <param name="card">A card as it stands after an attempt to answer it.</param>
    public async Task ShowThreadAsync(HttpContext http, SignedInUser user, UserProfile peer, UnsentMessage? unsent = null, RequestedCard? card = null)
    {
        var stop = http.RequestAborted;
        var before = !HttpMethods.IsPost(http.Request.Method) ? IdOf(http.Request.Query["before"]) ?? long.MaxValue : long.MaxValue;
        var isNewest = before == long.MaxValue;
        var frame = await FrameAsync(http, user, long.MaxValue, peer.ScreenName, live: isNewest);
        var thread = await threads.RunAsync(user.UserId, peer.Id, before, stop);
        var shown = await cards.ShowAsync(http, user, peer, thread, card ?? (IdOf(http.Request.Query["card"]) is { } id ? new RequestedCard(id) : null), frame.Token);
        if (isNewest && thread.Messages.LastOrDefault(message => message.SenderId == peer.Id) is { } last && !IsUnseen(http))
        {
            await threads.NoteAsync(user.UserId, peer.Id, last.Id, stop);
        }

        await ShowAsync<ThreadPage>(http, unsent?.Status ?? card?.Status ?? 200, new()
        {
            [nameof(ThreadPage.Frame)] = frame,
            [nameof(ThreadPage.Thread)] = View(frame.Words, user, peer, thread, isNewest, shown, unsent),
        });
    }

    public async Task ShowSettingsAsync(HttpContext http, SignedInUser user, bool isSaved)
    {
        var preference = await userPreferences.ReadAsync(user.UserId, http.RequestAborted);
        await ShowAsync<SettingsPage>(http, 200, new()
        {
            [nameof(SettingsPage.Frame)] = await FrameAsync(http, user with { Language = preference.Language }, long.MaxValue, current: null, live: false),
            [nameof(SettingsPage.Accepts)] = preference.Accepts,
            [nameof(SettingsPage.Chosen)] = Language.Find(preference.Language)?.Tag,
            [nameof(SettingsPage.Silenced)] = preference.Silenced.Select(one => new SilencedLine(Decimal(one.Id), one.ScreenName, one.Name)).ToArray(),
            [nameof(SettingsPage.IsSaved)] = isSaved,
        });
    }

    public async Task ShowNewAsync(HttpContext http, SignedInUser user, string? screenName = null, string? problem = null) => await ShowAsync<NewPage>(
        http, problem is null ? 200 : 404, new()
        {
            [nameof(NewPage.Frame)] = await FrameAsync(http, user, long.MaxValue, current: null, live: false),
            [nameof(NewPage.ScreenName)] = screenName,
            [nameof(NewPage.Problem)] = problem,
        });

    /// <summary>The same for what does not exist and for what is someone else's.</summary>
    public static Task ShowUnknownAsync(HttpContext http, SignedInUser user)
    {
        var words = WordsFor(http, user);
        return NoticeAsync(http, 404, words, words.UnknownTitle, words.Unknown, InboxAddress.List, words.Title);
    }

    /// <summary>The page for a form that is not ours, or is of before the visitor signed in or out.</summary>
    /// <param name="http">The request.</param>
    /// <param name="user">Who is signed in now, if anybody.</param>
    /// <param name="back">Where a fresh form is.</param>
    /// <param name="written">What was written, so that it is not lost.</param>
    public static Task ShowForeignAsync(HttpContext http, SignedInUser? user, string back, string? written = null)
    {
        var words = WordsFor(http, user);
        return string.IsNullOrWhiteSpace(written)
            ? NoticeAsync(http, 400, words, words.RefusedTitle, words.Refused, back, words.OpenAnew)
            : NoticeAsync(http, 400, words, words.RefusedTitle, words.SignedOut, back, words.OpenAnew, written);
    }

    public static Task ShowOfflineAsync(HttpContext http)
    {
        var words = WordsFor(http, user: null);
        return ShowAsync<InboxNotice>(http, 200, new()
        {
            [nameof(InboxNotice.Words)] = words,
            [nameof(InboxNotice.Heading)] = words.OfflineTitle,
            [nameof(InboxNotice.Text)] = words.Offline,
            [nameof(InboxNotice.IsOffline)] = true,
            [nameof(InboxNotice.Link)] = InboxAddress.List,
            [nameof(InboxNotice.LinkText)] = words.TryAgain,
        });
    }

    private static Task NoticeAsync(HttpContext http, int status, MessagesTexts words, string heading, string text, string link, string linkText, string? written = null) =>
        ShowAsync<InboxNotice>(http, status, new()
        {
            [nameof(InboxNotice.Words)] = words,
            [nameof(InboxNotice.Heading)] = heading,
            [nameof(InboxNotice.Text)] = text,
            [nameof(InboxNotice.Written)] = written,
            [nameof(InboxNotice.Link)] = link,
            [nameof(InboxNotice.LinkText)] = linkText,
        });

    private static Task ShowAsync<TPage>(HttpContext http, int status, Dictionary<string, object?> parameters)
        where TPage : Microsoft.AspNetCore.Components.IComponent
    {
        http.Response.Headers.ContentSecurityPolicy = Policy;
        return http.ShowPageAsync<TPage>(status, parameters);
    }

    private async Task<InboxFrame> FrameAsync(HttpContext http, SignedInUser user, long before, string? current, bool live)
    {
        // The mark first: what comes while the page is made is told to it later.
        var mark = live ? await marks.ReadAsync(user.UserId, http.RequestAborted) : null;
        var page = await inboxConversations.ListAsync(user.UserId, before, http.RequestAborted);
        var lines = page.InboxConversations.Select(one => new ConversationLine(
            InboxAddress.Of(one.ScreenName), one.ScreenName, one.Name, one.Last.Text, one.Last.SenderId == user.UserId, At(one.Last),
            one.IsUnread && one.ScreenName != current, one.HasCard, one.ScreenName == current));
        return new(
            WordsFor(http, user), user, signedForms.TokenFor(http),
            new([.. lines], page.Next is { } next ? $"{InboxAddress.List}?before={Decimal(next)}" : null, before == long.MaxValue),
            mark is null ? null : $"{LiveStream.Address}?since={mark}");
    }

    private static ThreadView View(MessagesTexts words, SignedInUser user, UserProfile peer, ThreadMessages thread, bool isNewest, ShownCard shown, UnsentMessage? unsent)
    {
        var relationship = peer.Relationship;
        return new(
            InboxAddress.Of(peer.ScreenName),
            new(
                peer.ScreenName, peer.Name, CanFollow: !relationship.Following && !relationship.Blocking && !relationship.BlockedBy && !peer.Suspended, relationship.Following, relationship.FollowedBy, relationship.Blocking,
                Asks: thread.OptedOut || thread.Asked, thread.OptedOut),
            [.. thread.Messages.Select(message => new MessageBubble(Decimal(message.Id), message.Text, message.SenderId == user.UserId, At(message)))],
            thread.Earlier is { } earlier ? $"{InboxAddress.Of(peer.ScreenName)}?before={Decimal(earlier)}" : null,
            isNewest, shown.Markup, shown.IsDone, shown.Others, WhyClosed(words, peer), unsent?.Typed, unsent?.Problem);
    }

    // Whom others block is told to nobody: that the account takes no messages may have any reason.
    private static string? WhyClosed(MessagesTexts words, UserProfile peer) => peer switch
    {
        { Relationship.Blocking: true } => MessagesTexts.Named(words.YouBlock, peer.Name),
        { Suspended: true } => words.PeerSuspended,
        { CanDm: false } => MessagesTexts.Named(words.CannotWrite, peer.Name),
        _ => null,
    };

    // A browser that only prepares a page has shown it to nobody, and HEAD gives none.
    private static bool IsUnseen(HttpContext http) => HttpMethods.IsHead(http.Request.Method) || http.Request.Headers["Sec-Purpose"].ToString().Contains("prefetch", StringComparison.OrdinalIgnoreCase);

    private static DateTimeOffset At(Message message) => DateTimeOffset.FromUnixTimeMilliseconds(message.CreatedAt);

    private static long? IdOf(StringValues text) => WholeNumber.TryRead(text.ToString(), out var id) ? id : null;

    private static string Decimal(long number) => number.ToString(CultureInfo.InvariantCulture);
}
