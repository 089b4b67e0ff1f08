using System.Diagnostics;
using Afterword.Server.Answers;
using Afterword.Server.Errors;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Limits;
using Afterword.Server.Messages.Inbox.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.Messages.Inbox;

/// <summary>One conversation: reading, writing, answering, and what the visitor is to the other one.</summary>
internal static class ThreadEndpoints
{
    // Twice a text of 10,000 characters of four bytes each, percent-encoded: who wrote too much gets it back to shorten.
    private const int MostForm = 256 * 1024;

    public static void MapThreads(this IEndpointRouteBuilder routes)
    {
        var page = new HtmlPage();
        routes.MapGet("/messages/{screen_name}", Show).WithMetadata(page).Describe(InboxReference.Show);
        routes.MapPost("/messages/{screen_name}", Write).WithMetadata(page).Describe(InboxReference.Write);
        routes.MapPost("/messages/{screen_name}/bond", Change).WithMetadata(page).Describe(InboxReference.ChangeRelationship);
        routes.MapPost("/messages/{screen_name}/card/{id}", Answer).WithMetadata(page).Describe(InboxReference.Card);
    }

    /// <summary>Finds the other one of a conversation; null when there is nobody, or only the visitor.</summary>
    public static async Task<UserProfile?> PeerAsync(HttpContext http, UserProfiles profiles, SignedInUser user) =>
        http.Request.RouteValues["screen_name"] is string handle
        && await profiles.FindAsync(user.UserId, new UserKey(null, UserAccounts.Bare(handle)), http.RequestAborted) is { } peer
        && peer.Id != user.UserId ? peer : null;

    private static async Task Show(HttpContext http, UserSessions visits, UserProfiles profiles, InboxPages pages)
    {
        if (await visits.WhoAsync(http) is not { } user) InboxEndpoints.AskToSignIn(http);
        else if (await PeerAsync(http, profiles, user) is not { } peer) await InboxPages.ShowUnknownAsync(http, user);
        else await pages.ShowThreadAsync(http, user, peer);
    }

    private static async Task Write(HttpContext http, UserSessions visits, SignedForms forms, UserProfiles profiles, SendMessage send, InboxPages pages, Store store, TimeProvider clock)
    {
        var user = await visits.WhoAsync(http);
        var form = await forms.ReadAsync(http, MostForm);
        var written = form?["text"].ToString() ?? SignedForms.Peek(http, "text");
        if (user is null)
        {
            await InboxPages.ShowForeignAsync(http, null, SignInEndpoints.AddressFor(http.Request.Path), written);
            return;
        }

        if (await PeerAsync(http, profiles, user) is not { } peer)
        {
            await InboxPages.ShowUnknownAsync(http, user);
            return;
        }

        var words = InboxPages.WordsFor(http, user);
        if (form is null)
        {
            await pages.ShowThreadAsync(http, user, peer, new(400, words.TooOld, written));
            return;
        }

        var (text, problem) = Read(words, written);
        var unsent = problem is not null ? new UnsentMessage(400, problem, written) : await SendAsync(http, words, user, peer, text, send, store, clock);
        if (unsent is null) http.SeeOther(InboxAddress.Of(peer.ScreenName));
        else await pages.ShowThreadAsync(http, user, peer, unsent);
    }

    /// <summary>Checks what was written, and gives it as it is stored, or says what is wrong with it.</summary>
    private static (string Text, string? Problem) Read(MessagesTexts words, string written)
    {
        // Browsers send the line ends of a text box as CR LF (HTML, section 4.10.22.7); one newline is what was typed.
        var text = written.Replace("\r\n", "\n", StringComparison.Ordinal).Trim();
        if (TextRules.IsBlank(text)) return (text, words.TextBlank);
        if (TextRules.LengthOf(text) is > TextRules.MessageLength and var length) return (text, words.TooLong(length));

        var errors = new ApiErrors();
        text = TextRules.ReadMessage("text", text, errors);
        return (text, errors.Any ? words.TextForbidden : null);
    }

    private static async Task<UnsentMessage?> SendAsync(
        HttpContext http, MessagesTexts words, SignedInUser user, UserProfile peer, string text, SendMessage send, Store store, TimeProvider clock)
    {
        try
        {
            switch ((await send.RunAsync(new(user.UserId, AppId: null, new(peer.Id, text)))).Outcome)
            {
                case SendOutcome.Sent:
                    return null;
                case SendOutcome.LimitReached(var reached):
                    http.ShowRetryAfter(reached.ResetsAt, clock.GetUtcNow());
                    return new(429, words.LimitReached, text);
                case SendOutcome.CannotMessage or SendOutcome.RecipientSuspended or SendOutcome.RecipientUnknown:
                    return new(403, MessagesTexts.Named(words.CannotWrite, peer.Name), text);
                case var other:
                    throw new UnreachableException(other.ToString());
            }
        }
        catch (Exception error) when (store.Faults.Tell(error))
        {
            http.Response.Headers.RetryAfter = "1";
            return new(503, words.NotSent, text);
        }
    }

    private static async Task Answer(HttpContext http, string id, UserSessions visits, SignedForms forms, UserProfiles profiles, InboxCards cards, InboxPages pages)
    {
        var user = await visits.WhoAsync(http);
        var form = await forms.ReadAsync(http, MostForm);
        if (user is null || form is null)
        {
            await InboxPages.ShowForeignAsync(http, user, http.Request.Path.Value!.Split("/card/")[0], SignedForms.Peek(http, "text"));
            return;
        }

        if (await PeerAsync(http, profiles, user) is not { } peer
            || !WholeNumber.TryRead(id, out var prompt)
            || await cards.FindAsync(peer.Id, prompt, user.UserId, http.RequestAborted) is not { } card)
        {
            await InboxPages.ShowUnknownAsync(http, user);
            return;
        }

        switch (await cards.AnswerAsync(http, user, peer, card, form))
        {
            case CardReply.Taken:
                http.SeeOther(InboxAddress.OfCard(peer.ScreenName, prompt));
                break;
            case CardReply.Refused(var status, var view):
                if (status == StatusCodes.Status503ServiceUnavailable) http.Response.Headers.RetryAfter = "1";
                await pages.ShowThreadAsync(http, user, peer, card: new(prompt, status, view));
                break;
            case var other:
                throw new UnreachableException(other.ToString());
        }
    }

    private static async Task Change(HttpContext http, UserSessions visits, SignedForms forms, UserProfiles profiles, FollowUser follow, BlockUser block, OptOut asking)
    {
        var signedInUser = await visits.WhoAsync(http);
        var form = await forms.ReadAsync(http);
        if (signedInUser is null || form is null)
        {
            await InboxPages.ShowForeignAsync(http, signedInUser, InboxAddress.List);
            return;
        }

        if (await PeerAsync(http, profiles, signedInUser) is not { } peer)
        {
            await InboxPages.ShowUnknownAsync(http, signedInUser);
            return;
        }

        var (user, other, stop) = (signedInUser.UserId, peer.Id, http.RequestAborted);
        await (form["do"].ToString() switch
        {
            "follow" when !peer.Suspended => follow.RunAsync(user, other, stop),
            "unfollow" => follow.EndAsync(user, other, stop),
            "block" => block.RunAsync(user, other, stop),
            "unblock" => block.EndAsync(user, other, stop),
            "stop" => asking.RunAsync(other, user, stop),
            "ask" => asking.UndoAsync(other, user, stop),
            _ => Task.CompletedTask,
        });
        http.SeeOther(InboxAddress.Of(peer.ScreenName));
    }
}
