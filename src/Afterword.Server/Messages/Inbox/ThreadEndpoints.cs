using System.Diagnostics;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Answers;
using Afterword.Server.Errors;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Limits;
using Afterword.Server.Messages.Inbox.Pages;
using Afterword.Server.People;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.Storage;

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
        routes.MapPost("/messages/{screen_name}/bond", Change).WithMetadata(page).Describe(InboxReference.Bond);
        routes.MapPost("/messages/{screen_name}/card/{id}", Answer).WithMetadata(page).Describe(InboxReference.Card);
    }

    /// <summary>Finds the other one of a conversation; null when there is nobody, or only the visitor.</summary>
    public static async Task<Profile?> PeerAsync(HttpContext http, Profiles profiles, Visitor visitor) =>
        http.Request.RouteValues["screen_name"] is string handle
        && await profiles.FindAsync(visitor.UserId, new UserKey(null, Accounts.Bare(handle)), http.RequestAborted) is { } peer
        && peer.Id != visitor.UserId ? peer : null;

    private static async Task Show(HttpContext http, Visits visits, Profiles profiles, InboxPages pages)
    {
        if (await visits.WhoAsync(http) is not { } visitor) InboxEndpoints.AskToSignIn(http);
        else if (await PeerAsync(http, profiles, visitor) is not { } peer) await InboxPages.ShowUnknownAsync(http, visitor);
        else await pages.ShowThreadAsync(http, visitor, peer);
    }

    private static async Task Write(HttpContext http, Visits visits, Forms forms, Profiles profiles, SendMessage send, InboxPages pages, Store store, TimeProvider clock)
    {
        var visitor = await visits.WhoAsync(http);
        var form = await forms.ReadAsync(http, MostForm);
        var written = form?["text"].ToString() ?? Forms.Peek(http, "text");
        if (visitor is null)
        {
            await InboxPages.ShowForeignAsync(http, null, SignInEndpoints.AddressFor(http.Request.Path), written);
            return;
        }

        if (await PeerAsync(http, profiles, visitor) is not { } peer)
        {
            await InboxPages.ShowUnknownAsync(http, visitor);
            return;
        }

        var words = InboxPages.WordsFor(http, visitor);
        if (form is null)
        {
            await pages.ShowThreadAsync(http, visitor, peer, new(400, words.TooOld, written));
            return;
        }

        var (text, problem) = Read(words, written);
        var unsent = problem is not null ? new Unsent(400, problem, written) : await SendAsync(http, words, visitor, peer, text, send, store, clock);
        if (unsent is null) http.SeeOther(InboxAddress.Of(peer.ScreenName));
        else await pages.ShowThreadAsync(http, visitor, peer, unsent);
    }

    /// <summary>Checks what was written, and gives it as it is stored, or says what is wrong with it.</summary>
    private static (string Text, string? Problem) Read(MessagesWords words, string written)
    {
        // Browsers send the line ends of a text box as CR LF (HTML, section 4.10.22.7); one newline is what was typed.
        var text = written.Replace("\r\n", "\n", StringComparison.Ordinal).Trim();
        if (TextRules.IsBlank(text)) return (text, words.TextBlank);
        if (TextRules.LengthOf(text) is > TextRules.MessageLength and var length) return (text, words.TooLong(length));

        var errors = new ApiErrors();
        text = TextRules.ReadMessage("text", text, errors);
        return (text, errors.Any ? words.TextForbidden : null);
    }

    private static async Task<Unsent?> SendAsync(
        HttpContext http, MessagesWords words, Visitor visitor, Profile peer, string text, SendMessage send, Store store, TimeProvider clock)
    {
        try
        {
            switch ((await send.RunAsync(new(visitor.UserId, AppId: null, new(peer.Id, text)))).Outcome)
            {
                case SendOutcome.Sent:
                    return null;
                case SendOutcome.LimitReached(var reached):
                    http.ShowRetryAfter(reached.ResetsAt, clock.GetUtcNow());
                    return new(429, words.LimitReached, text);
                case SendOutcome.CannotMessage or SendOutcome.RecipientSuspended or SendOutcome.RecipientUnknown:
                    return new(403, MessagesWords.Named(words.CannotWrite, peer.Name), text);
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

    private static async Task Answer(HttpContext http, string id, Visits visits, Forms forms, Profiles profiles, InboxCards cards, InboxPages pages)
    {
        var visitor = await visits.WhoAsync(http);
        var form = await forms.ReadAsync(http, MostForm);
        if (visitor is null || form is null)
        {
            await InboxPages.ShowForeignAsync(http, visitor, http.Request.Path.Value!.Split("/card/")[0], Forms.Peek(http, "text"));
            return;
        }

        if (await PeerAsync(http, profiles, visitor) is not { } peer
            || !WholeNumber.TryRead(id, out var prompt)
            || await cards.FindAsync(peer.Id, prompt, visitor.UserId, http.RequestAborted) is not { } card)
        {
            await InboxPages.ShowUnknownAsync(http, visitor);
            return;
        }

        switch (await cards.AnswerAsync(http, visitor, peer, card, form))
        {
            case CardReply.Taken:
                http.SeeOther(InboxAddress.OfCard(peer.ScreenName, prompt));
                break;
            case CardReply.Refused(var status, var view):
                if (status == StatusCodes.Status503ServiceUnavailable) http.Response.Headers.RetryAfter = "1";
                await pages.ShowThreadAsync(http, visitor, peer, card: new(prompt, status, view));
                break;
            case var other:
                throw new UnreachableException(other.ToString());
        }
    }

    private static async Task Change(HttpContext http, Visits visits, Forms forms, Profiles profiles, FollowUser follow, BlockUser block, StopAsking asking)
    {
        var visitor = await visits.WhoAsync(http);
        var form = await forms.ReadAsync(http);
        if (visitor is null || form is null)
        {
            await InboxPages.ShowForeignAsync(http, visitor, InboxAddress.List);
            return;
        }

        if (await PeerAsync(http, profiles, visitor) is not { } peer)
        {
            await InboxPages.ShowUnknownAsync(http, visitor);
            return;
        }

        var (user, other, stop) = (visitor.UserId, peer.Id, http.RequestAborted);
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
