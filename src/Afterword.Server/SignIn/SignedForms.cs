using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.SignIn.Pages;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Features;

namespace Afterword.Server.SignIn;

/// <summary>The hidden field that shows a form to be ours.</summary>
public sealed record FormToken(string Name, string Value);

/// <summary>Makes sure that a form was sent from a page that this server gave to this browser and this user.</summary>
internal sealed class SignedForms(IAntiforgery antiforgery)
{
    // Handles, passwords and tokens: a page's worth of text at the most.
    private const int MaxForm = 16 * 1024;
    public const int MaxValues = 16;

    public static void Add(IServiceCollection services) => services.AddAntiforgery(options =>
    {
        options.Cookie = new HostCookie { Name = "__Host-afterword-form", HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/" };
        options.FormFieldName = "form";
        options.SuppressXFrameOptionsHeader = true;
    });

    public FormToken TokenFor(HttpContext http)
    {
        var tokens = antiforgery.GetAndStoreTokens(http);
        return new(tokens.FormFieldName, tokens.RequestToken!);
    }

    /// <summary>A value of a form that <see cref="ReadAsync"/> refused, for a link back; empty when there is none.</summary>
    public static string Peek(HttpContext http, string name) => http.Features.Get<IFormFeature>()?.Form?[name].ToString() ?? "";

    /// <param name="http">The request.</param>
    /// <param name="most">The most bytes of the form; more for pages where people write at length.</param>
    /// <param name="values">The most fields of the form.</param>
    /// <returns>The form, or null when it is not ours or cannot be read.</returns>
    public async Task<IFormCollection?> ReadAsync(HttpContext http, int most = MaxForm, int values = MaxValues)
    {
        var form = http.Request.HasFormContentType ? await http.ReadFormWithinAsync(most, values) : null;
        return form is not null && await antiforgery.IsRequestValidAsync(http) ? form : null;
    }

    /// <summary>The page for a form that <see cref="ReadAsync"/> refused.</summary>
    /// <param name="back">Where a fresh one is.</param>
    /// <param name="user">Who sent it, if that is known.</param>
    public static Task ShowForeignAsync(HttpContext http, string back, SignedInUser? user = null)
    {
        var language = http.LanguageFor(user?.Language);
        var words = NoticeTexts.All.In(language);

        // The browser dropped the cookie that belongs to the form: it is not the visitor who was slow.
        var detail = PlainHttpWarning.DropsCookies(http) ? SignInTexts.All.In(language).OverPlainHttp : words.TooOldDetail;
        return http.ShowPageAsync<NoticePage>(400, words, NoticePage.Of(PlainHttpWarning.DropsCookies(http) ? words.NotUnderstood : words.TooOld, detail, back, words.OpenAnew));
    }

    /// <summary>Always Secure, as the cookie of a session is; the framework's own setting would refuse to serve without TLS, on loopback too.</summary>
    private sealed class HostCookie : CookieBuilder
    {
        public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
        {
            var options = base.Build(context, expiresFrom);
            options.Secure = true;
            return options;
        }
    }
}
