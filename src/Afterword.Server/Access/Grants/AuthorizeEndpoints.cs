using Afterword.Server.Access.Grants.Pages;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Reference;

namespace Afterword.Server.Access.Grants;

/// <summary>The second leg, in the user's browser: who asks for what, yes or no (RFC 5849, section 2.2).</summary>
internal static class AuthorizeEndpoints
{
    public static void MapAuthorize(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/oauth/authorize", Authorize).WithMetadata(new HtmlPage()).Describe(GrantReference.Authorize);
        routes.MapGet("/oauth/authenticate", Authenticate).WithMetadata(new HtmlPage()).Describe(GrantReference.Authenticate);
        routes.MapPost("/oauth/authorize", Decide).WithMetadata(new HtmlPage()).Describe(GrantReference.Decide);
    }

    public static string AddressOf(string leg, string token) => $"/oauth/{leg}?oauth_token={Uri.EscapeDataString(token)}";

    private static Task Authorize(HttpContext http, RequestTokens tokens, Visits visits, Forms forms, Settings settings) =>
        AskAsync(http, tokens, visits, forms, settings, "authorize", (token, visitor) => ShowQuestionAsync(http, settings, forms, token, visitor));

    // The same, but without a question for those who have said yes to this app before.
    private static Task Authenticate(HttpContext http, RequestTokens tokens, Visits visits, Forms forms, Apps apps, Settings settings) =>
        AskAsync(http, tokens, visits, forms, settings, "authenticate", async (token, visitor) =>
        {
            var approved = await apps.ApprovedByAsync(visitor.UserId, http.RequestAborted);

            // A program that only looks at where an address leads approves nothing.
            if (!HttpMethods.IsHead(http.Request.Method) && approved.Exists(app => app.Id == token.AppId && app.Permission >= token.Permission)) await AllowAsync(http, tokens, settings, token, visitor, StatusCodes.Status302Found);
            else await ShowQuestionAsync(http, settings, forms, token, visitor);
        });

    private static async Task AskAsync(
        HttpContext http, RequestTokens tokens, Visits visits, Forms forms, Settings settings, string leg, Func<RequestToken, Visitor, Task> ask)
    {
        var query = http.Request.Query;
        if (await OpenTokenAsync(tokens, query["oauth_token"], http.RequestAborted) is not { } token)
        {
            await ShowGoneAsync(http);
            return;
        }

        var visitor = IsTrue(query["force_login"]) ? null : await visits.WhoAsync(http);
        if (visitor is null) await SignInEndpoints.ShowAsync(http, 200, settings, forms, token, leg, query["screen_name"].FirstOrDefault(), problem: null);
        else await ask(token, visitor);
    }

    private static async Task Decide(HttpContext http, RequestTokens tokens, Visits visits, Forms forms, Settings settings)
    {
        var visitor = await visits.WhoAsync(http);
        var form = await forms.ReadAsync(http);
        if (visitor is null || form is null)
        {
            await Forms.ShowForeignAsync(http, AddressOf("authorize", Forms.Peek(http, "oauth_token")), visitor);
        }
        else if (await OpenTokenAsync(tokens, form["oauth_token"], http.RequestAborted) is not { } token)
        {
            await ShowGoneAsync(http, visitor);
        }
        else if (form["decision"] == "allow")
        {
            await AllowAsync(http, tokens, settings, token, visitor, StatusCodes.Status303SeeOther);
        }
        else if (form["decision"] == "cancel")
        {
            await CancelAsync(http, tokens, token, visitor);
        }
        else
        {
            await ShowQuestionAsync(http, settings, forms, token, visitor);
        }
    }

    private static async Task AllowAsync(HttpContext http, RequestTokens tokens, Settings settings, RequestToken token, Visitor visitor, int redirect)
    {
        if (await tokens.ApproveAsync(token, visitor.UserId, http.RequestAborted) is not { } verifier)
        {
            await ShowGoneAsync(http, visitor);
        }
        else if (token.Callback.IsPin)
        {
            http.Response.Headers.AllowOpener();
            await http.ShowPageAsync<PinPage>(200, GrantWords.All.In(http.LanguageFor(visitor.Language)), new()
            {
                [nameof(PinPage.Platform)] = settings.Platform, [nameof(PinPage.App)] = token.AppName, [nameof(PinPage.Pin)] = verifier,
            });
        }
        else
        {
            Redirect(http, redirect, token.Callback.With(("oauth_token", token.Token), ("oauth_verifier", verifier)));
        }
    }

    private static async Task CancelAsync(HttpContext http, RequestTokens tokens, RequestToken token, Visitor visitor)
    {
        var words = GrantWords.All.In(http.LanguageFor(visitor.Language));
        if (!await tokens.DenyAsync(token, http.RequestAborted)) await ShowGoneAsync(http, visitor);
        else if (!token.Callback.IsPin) Redirect(http, StatusCodes.Status303SeeOther, token.Callback.With(("denied", token.Token)));
        else
        {
            http.Response.Headers.AllowOpener();
            await http.ShowPageAsync<NoticePage>(200, words, NoticePage.Of(words.Denied, words.DeniedDetail.Replace("{app}", token.AppName, StringComparison.Ordinal)));
        }
    }

    private static Task ShowQuestionAsync(HttpContext http, Settings settings, Forms forms, RequestToken token, Visitor visitor)
    {
        http.Response.Headers.ContentSecurityPolicy = SecurityHeaders.PagePolicyFor(token.Callback.PolicySource);
        http.Response.Headers.AllowOpener();
        var words = GrantWords.All.In(http.LanguageFor(visitor.Language));
        return http.ShowPageAsync<AuthorizePage>(200, words, new()
        {
            [nameof(AuthorizePage.Platform)] = settings.Platform,
            [nameof(AuthorizePage.Token)] = forms.TokenFor(http),
            [nameof(AuthorizePage.Visitor)] = visitor,
            [nameof(AuthorizePage.App)] = token.AppName,
            [nameof(AuthorizePage.Can)] = words.CanOf(token.Permission),
            [nameof(AuthorizePage.Cannot)] = words.CannotOf(token.Permission),
            [nameof(AuthorizePage.OauthToken)] = token.Token,
            [nameof(AuthorizePage.Host)] = token.Callback.Place,
        });
    }

    /// <summary>The page for a request token that cannot be decided about.</summary>
    private static Task ShowGoneAsync(HttpContext http, Visitor? visitor = null)
    {
        var words = GrantWords.All.In(http.LanguageFor(visitor?.Language));
        return http.ShowPageAsync<NoticePage>(404, words, NoticePage.Of(words.Gone, words.GoneDetail));
    }

    private static async Task<RequestToken?> OpenTokenAsync(RequestTokens tokens, Microsoft.Extensions.Primitives.StringValues given, CancellationToken stop) =>
        given is [{ Length: > 0 and <= 100 } text] && await tokens.FindAsync(text, stop) is { IsApproved: false, AppSuspended: false } token ? token : null;

    private static void Redirect(HttpContext http, int status, string address)
    {
        http.Response.StatusCode = status;
        http.Response.Headers.Location = address;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["Referrer-Policy"] = "no-referrer";
    }

    private static bool IsTrue(Microsoft.Extensions.Primitives.StringValues value) => value.ToString() is "true" or "t" or "1";
}
