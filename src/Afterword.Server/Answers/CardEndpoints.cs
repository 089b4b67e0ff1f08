using System.Buffers;
using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Http.Features;

namespace Afterword.Server.Answers;

/// <summary>The card behind its link. Reading it changes nothing; only a POST from the page does.</summary>
internal static class CardEndpoints
{
    // A text of 10,000 characters of four bytes each, percent-encoded, with room for its neighbours.
    private const int MaxForm = 128 * 1024;

    public static void MapCards(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods($"{CardLink.PathPrefix}{{token}}", ["GET", "HEAD"], Show).Describe(AnswerReference.Card);
        routes.MapPost($"{CardLink.PathPrefix}{{token}}", Answer).Describe(AnswerReference.AnswerCard);
    }

    private static async Task Show(HttpContext http, string token, Store store, Settings settings, CardPages pages, Questions questions, TimeProvider clock)
    {
        SetHeaders(http.Response.Headers);
        if (await FindAsync(store, token, http.RequestAborted) is not { } card) await NotFoundAsync(http, pages);
        else await WriteAsync(http, 200, pages, View(http, card, LanguageOf(http, card), questions, clock.GetUtcNow(), settings.CardLifetime));
    }

    private static async Task Answer(
        HttpContext http, string token, Store store, Settings settings, CardPages pages, Questions questions, AnswerPrompt answers, TimeProvider clock)
    {
        SetHeaders(http.Response.Headers);
        if (await FindAsync(store, token, http.RequestAborted) is not { } card)
        {
            await NotFoundAsync(http, pages);
            return;
        }

        var form = await ReadFormAsync(http);
        var language = Language.Find(form?["language"].ToString()) ?? LanguageOf(http, card);
        var view = View(http, card, language, questions, clock.GetUtcNow(), settings.CardLifetime);
        var (request, problem, typed) = Parse(form, card.Prompt, view.Question);
        if (problem is { } wrong)
        {
            await WriteAsync(http, 400, pages, view.Step is CardStep.Score or CardStep.Text ? view with { Problem = wrong, Typed = typed } : view);
            return;
        }

        // What was there already, or came too late, shows on the page that the customer is led to: nothing changed.
        try
        {
            await answers.RunAsync(request!);
        }
        catch (Exception error) when (error is OverloadedException || store.Main.IsUnavailable(error))
        {
            http.Response.Headers.RetryAfter = "1";
            await WriteAsync(http, 503, pages, view with { Problem = CardProblem.NotSaved, Typed = request!.Text });
            return;
        }

        http.SeeOther(http.Request.Path.Value!);
    }

    private static (AnswerRequest? Request, CardProblem? Problem, string? Typed) Parse(IFormCollection? form, Prompt prompt, Question seen)
    {
        if (form is null) return (null, CardProblem.TextTooLong, null);
        if (form.ContainsKey("dismiss")) return (new(prompt.SenderId, prompt.Id, null, null, Dismiss: true), null, null);

        if (form.TryGetValue("score", out var score))
        {
            return int.TryParse(score, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && prompt.Type.Allows(number)
                ? (new(prompt.SenderId, prompt.Id, number, null, Seen: seen), null, null)
                : (null, CardProblem.ScoreMissing, null);
        }

        if (!form.TryGetValue("text", out var text)) return (null, prompt.Score is null ? CardProblem.ScoreMissing : CardProblem.TextBlank, null);

        var errors = new ApiErrors();
        var comment = AnswerDraft.ReadText(text.ToString(), errors);
        if (!errors.Any) return (new(prompt.SenderId, prompt.Id, null, comment), null, null);

        var tooLong = TextRules.LengthOf(text.ToString()) > TextRules.MessageLength;
        return (null, tooLong ? CardProblem.TextTooLong : CardProblem.TextBlank, text.ToString());
    }

    private static async Task<IFormCollection?> ReadFormAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType) return FormCollection.Empty;

        // What is beyond is read and thrown away by the server, so that the browser gets to see the answer.
        if (http.Request.ContentLength > MaxForm) return null;
        try
        {
            return await http.Request.ReadFormAsync(new FormOptions { ValueLengthLimit = MaxForm, MultipartBodyLengthLimit = MaxForm, KeyLengthLimit = 64, ValueCountLimit = 8 }, http.RequestAborted);
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return null;
        }
    }

    // Where neither the recipient nor the browser names a language of ours, the one of the question is the best guess.
    private static Language LanguageOf(HttpContext http, Card card) =>
        Language.Find(card.Language) ?? Language.Preferred(http.Request.Headers.AcceptLanguage) ?? Language.Find(card.Prompt.Language) ?? Language.English;

    private static CardView View(HttpContext http, Card card, Language language, Questions questions, DateTimeOffset now, TimeSpan lifetime)
    {
        var prompt = card.Prompt;
        var step = prompt switch
        {
            // A score given and the text waved away is an answer, and is thanked for.
            { Score: not null, Comment: not null } or { Score: not null, DismissedAt: not null } => CardStep.Thanks,
            _ when !prompt.IsOpen(now, lifetime) => CardStep.Closed,
            { Score: null } => CardStep.Score,
            _ => CardStep.Text,
        };
        return new(step, language, prompt.Type == PromptType.Nps, questions.For(prompt, language), card.SenderName, prompt.PrivacyUrl, http.Request.Path, prompt.Score, null, null);
    }

    private static async Task<Card?> FindAsync(Store store, string token, CancellationToken stop)
    {
        if (!CardLink.TryParse(token, out var link)) return null;

        var found = await store.Main.ReadAsync(
            session => session.Sql(
                $"""
                select {Prompt.Columns}, p.card_hash, a.name, r.language
                from prompt p join account a on a.id = p.sender_id join account r on r.id = p.recipient_id
                where p.sender_id = @sender and p.id = @id
                """)
                .Bind("sender", link.SenderId).Bind("id", link.PromptId)
                .FirstAsync(
                    row => new Card(Prompt.Read(row), row.BytesOrNull(Prompt.ColumnCount), row.GetString(Prompt.ColumnCount + 1), row.TextOrNull(Prompt.ColumnCount + 2)), stop),
            stop);
        return found is not null && link.Matches(found.Hash) ? found : null;
    }

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
        var sent = http.AnswerAsync(status, "text/html; charset=utf-8", page.WrittenSpan);
        Buffers.Return(page);
        return sent;
    }

    private sealed record Card(Prompt Prompt, byte[]? Hash, string SenderName, string? Language);
}
