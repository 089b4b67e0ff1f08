using System.Buffers;
using System.Globalization;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Languages;
using Afterword.Server.Reference;
using Afterword.Server.Storage;

namespace Afterword.Server.Answers;

/// <summary>The card behind its link. Reading it changes nothing; only a POST from the page does.</summary>
internal static class CardEndpoints
{
    public static void MapCards(this IEndpointRouteBuilder routes)
    {
        routes.MapGet($"{CardLink.PathPrefix}{{token}}", Show).WithMetadata(new HtmlPage()).Describe(AnswerReference.Card);
        routes.MapPost($"{CardLink.PathPrefix}{{token}}", Answer).WithMetadata(new HtmlPage()).Describe(AnswerReference.AnswerCard);
    }

    private static async Task Show(HttpContext http, string token, Store store, CardPages pages, CardGate gate, AnswerCard answer)
    {
        SetHeaders(http.Response.Headers);
        if (!gate.TryPass(token, http.Connection.RemoteIpAddress))
        {
            await ProblemAsync(http, 429, gate.SecondsToWait, pages, null);
            return;
        }

        if (CardLink.WithoutEnd(token) is { } meant)
        {
            http.Response.Redirect($"{CardLink.PathPrefix}{meant}{http.Request.QueryString}");
            return;
        }

        try
        {
            if (await Card.FindAsync(store, token, http.RequestAborted) is not { } card) await NotFoundAsync(http, pages);
            else await WriteAsync(http, 200, pages, answer.View(card, PlaceOf(http)) with { Chosen = ChosenIn(http.Request.Query) });
        }
        catch (Exception error) when (store.Faults.Tell(error))
        {
            await ProblemAsync(http, 503, 1, pages, null);
        }
    }

    private static async Task Answer(HttpContext http, string token, Store store, CardPages pages, CardGate gate, AnswerCard answer)
    {
        SetHeaders(http.Response.Headers);
        var isLink = CardLink.TryParse(token, out var link);
        var form = isLink ? await CardForm.ReadAsync(http) : null;
        if (!gate.TryPass(token, http.Connection.RemoteIpAddress))
        {
            await ProblemAsync(http, 429, gate.SecondsToWait, pages, form?["text"]);
            return;
        }

        try
        {
            if (!isLink) await NotFoundAsync(http, pages);
            else await TellAsync(http, pages, form, await answer.RunAsync(link.Key(), PlaceOf(http), form, http.RequestAborted));
        }
        catch (Exception error) when (store.Faults.Tell(error))
        {
            await ProblemAsync(http, 503, 1, pages, form?["text"]);
        }
    }

    private static Task TellAsync(HttpContext http, CardPages pages, IFormCollection? form, CardReply reply)
    {
        switch (reply)
        {
            case CardReply.Taken when CardForm.IsOneClick(form):
                // Not led on: RFC 8058, section 3.1, forbids it, for programs do not follow.
                http.Response.StatusCode = StatusCodes.Status204NoContent;
                return Task.CompletedTask;
            case CardReply.Taken(_, { } scored):
                return WriteAsync(http, 200, pages, scored);
            case CardReply.Taken(var isAboutAsking, _):
                http.SeeOther(isAboutAsking ? $"{http.Request.Path}#{CardPages.AskingId}" : http.Request.Path);
                return Task.CompletedTask;
            case CardReply.Refused(var status, var view):
                if (status == 503) http.Response.Headers.RetryAfter = "1";
                return WriteAsync(http, status, pages, view);
            case CardReply.Unknown:
                return NotFoundAsync(http, pages);
            default:
                throw new System.Diagnostics.UnreachableException(reply.ToString());
        }
    }

    /// <summary>The language of the card: where neither the recipient nor the browser names one of ours, that of the question is the best guess.</summary>
    public static Language LanguageOf(HttpContext http, Card card) =>
        Language.Find(card.Language) ?? Language.Preferred(http.Request.Headers.AcceptLanguage) ?? Language.Find(card.Prompt.Language) ?? Language.English;

    private static CardLocation PlaceOf(HttpContext http) => new(http.Request.Path, card => LanguageOf(http, card));

    // What an email's link stands for is shown, never taken: programs that look into emails open every link.
    private static int? ChosenIn(IQueryCollection query) => int.TryParse(query["score"], NumberStyles.None, CultureInfo.InvariantCulture, out var score) ? score : null;

    private static void SetHeaders(IHeaderDictionary headers)
    {
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers["X-Robots-Tag"] = "noindex, nofollow";
        headers.ContentSecurityPolicy = SecurityHeaders.CardPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.SetIsolation();
    }

    // Unknown, mistyped and forged links look the same.
    private static Task NotFoundAsync(HttpContext http, CardPages pages)
    {
        var page = Buffers.Rent();
        var language = http.LanguageFor(own: null);
        pages.WriteNotFound(page, language);
        return SendAsync(http, 404, language, page);
    }

    /// <summary>There is a flood, or the store does not answer: a page says so, with what was typed.</summary>
    private static Task ProblemAsync(HttpContext http, int status, long wait, CardPages pages, string? typed)
    {
        http.Response.Headers.RetryAfter = wait.ToString(CultureInfo.InvariantCulture);
        var page = Buffers.Rent();
        var language = http.LanguageFor(own: null);
        pages.WriteProblem(page, language, http.Request.Path, string.IsNullOrEmpty(typed) ? null : typed);
        return SendAsync(http, status, language, page);
    }

    private static Task WriteAsync(HttpContext http, int status, CardPages pages, CardView view)
    {
        var page = Buffers.Rent();
        pages.Write(page, view);
        return SendAsync(http, status, view.Language, page);
    }

    private static Task SendAsync(HttpContext http, int status, Language language, ArrayBufferWriter<byte> page)
    {
        http.Response.Headers.ContentLanguage = language.Tag;

        // The body is copied before the first wait, so the buffer is free at once.
        var sent = http.AnswerAsync(status, PageResponses.Html, page.WrittenSpan);
        Buffers.Return(page);
        return sent;
    }
}
