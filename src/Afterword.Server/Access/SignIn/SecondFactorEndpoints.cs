using Afterword.Server.Access.Grants;
using Afterword.Server.Access.SignIn.Pages;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Reference;

namespace Afterword.Server.Access.SignIn;

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

    private static async Task Ask(HttpContext http, Visits visits, UserFactors factors)
    {
        var onward = Onward.Read(name => http.Request.Query[name]);
        if (await visits.WhoArrivesAsync(http) is { } visitor) await AskAsync(http, visitor, factors, onward, 200, problem: null);
        else http.Response.Redirect(onward.OauthToken is not null || await visits.WhoAsync(http) is not null ? onward.Address : SignInEndpoints.AddressFor(onward.To));
    }

    private static async Task AskAsync(HttpContext http, Visitor visitor, UserFactors factors, Onward onward, int status, string? problem)
    {
        await PrepareForAppAsync(http, onward);
        var owed = await factors.OwedByAsync(visitor.UserId, http.RequestAborted);
        if (owed == OwedFactor.SetUp && visitor.ByLink) await ShowOfferAsync(http, visitor, factors.Offer(visitor), SetUpAddress, onward, status, problem);
        else if (owed == OwedFactor.SetUp) await ShowLinkNeededAsync(http, visitor);
        else
        {
            await http.ShowPageAsync<CodePage>(status, WordsFor(http, visitor), new()
            {
                [nameof(CodePage.Token)] = TokenOf(http), [nameof(CodePage.Visitor)] = visitor, [nameof(CodePage.Onward)] = onward, [nameof(CodePage.Problem)] = problem,
            });
        }
    }

    private static Task Check(HttpContext http, Visits visits, UserFactors factors) => WithFormAsync(http, visits.WhoArrivesAsync, async (visitor, form) =>
    {
        var onward = Onward.Read(name => form[name]);
        var outcome = await factors.CheckAsync(visitor.UserId, form["code"].ToString(), http.Connection.RemoteIpAddress, http.RequestAborted);
        if (outcome is SignInOutcome.Welcome && !await visits.GoOnAsync(http, visitor.UserId)) outcome = new SignInOutcome.Wrong();
        http.TallySignIn(visitor.ScreenName, outcome);
        if (outcome is SignInOutcome.Welcome)
        {
            http.SeeOther(onward.Address);
        }
        else if (outcome is SignInOutcome.TooMany)
        {
            http.Response.Headers.RetryAfter = "60";
            await AskAsync(http, visitor, factors, onward, 429, SignInWords.All.In(http.LanguageFor(visitor.Language)).TooMany);
        }
        else await AskAsync(http, visitor, factors, onward, 403, WordsFor(http, visitor).WrongCode);
    });

    // Whoever knows only the password gets nothing here: it takes a link, and AddAsync takes the first app alone.
    private static Task SetUp(HttpContext http, Visits visits, UserFactors factors) => WithFormAsync(http, visits.WhoArrivesAsync, async (visitor, form) =>
    {
        var onward = Onward.Read(name => form[name]);
        await PrepareForAppAsync(http, onward);
        if (visitor.ByLink && await AddAsync(http, visitor, factors, form, onward.Address, signsIn: true)) return;
        if (await factors.OwedByAsync(visitor.UserId, http.RequestAborted) != OwedFactor.SetUp) http.SeeOther(onward.CodeAddress);
        else if (!visitor.ByLink) await ShowLinkNeededAsync(http, visitor);
        else
        {
            await ShowOfferAsync(http, visitor, factors.Reopen(visitor, form["offer"].ToString()), SetUpAddress, onward, 400, WordsFor(http, visitor).WrongCode);
        }
    });

    private static async Task Offer(HttpContext http, Visits visits, UserFactors factors)
    {
        if (await visits.WhoAsync(http) is not { } visitor) http.Response.Redirect(SignInEndpoints.AddressFor(OwnAccountEndpoints.Address));
        else if (await factors.HasAsync(visitor.UserId, http.RequestAborted)) http.Response.Redirect(OwnAccountEndpoints.Address);
        else await ShowOfferAsync(http, visitor, factors.Offer(visitor), OwnAddress, onward: null, 200, problem: null);
    }

    private static Task Add(HttpContext http, Visits visits, UserFactors factors, CheckPassword check) => WithFormAsync(http, visits.WhoAsync, async (visitor, form) =>
    {
        if (await WrongPasswordAsync(http, visitor, form, check) is { } wrong) await ShowOfferAsync(http, visitor, factors.Reopen(visitor, form["offer"].ToString()), OwnAddress, onward: null, wrong.Status, wrong.Problem);
        else if (!await AddAsync(http, visitor, factors, form, OwnAccountEndpoints.Address, signsIn: false))
        {
            await ShowOfferAsync(http, visitor, factors.Reopen(visitor, form["offer"].ToString()), OwnAddress, onward: null, 400, WordsFor(http, visitor).WrongCode);
        }
    });

    private static Task Remove(HttpContext http, Visits visits, UserFactors factors, CheckPassword check) => WithFormAsync(http, visits.WhoAsync, async (visitor, form) =>
    {
        if (await WrongPasswordAsync(http, visitor, form, check) is { } wrong) await OwnAccountEndpoints.ShowAsync(http, visitor, wrong.Status, wrong.Problem);
        else if (await factors.MustHaveAsync(visitor.UserId, http.RequestAborted)) await OwnAccountEndpoints.ShowAsync(http, visitor, 400, WordsFor(http, visitor).Needed);
        else
        {
            await factors.RemoveAsync(visitor.UserId, http.RequestAborted, Visits.HashOf(http));
            http.SeeOther(OwnAccountEndpoints.Address + "?done");
        }
    });

    private static async Task<(int Status, string Problem)?> WrongPasswordAsync(HttpContext http, Visitor visitor, IFormCollection form, CheckPassword check)
    {
        var outcome = await check.RunAsync(http, visitor.ScreenName, form["password"].ToString());
        http.TallySignIn(visitor.ScreenName, outcome);
        if (outcome is SignInOutcome.Welcome) return null;
        if (outcome is not SignInOutcome.TooMany) return (403, WordsFor(http, visitor).WrongCurrent);

        http.Response.Headers.RetryAfter = "60";
        return (429, SignInWords.All.In(http.LanguageFor(visitor.Language)).TooMany);
    }

    private static async Task<bool> AddAsync(HttpContext http, Visitor visitor, UserFactors factors, IFormCollection form, string next, bool signsIn)
    {
        if (await factors.AddAsync(visitor.UserId, form["offer"].ToString(), form["code"].ToString(), http.RequestAborted, Visits.HashOf(http)) is not { } codes
            || !await http.RequestServices.GetRequiredService<Visits>().GoOnAsync(http, visitor.UserId, signsIn)) return false;

        await http.ShowPageAsync<KeptCodesPage>(200, WordsFor(http, visitor), new() { [nameof(KeptCodesPage.Codes)] = codes, [nameof(KeptCodesPage.Next)] = next });
        return true;
    }

    private static Task ShowOfferAsync(HttpContext http, Visitor visitor, AppOffer offer, string action, Onward? onward, int status, string? problem) => http.ShowPageAsync<UserAppPage>(
        status, WordsFor(http, visitor), new()
        {
            [nameof(UserAppPage.Token)] = TokenOf(http), [nameof(UserAppPage.Offer)] = offer, [nameof(UserAppPage.Action)] = action, [nameof(UserAppPage.Onward)] = onward,
            [nameof(UserAppPage.Problem)] = problem,
        });

    private static Task ShowLinkNeededAsync(HttpContext http, Visitor visitor) => http.ShowPageAsync<LinkNeededPage>(403, WordsFor(http, visitor), new()
    {
        [nameof(LinkNeededPage.Token)] = TokenOf(http), [nameof(LinkNeededPage.Visitor)] = visitor, [nameof(LinkNeededPage.HasMail)] = http.RequestServices.GetRequiredService<ResetMail>().IsPossible,
    });

    private static async Task WithFormAsync(HttpContext http, Func<HttpContext, Task<Visitor?>> whoAsync, Func<Visitor, IFormCollection, Task> act)
    {
        var visitor = await whoAsync(http);
        if (await http.RequestServices.GetRequiredService<Forms>().ReadAsync(http) is { } form && visitor is not null) await act(visitor, form);
        else await Forms.ShowForeignAsync(http, OwnAccountEndpoints.Address, visitor);
    }

    // The browser holds the whole chain of redirects behind the form to its policy, up to the app, which may have opened the window.
    private static async Task PrepareForAppAsync(HttpContext http, Onward onward)
    {
        if (onward.OauthToken is null || await http.RequestServices.GetRequiredService<RequestTokens>().FindAsync(onward.OauthToken, http.RequestAborted) is not { } token) return;

        http.Response.Headers.ContentSecurityPolicy = SecurityHeaders.PagePolicyFor(token.Callback.PolicySource);
        http.Response.Headers.AllowOpener();
    }

    private static FormToken TokenOf(HttpContext http) => http.RequestServices.GetRequiredService<Forms>().TokenFor(http);

    private static AccountWords WordsFor(HttpContext http, Visitor visitor) => AccountWords.All.In(http.LanguageFor(visitor.Language));
}
