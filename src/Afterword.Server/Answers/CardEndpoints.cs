using System.Buffers;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Reference;
using Afterword.Server.Storage;

namespace Afterword.Server.Answers;

/// <summary>The card behind its link. Reading it changes nothing; only a POST from the page does.</summary>
internal static class CardEndpoints
{
    public static void MapCards(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods($"{CardLink.PathPrefix}{{token}}", ["GET", "HEAD"], Show).Describe(AnswerReference.Card);
        routes.MapPost($"{CardLink.PathPrefix}{{token}}", Answer).Describe(AnswerReference.AnswerCard);
    }

    private static async Task Show(HttpContext http, string token, Store store, CardPages pages, AnswerCard answer)
    {
        SetHeaders(http.Response.Headers);
        if (await Card.FindAsync(store, token, http.RequestAborted) is not { } card) await NotFoundAsync(http, pages);
        else await WriteAsync(http, 200, pages, answer.View(card, http.Request.Path, LanguageOf(http, card)));
    }

    private static async Task Answer(HttpContext http, string token, Store store, CardPages pages, AnswerCard answer)
    {
        SetHeaders(http.Response.Headers);
        if (await Card.FindAsync(store, token, http.RequestAborted) is not { } card)
        {
            await NotFoundAsync(http, pages);
            return;
        }

        var path = http.Request.Path.Value!;
        switch (await answer.RunAsync(card, path, LanguageOf(http, card), await CardForm.ReadAsync(http), http.RequestAborted))
        {
            case CardReply.Taken(var isAboutAsking):
                http.SeeOther(isAboutAsking ? $"{path}#{CardPages.AskingId}" : path);
                break;
            case CardReply.Refused(var status, var view):
                if (status == 503) http.Response.Headers.RetryAfter = "1";
                await WriteAsync(http, status, pages, view);
                break;
            case var other:
                throw new System.Diagnostics.UnreachableException(other.ToString());
        }
    }

    // Where neither the recipient nor the browser names a language of ours, the one of the question is the best guess.
    private static Language LanguageOf(HttpContext http, Card card) =>
        Language.Find(card.Language) ?? Language.Preferred(http.Request.Headers.AcceptLanguage) ?? Language.Find(card.Prompt.Language) ?? Language.English;

    private static void SetHeaders(IHeaderDictionary headers)
    {
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers["X-Robots-Tag"] = "noindex, nofollow";
        headers.ContentSecurityPolicy = SecurityHeaders.PagePolicy;
        headers.XContentTypeOptions = "nosniff";
    }

    // Unknown, mistyped and forged links look the same.
    private static Task NotFoundAsync(HttpContext http, CardPages pages)
    {
        var page = Buffers.Rent();
        var language = http.LanguageFor(own: null);
        pages.WriteNotFound(page, language);
        return SendAsync(http, 404, language, page);
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
        var sent = http.AnswerAsync(status, PageAnswers.Html, page.WrittenSpan);
        Buffers.Return(page);
        return sent;
    }
}
