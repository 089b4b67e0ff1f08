using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Reference;
using Afterword.Server.SignIn.Pages;

namespace Afterword.Server.SignIn;

/// <summary>The second factor of users: asked for after the password, set up and removed on their own page.</summary>
internal static class SecondFactorEndpoints
{
    public const string Address = "/sign-in/code";
    private const string SetUpAddress = "/sign-in/app";
    private const string OwnAddress = "/account/app";

    public static void MapSecondFactor(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Address, Ask).WithMetadata(new HtmlPage()).Describe(AccountReference.AskForCode);
        routes.MapPost(Address, Check).WithMetadata(new HtmlPage()).Describe(AccountReference.SendCode);
        routes.MapPost(SetUpAddress, SetUp).WithMetadata(new HtmlPage()).Describe(AccountReference.SetUpApp);
        routes.MapGet(OwnAddress, Offer).WithMetadata(new HtmlPage()).Describe(AccountReference.OfferApp);
        routes.MapPost(OwnAddress, Add).WithMetadata(new HtmlPage()).Describe(AccountReference.AddApp);
        routes.MapPost("/account/remove-app", Remove).WithMetadata(new HtmlPage()).Describe(AccountReference.RemoveApp);
    }

    private static async Task Ask(HttpContext http, UserSessions visits, UserFactors factors)
    {
        var returnTo = ReturnTarget.Read(name => http.Request.Query[name]);
        if (await visits.WhoArrivesAsync(http) is { } user) await AskAsync(http, user, factors, returnTo, 200, problem: null);
        else http.Response.Redirect(returnTo.OauthToken is not null || await visits.WhoAsync(http) is not null ? returnTo.Address : SignInEndpoints.AddressFor(returnTo.To));
    }

    private static async Task AskAsync(HttpContext http, SignedInUser user, UserFactors factors, ReturnTarget onward, int status, string? problem)
    {
        await PrepareForAppAsync(http, onward);
        var owed = await factors.OwedByAsync(user.UserId, http.RequestAborted);
        if (owed == RequiredFactor.SetUp && user.ByLink) await ShowOfferAsync(http, user, factors.Offer(user), SetUpAddress, onward, status, problem);
        else if (owed == RequiredFactor.SetUp) await ShowLinkNeededAsync(http, user);
        else
        {
            await http.ShowPageAsync<CodePage>(status, WordsFor(http, user), new()
            {
                [nameof(CodePage.Token)] = TokenOf(http), [nameof(CodePage.User)] = user, [nameof(CodePage.ReturnTo)] = onward, [nameof(CodePage.Problem)] = problem,
            });
        }
    }

    private static Task Check(HttpContext http, UserSessions visits, UserFactors factors) => WithFormAsync(http, visits.WhoArrivesAsync, async (user, form) =>
    {
        var returnTo = ReturnTarget.Read(name => form[name]);
        var outcome = await factors.CheckAsync(user.UserId, form["code"].ToString(), http.Connection.RemoteIpAddress, http.RequestAborted);
        if (outcome is SignInOutcome.Welcome && !await visits.GoOnAsync(http, user.UserId)) outcome = new SignInOutcome.Wrong();
        http.CountSignIn(user.ScreenName, outcome);
        if (outcome is SignInOutcome.Welcome)
        {
            http.SeeOther(returnTo.Address);
        }
        else if (outcome is SignInOutcome.TooMany)
        {
            http.Response.Headers.RetryAfter = "60";
            await AskAsync(http, user, factors, returnTo, 429, SignInTexts.All.In(http.LanguageFor(user.Language)).TooMany);
        }
        else await AskAsync(http, user, factors, returnTo, 403, WordsFor(http, user).WrongCode);
    });

    // Whoever knows only the password gets nothing here: it takes a link, and AddAsync takes the first app alone.
    private static Task SetUp(HttpContext http, UserSessions visits, UserFactors factors) => WithFormAsync(http, visits.WhoArrivesAsync, async (user, form) =>
    {
        var returnTo = ReturnTarget.Read(name => form[name]);
        await PrepareForAppAsync(http, returnTo);
        if (user.ByLink && await AddAsync(http, user, factors, form, returnTo.Address, signsIn: true)) return;
        if (await factors.OwedByAsync(user.UserId, http.RequestAborted) != RequiredFactor.SetUp) http.SeeOther(returnTo.CodeAddress);
        else if (!user.ByLink) await ShowLinkNeededAsync(http, user);
        else
        {
            await ShowOfferAsync(http, user, factors.Reopen(user, form["offer"].ToString()), SetUpAddress, returnTo, 400, WordsFor(http, user).WrongCode);
        }
    });

    private static async Task Offer(HttpContext http, UserSessions visits, UserFactors factors)
    {
        if (await visits.WhoAsync(http) is not { } user) http.Response.Redirect(SignInEndpoints.AddressFor(OwnAccountEndpoints.Address));
        else if (await factors.HasAsync(user.UserId, http.RequestAborted)) http.Response.Redirect(OwnAccountEndpoints.Address);
        else await ShowOfferAsync(http, user, factors.Offer(user), OwnAddress, onward: null, 200, problem: null);
    }

    private static Task Add(HttpContext http, UserSessions visits, UserFactors factors, CheckPassword check) => WithFormAsync(http, visits.WhoAsync, async (user, form) =>
    {
        if (await WrongPasswordAsync(http, user, form, check) is { } wrong) await ShowOfferAsync(http, user, factors.Reopen(user, form["offer"].ToString()), OwnAddress, onward: null, wrong.Status, wrong.Problem);
        else if (!await AddAsync(http, user, factors, form, OwnAccountEndpoints.Address, signsIn: false))
        {
            await ShowOfferAsync(http, user, factors.Reopen(user, form["offer"].ToString()), OwnAddress, onward: null, 400, WordsFor(http, user).WrongCode);
        }
    });

    private static Task Remove(HttpContext http, UserSessions visits, UserFactors factors, CheckPassword check) => WithFormAsync(http, visits.WhoAsync, async (user, form) =>
    {
        if (await WrongPasswordAsync(http, user, form, check) is { } wrong) await OwnAccountEndpoints.ShowAsync(http, user, wrong.Status, wrong.Problem);
        else if (await factors.MustHaveAsync(user.UserId, http.RequestAborted)) await OwnAccountEndpoints.ShowAsync(http, user, 400, WordsFor(http, user).Needed);
        else
        {
            await factors.RemoveAsync(user.UserId, http.RequestAborted, UserSessions.HashOf(http));
            http.SeeOther(OwnAccountEndpoints.Address + "?done");
        }
    });

    private static async Task<(int Status, string Problem)?> WrongPasswordAsync(HttpContext http, SignedInUser user, IFormCollection form, CheckPassword check)
    {
        var outcome = await check.RunAsync(http, user.ScreenName, form["password"].ToString());
        http.CountSignIn(user.ScreenName, outcome);
        if (outcome is SignInOutcome.Welcome) return null;
        if (outcome is not SignInOutcome.TooMany) return (403, WordsFor(http, user).WrongCurrent);

        http.Response.Headers.RetryAfter = "60";
        return (429, SignInTexts.All.In(http.LanguageFor(user.Language)).TooMany);
    }

    private static async Task<bool> AddAsync(HttpContext http, SignedInUser user, UserFactors factors, IFormCollection form, string next, bool signsIn)
    {
        if (await factors.AddAsync(user.UserId, form["offer"].ToString(), form["code"].ToString(), http.RequestAborted, UserSessions.HashOf(http)) is not { } codes
            || !await http.RequestServices.GetRequiredService<UserSessions>().GoOnAsync(http, user.UserId, signsIn)) return false;

        await http.ShowPageAsync<UserRecoveryCodesPage>(200, WordsFor(http, user), new() { [nameof(UserRecoveryCodesPage.Codes)] = codes, [nameof(UserRecoveryCodesPage.Next)] = next });
        return true;
    }

    private static Task ShowOfferAsync(HttpContext http, SignedInUser user, AuthenticatorSetup offer, string action, ReturnTarget? onward, int status, string? problem) => http.ShowPageAsync<UserAppPage>(
        status, WordsFor(http, user), new()
        {
            [nameof(UserAppPage.Token)] = TokenOf(http), [nameof(UserAppPage.Offer)] = offer, [nameof(UserAppPage.Action)] = action, [nameof(UserAppPage.ReturnTo)] = onward,
            [nameof(UserAppPage.Problem)] = problem,
        });

    private static Task ShowLinkNeededAsync(HttpContext http, SignedInUser user) => http.ShowPageAsync<LinkNeededPage>(403, WordsFor(http, user), new()
    {
        [nameof(LinkNeededPage.Token)] = TokenOf(http), [nameof(LinkNeededPage.User)] = user, [nameof(LinkNeededPage.HasEmail)] = http.RequestServices.GetRequiredService<PasswordResetEmail>().IsPossible,
    });

    private static async Task WithFormAsync(HttpContext http, Func<HttpContext, Task<SignedInUser?>> whoAsync, Func<SignedInUser, IFormCollection, Task> act)
    {
        var user = await whoAsync(http);
        if (await http.RequestServices.GetRequiredService<SignedForms>().ReadAsync(http) is { } form && user is not null) await act(user, form);
        else await SignedForms.ShowForeignAsync(http, OwnAccountEndpoints.Address, user);
    }

    // The browser holds the whole chain of redirects behind the form to its policy, up to the app, which may have opened the window.
    private static async Task PrepareForAppAsync(HttpContext http, ReturnTarget onward)
    {
        if (onward.OauthToken is null || await http.RequestServices.GetRequiredService<RequestTokens>().FindAsync(onward.OauthToken, http.RequestAborted) is not { } token) return;

        http.Response.Headers.ContentSecurityPolicy = SecurityHeaders.PagePolicyFor(token.Callback.PolicySource);
        http.Response.Headers.AllowOpener();
    }

    private static FormToken TokenOf(HttpContext http) => http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http);

    private static AccountTexts WordsFor(HttpContext http, SignedInUser user) => AccountTexts.All.In(http.LanguageFor(user.Language));
}
