using System.Globalization;
using Afterword.Server.Answers;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Languages;
using Afterword.Server.Reference;
using Afterword.Server.Storage;

namespace Afterword.Server.Embed;

/// <summary>The card within another site's page: the same steps and forms, for browsers on pages that may show it.</summary>
internal static class EmbedEndpoints
{
    public const string PathPrefix = "/embed/";

    // It is read by a script, and does nothing for whoever opens it.
    private const string Policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void AddEmbed(this IServiceCollection services) => services.AddSingleton<EmbedOrigins>();

    public static void MapEmbed(this IEndpointRouteBuilder routes)
    {
        routes.MapFile("/embed.js", EmbedFiles.Script()).Describe(EmbedReference.Script);
        routes.MapFile("/embed.css", EmbedFiles.Style()).Describe(EmbedReference.Style);
        routes.MapGet($"{PathPrefix}{{token}}", Show).Describe(EmbedReference.Show);
        routes.MapPost($"{PathPrefix}{{token}}", Answer).Describe(EmbedReference.Answer);
        routes.MapMethods($"{PathPrefix}{{token}}", ["OPTIONS"], Preflight).Describe(EmbedReference.Preflight);
    }

    /// <summary>A file that any page may load: there is nothing of anybody in it.</summary>
    private static IEndpointConventionBuilder MapFile(this IEndpointRouteBuilder routes, string path, CachedResponse file) =>
        routes.MapGet(path, http =>
        {
            http.Response.Headers.AccessControlAllowOrigin = "*";
            http.Response.Headers["Cross-Origin-Resource-Policy"] = "cross-origin";
            return file.ServeAsync(http);
        });

    private static async Task Show(HttpContext http, string token, string? language, Store store, EmbedOrigins origins, CardGate gate, CardPages pages, AnswerCard answers)
    {
        // Asked without a page, by a program or by a page of this server, it shows what the card's link shows.
        if (await OpenAsync(http, token, store, origins, gate, needsOrigin: false, language, pages) is not { } card) return;

        await WriteAsync(http, 200, pages, answers.View(card, PlaceOf(http, token, language)));
    }

    private static async Task Answer(HttpContext http, string token, Store store, EmbedOrigins origins, CardGate gate, CardPages pages, AnswerCard answers)
    {
        var form = await CardForm.ReadAsync(http);
        var given = form?["language"].ToString();
        if (await OpenAsync(http, token, store, origins, gate, needsOrigin: true, given, pages) is not { } card) return;

        var place = PlaceOf(http, token, given);
        switch (await answers.RunAsync(card.Key, place, form, http.RequestAborted))
        {
            case CardReply.Refused(var status, var again):
                if (status == 503) http.Response.Headers.RetryAfter = "1";
                await WriteAsync(http, status, pages, again);
                break;
            case CardReply.Taken(_, { } scored):
                await WriteAsync(http, 200, pages, scored);
                break;
            case CardReply.Taken:
                var next = await Card.FindAsync(store, token, http.RequestAborted);
                await WriteAsync(http, 200, pages, answers.View(next ?? card, place));
                break;
            case CardReply.Unknown:
                await WriteNotFoundAsync(http, pages, place.LanguageOf(card));
                break;
            case var other:
                throw new System.Diagnostics.UnreachableException(other.ToString());
        }
    }

    private static async Task Preflight(HttpContext http, string token, Store store, EmbedOrigins origins, CardGate gate, CardPages pages)
    {
        if (await OpenAsync(http, token, store, origins, gate, needsOrigin: true, language: null, pages) is null) return;

        http.Response.StatusCode = StatusCodes.Status204NoContent;
        http.Response.Headers.AccessControlAllowMethods = "GET, POST";
        http.Response.Headers.AccessControlAllowHeaders = "Content-Type";
    }

    /// <summary>Finds the card and lets the page have it; else answers why not, and gives null.</summary>
    /// <param name="http">The request.</param>
    /// <param name="token">The card's.</param>
    /// <param name="store">Where the card is.</param>
    /// <param name="origins">Which pages may have it.</param>
    /// <param name="gate">Holds back floods.</param>
    /// <param name="needsOrigin">Whether to refuse what no page asked for: only browsers name the page, and only they can be led to send what nobody wanted.</param>
    /// <param name="language">What the page asked for, or null.</param>
    /// <param name="pages">Writes the refusal of an unknown token.</param>
    private static async Task<Card?> OpenAsync(
        HttpContext http, string token, Store store, EmbedOrigins origins, CardGate gate, bool needsOrigin, string? language, CardPages pages)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = "no-store";
        headers.Vary = "Origin";
        headers.ContentSecurityPolicy = Policy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["X-Robots-Tag"] = "noindex, nofollow";

        if (!gate.TryPass(token, http.Connection.RemoteIpAddress))
        {
            // The script has kept what was typed, and says so.
            headers.RetryAfter = gate.SecondsToWait.ToString(CultureInfo.InvariantCulture);
            await http.AnswerAsync(429, "text/plain; charset=utf-8", "Too many calls for this card or from this address. Please try again in a moment.\n"u8);
            return null;
        }

        if (await Card.FindAsync(store, token, http.RequestAborted) is not { } card)
        {
            // The same for every token and every page, so that it may be read by any: it tells nothing of who allows whom.
            headers.AccessControlAllowOrigin = "*";
            await WriteNotFoundAsync(http, pages, http.LanguageFor(language));
            return null;
        }

        var origin = http.Request.Headers.Origin;
        if (origin.Count == 0 && !needsOrigin) return card;
        if (origin.Count != 1 || !await origins.AllowsAsync(card.Prompt.SenderId, origin[0]!, http.RequestAborted))
        {
            await http.AnswerAsync(
                403, "text/plain; charset=utf-8", "This page may not show this card. An operator allows it: afterword allow embed @SENDER ORIGIN\n"u8);
            return null;
        }

        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlExposeHeaders = "Afterword-Step";
        return card;
    }

    private static CardLocation PlaceOf(HttpContext http, string token, string? given) =>
        new(CardLink.PathPrefix + token, card => Language.Find(given) ?? CardEndpoints.LanguageOf(http, card));

    private static Task WriteAsync(HttpContext http, int status, CardPages pages, CardView view)
    {
        http.Response.Headers["Afterword-Step"] = view.Step.ToString().ToLowerInvariant();
        var panel = Buffers.Rent();
        pages.WritePanel(panel, view);
        return http.AnswerAsync(status, PageResponses.Html, panel);
    }

    private static Task WriteNotFoundAsync(HttpContext http, CardPages pages, Language language)
    {
        var panel = Buffers.Rent();
        pages.WriteNotFoundPanel(panel, language);
        return http.AnswerAsync(404, PageResponses.Html, panel);
    }
}
