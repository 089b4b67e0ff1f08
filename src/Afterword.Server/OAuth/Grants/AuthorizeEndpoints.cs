using Afterword.Server.Configuration;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.OAuth.Grants.Pages;
using Afterword.Server.Reference;
using Afterword.Server.SignIn;

namespace Afterword.Server.OAuth.Grants;

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

    private static Task Authorize(HttpContext http, RequestTokens tokens, UserSessions visits, SignedForms forms, Settings settings) =>
        AskAsync(http, tokens, visits, forms, settings, "authorize", (token, user) => ShowQuestionAsync(http, settings, forms, token, user));

    // The same, but without a question for those who have said yes to this app before.
    private static Task Authenticate(HttpContext http, RequestTokens tokens, UserSessions visits, SignedForms forms, Apps apps, Settings settings) =>
        AskAsync(http, tokens, visits, forms, settings, "authenticate", async (token, user) =>
        {
            var approved = await apps.ApprovedByAsync(user.UserId, http.RequestAborted);

            // A program that only looks at where an address leads approves nothing.
            if (!HttpMethods.IsHead(http.Request.Method) && approved.Exists(app => app.Id == token.AppId && app.Permission >= token.Permission)) await AllowAsync(http, tokens, settings, token, user, StatusCodes.Status302Found);
            else await ShowQuestionAsync(http, settings, forms, token, user);
        });

    private static async Task AskAsync(
        HttpContext http, RequestTokens tokens, UserSessions visits, SignedForms forms, Settings settings, string leg, Func<RequestToken, SignedInUser, Task> ask)
    {
        var query = http.Request.Query;
        if (await OpenTokenAsync(tokens, query["oauth_token"], http.RequestAborted) is not { } token)
        {
            await ShowGoneAsync(http);
            return;
        }

        var user = IsTrue(query["force_login"]) ? null : await visits.WhoAsync(http);
        if (user is null) await SignInEndpoints.ShowAsync(http, 200, settings, forms, token, leg, query["screen_name"].FirstOrDefault(), problem: null);
        else await ask(token, user);
    }

    private static async Task Decide(HttpContext http, RequestTokens tokens, UserSessions visits, SignedForms forms, Settings settings)
    {
        var user = await visits.WhoAsync(http);
        var form = await forms.ReadAsync(http);
        if (user is null || form is null)
        {
            await SignedForms.ShowForeignAsync(http, AddressOf("authorize", SignedForms.Peek(http, "oauth_token")), user);
        }
        else if (await OpenTokenAsync(tokens, form["oauth_token"], http.RequestAborted) is not { } token)
        {
            await ShowGoneAsync(http, user);
        }
        else if (form["decision"] == "allow")
        {
            await AllowAsync(http, tokens, settings, token, user, StatusCodes.Status303SeeOther);
        }
        else if (form["decision"] == "cancel")
        {
            await CancelAsync(http, tokens, token, user);
        }
        else
        {
            await ShowQuestionAsync(http, settings, forms, token, user);
        }
    }

    private static async Task AllowAsync(HttpContext http, RequestTokens tokens, Settings settings, RequestToken token, SignedInUser user, int redirect)
    {
        if (await tokens.ApproveAsync(token, user.UserId, http.RequestAborted) is not { } verifier)
        {
            await ShowGoneAsync(http, user);
        }
        else if (token.Callback.IsPin)
        {
            http.Response.Headers.AllowOpener();
            await http.ShowPageAsync<PinPage>(200, GrantTexts.All.In(http.LanguageFor(user.Language)), new()
            {
                [nameof(PinPage.Platform)] = settings.Platform, [nameof(PinPage.App)] = token.AppName, [nameof(PinPage.Pin)] = verifier,
            });
        }
        else
        {
            Redirect(http, redirect, token.Callback.With(("oauth_token", token.Token), ("oauth_verifier", verifier)));
        }
    }

    private static async Task CancelAsync(HttpContext http, RequestTokens tokens, RequestToken token, SignedInUser user)
    {
        var words = GrantTexts.All.In(http.LanguageFor(user.Language));
        if (!await tokens.DenyAsync(token, http.RequestAborted)) await ShowGoneAsync(http, user);
        else if (!token.Callback.IsPin) Redirect(http, StatusCodes.Status303SeeOther, token.Callback.With(("denied", token.Token)));
        else
        {
            http.Response.Headers.AllowOpener();
            await http.ShowPageAsync<NoticePage>(200, words, NoticePage.Of(words.Denied, words.DeniedDetail.Replace("{app}", token.AppName, StringComparison.Ordinal)));
        }
    }

    private static Task ShowQuestionAsync(HttpContext http, Settings settings, SignedForms forms, RequestToken token, SignedInUser user)
    {
        http.Response.Headers.ContentSecurityPolicy = SecurityHeaders.PagePolicyFor(token.Callback.PolicySource);
        http.Response.Headers.AllowOpener();
        var words = GrantTexts.All.In(http.LanguageFor(user.Language));
        return http.ShowPageAsync<AuthorizePage>(200, words, new()
        {
            [nameof(AuthorizePage.Platform)] = settings.Platform,
            [nameof(AuthorizePage.Token)] = forms.TokenFor(http),
            [nameof(AuthorizePage.User)] = user,
            [nameof(AuthorizePage.App)] = token.AppName,
            [nameof(AuthorizePage.Can)] = words.CanOf(token.Permission),
            [nameof(AuthorizePage.Cannot)] = words.CannotOf(token.Permission),
            [nameof(AuthorizePage.OauthToken)] = token.Token,
            [nameof(AuthorizePage.Host)] = token.Callback.Place,
        });
    }

    /// <summary>The page for a request token that cannot be decided about.</summary>
    private static Task ShowGoneAsync(HttpContext http, SignedInUser? user = null)
    {
        var words = GrantTexts.All.In(http.LanguageFor(user?.Language));
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
