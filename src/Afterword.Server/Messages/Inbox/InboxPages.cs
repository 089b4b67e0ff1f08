using System.Globalization;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Errors;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Messages.Inbox.Pages;
using Afterword.Server.People;
using Microsoft.Extensions.Primitives;

namespace Afterword.Server.Messages.Inbox;

/// <summary>What became of something the visitor wrote, on the page it was written on.</summary>
/// <param name="Problem">Why it was not sent.</param>
/// <param name="Typed">What was written, so that nothing is lost.</param>
internal sealed record Unsent(int Status, string Problem, string Typed);

/// <summary>Shows the pages of Messages.</summary>
internal sealed class InboxPages(Conversations conversations, ReadThread threads, InboxCards cards, InboxMarks marks, Preferences preferences, Forms forms)
{
    // Its own stylesheet, script, images, manifest and offline helper; forms and calls to itself alone; in nobody's frame.
    private const string Policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; manifest-src 'self'; worker-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public static MessagesWords WordsFor(HttpContext http, Visitor? visitor) => MessagesWords.All.In(http.LanguageFor(visitor?.Language));

    public async Task ShowListAsync(HttpContext http, Visitor visitor)
    {
        var before = IdOf(http.Request.Query["before"]) ?? long.MaxValue;
        await ShowAsync<ListPage>(http, 200, new() { [nameof(ListPage.Frame)] = await FrameAsync(http, visitor, before, current: null, live: before == long.MaxValue) });
    }

    /// <param name="http">The request.</param>
    /// <param name="visitor">Whose inbox.</param>
    /// <param name="peer">The other one.</param>
    /// <param name="unsent">What was written and not sent, after an attempt.</param>
    /// <param name="card">A card as it stands after an attempt to answer it.</param>
    public async Task ShowThreadAsync(HttpContext http, Visitor visitor, Profile peer, Unsent? unsent = null, AskedCard? card = null)
    {
        var stop = http.RequestAborted;
        var before = !HttpMethods.IsPost(http.Request.Method) ? IdOf(http.Request.Query["before"]) ?? long.MaxValue : long.MaxValue;
        var isNewest = before == long.MaxValue;
        var frame = await FrameAsync(http, visitor, long.MaxValue, peer.ScreenName, live: isNewest);
        var thread = await threads.RunAsync(visitor.UserId, peer.Id, before, stop);
        var shown = await cards.ShowAsync(http, visitor, peer, thread, card ?? (IdOf(http.Request.Query["card"]) is { } id ? new AskedCard(id) : null), frame.Token);
        if (isNewest && thread.Messages.LastOrDefault(message => message.SenderId == peer.Id) is { } last && !IsUnseen(http))
        {
            await threads.NoteAsync(visitor.UserId, peer.Id, last.Id, stop);
        }

        await ShowAsync<ThreadPage>(http, unsent?.Status ?? card?.Status ?? 200, new()
        {
            [nameof(ThreadPage.Frame)] = frame,
            [nameof(ThreadPage.Thread)] = View(frame.Words, visitor, peer, thread, isNewest, shown, unsent),
        });
    }

    public async Task ShowSettingsAsync(HttpContext http, Visitor visitor, bool isSaved)
    {
        var preference = await preferences.ReadAsync(visitor.UserId, http.RequestAborted);
        await ShowAsync<SettingsPage>(http, 200, new()
        {
            [nameof(SettingsPage.Frame)] = await FrameAsync(http, visitor with { Language = preference.Language }, long.MaxValue, current: null, live: false),
            [nameof(SettingsPage.Accepts)] = preference.Accepts,
            [nameof(SettingsPage.Chosen)] = Language.Find(preference.Language)?.Tag,
            [nameof(SettingsPage.Silenced)] = preference.Silenced.Select(one => new SilencedLine(Decimal(one.Id), one.ScreenName, one.Name)).ToArray(),
            [nameof(SettingsPage.IsSaved)] = isSaved,
        });
    }

    public async Task ShowNewAsync(HttpContext http, Visitor visitor, string? screenName = null, string? problem = null) => await ShowAsync<NewPage>(
        http, problem is null ? 200 : 404, new()
        {
            [nameof(NewPage.Frame)] = await FrameAsync(http, visitor, long.MaxValue, current: null, live: false),
            [nameof(NewPage.ScreenName)] = screenName,
            [nameof(NewPage.Problem)] = problem,
        });

    /// <summary>The same for what does not exist and for what is somebody else's.</summary>
    public static Task ShowUnknownAsync(HttpContext http, Visitor visitor)
    {
        var words = WordsFor(http, visitor);
        return NoticeAsync(http, 404, words, words.UnknownTitle, words.Unknown, InboxAddress.List, words.Title);
    }

    /// <summary>The page for a form that is not ours, or is of before the visitor signed in or out.</summary>
    /// <param name="http">The request.</param>
    /// <param name="visitor">Who is signed in now, if anybody.</param>
    /// <param name="back">Where a fresh form is.</param>
    /// <param name="written">What was written, so that it is not lost.</param>
    public static Task ShowForeignAsync(HttpContext http, Visitor? visitor, string back, string? written = null)
    {
        var words = WordsFor(http, visitor);
        return string.IsNullOrWhiteSpace(written)
            ? NoticeAsync(http, 400, words, words.RefusedTitle, words.Refused, back, words.OpenAnew)
            : NoticeAsync(http, 400, words, words.RefusedTitle, words.SignedOut, back, words.OpenAnew, written);
    }

    public static Task ShowOfflineAsync(HttpContext http)
    {
        var words = WordsFor(http, visitor: null);
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

    private static Task NoticeAsync(HttpContext http, int status, MessagesWords words, string heading, string text, string link, string linkText, string? written = null) =>
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

    private async Task<Frame> FrameAsync(HttpContext http, Visitor visitor, long before, string? current, bool live)
    {
        // The mark first: what comes while the page is made is told to it later.
        var mark = live ? await marks.ReadAsync(visitor.UserId, http.RequestAborted) : null;
        var page = await conversations.ListAsync(visitor.UserId, before, http.RequestAborted);
        var lines = page.Conversations.Select(one => new ConversationLine(
            InboxAddress.Of(one.ScreenName), one.ScreenName, one.Name, one.Last.Text, one.Last.SenderId == visitor.UserId, At(one.Last),
            one.IsUnread && one.ScreenName != current, one.HasCard, one.ScreenName == current));
        return new(
            WordsFor(http, visitor), visitor, forms.TokenFor(http),
            new([.. lines], page.Next is { } next ? $"{InboxAddress.List}?before={Decimal(next)}" : null, before == long.MaxValue),
            mark is null ? null : $"{LiveStream.Address}?since={mark}");
    }

    private static ThreadView View(MessagesWords words, Visitor visitor, Profile peer, Conversed thread, bool isNewest, ShownCard shown, Unsent? unsent)
    {
        var bond = peer.Bond;
        return new(
            InboxAddress.Of(peer.ScreenName),
            new(
                peer.ScreenName, peer.Name, CanFollow: !bond.Following && !bond.Blocking && !bond.BlockedBy && !peer.Suspended, bond.Following, bond.FollowedBy, bond.Blocking,
                Asks: thread.OptedOut || thread.Asked, thread.OptedOut),
            [.. thread.Messages.Select(message => new Bubble(Decimal(message.Id), message.Text, message.SenderId == visitor.UserId, At(message)))],
            thread.Earlier is { } earlier ? $"{InboxAddress.Of(peer.ScreenName)}?before={Decimal(earlier)}" : null,
            isNewest, shown.Markup, shown.IsDone, shown.Others, WhyClosed(words, peer), unsent?.Typed, unsent?.Problem);
    }

    // Whom others block is told to nobody: that the account takes no messages may have any reason.
    private static string? WhyClosed(MessagesWords words, Profile peer) => peer switch
    {
        { Bond.Blocking: true } => MessagesWords.Named(words.YouBlock, peer.Name),
        { Suspended: true } => words.PeerSuspended,
        { CanDm: false } => MessagesWords.Named(words.CannotWrite, peer.Name),
        _ => null,
    };

    // A browser that only prepares a page has shown it to nobody, and HEAD gives none.
    private static bool IsUnseen(HttpContext http) => HttpMethods.IsHead(http.Request.Method) || http.Request.Headers["Sec-Purpose"].ToString().Contains("prefetch", StringComparison.OrdinalIgnoreCase);

    private static DateTimeOffset At(Message message) => DateTimeOffset.FromUnixTimeMilliseconds(message.CreatedAt);

    private static long? IdOf(StringValues text) => WholeNumber.TryRead(text.ToString(), out var id) ? id : null;

    private static string Decimal(long number) => number.ToString(CultureInfo.InvariantCulture);
}
