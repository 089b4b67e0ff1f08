using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Reference;
using Afterword.Server.SignIn.Pages;
using Afterword.Server.Users;

namespace Afterword.Server.SignIn;

/// <summary>A user's own page: the password, and the browsers that are signed in.</summary>
internal static class OwnAccountEndpoints
{
    public const string Address = "/account";

    public static void MapOwnAccount(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Address, Show).WithMetadata(new HtmlPage()).Describe(AccountReference.Show);
        routes.MapPost("/account/password", ChangePassword).WithMetadata(new HtmlPage()).Describe(AccountReference.ChangePassword);
        routes.MapPost("/account/end-visit", EndUserSession).WithMetadata(new HtmlPage()).Describe(AccountReference.EndUserSession);
        routes.MapPost("/account/end-others", EndOthers).WithMetadata(new HtmlPage()).Describe(AccountReference.EndOthers);
    }

    private static async Task Show(HttpContext http, UserSessions visits)
    {
        if (await visits.WhoAsync(http) is { } user) await ShowAsync(http, user, 200, problem: null, isDone: http.Request.Query.ContainsKey("done"));
        else http.Response.Redirect(SignInEndpoints.AddressFor(Address));
    }

    public static async Task ShowAsync(HttpContext http, SignedInUser user, int status, string? problem, bool isDone = false) => await http.ShowPageAsync<OwnAccountPage>(
        status, WordsFor(http, user), new()
        {
            [nameof(OwnAccountPage.Token)] = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http),
            [nameof(OwnAccountPage.User)] = user,
            [nameof(OwnAccountPage.Visits)] = await http.RequestServices.GetRequiredService<UserSessions>().ListAsync(http, user.UserId),
            [nameof(OwnAccountPage.HasApp)] = await http.RequestServices.GetRequiredService<UserFactors>().HasAsync(user.UserId, http.RequestAborted),
            [nameof(OwnAccountPage.IsDone)] = isDone,
            [nameof(OwnAccountPage.Problem)] = problem,
        });

    private static Task ChangePassword(HttpContext http, UserSessions visits, CheckPassword check, GuessThrottle gate, UserPasswords passwords, UserFactors factors, KnownBrowsers browsers) => WithFormAsync(http, async (user, form) =>
    {
        var words = WordsFor(http, user);

        // Asked first, and the session once more: whoever has the password alone gets no further while the owner sets up an app.
        var withFactor = await factors.HasAsync(user.UserId, http.RequestAborted);
        if (await visits.WhoAsync(http) is null)
        {
            await SignedForms.ShowForeignAsync(http, Address);
            return;
        }

        var outcome = await check.RunAsync(http, user.ScreenName, form["password"].ToString());
        http.CountSignIn(user.ScreenName, outcome);
        if (outcome is SignInOutcome.TooMany) await ShowTooManyAsync(http, user);
        else if (outcome is not SignInOutcome.Welcome { PasswordHash: { } was }) await ShowAsync(http, user, 403, words.WrongCurrent);
        else if (await FlawOfAsync(http, user.ScreenName, form["new-password"].ToString()) is { } flaw) await ShowAsync(http, user, 400, words.Of(flaw));
        else if (await gate.HashAsync(http, form["new-password"].ToString()) is not { } hash) await ShowTooManyAsync(http, user);
        else if (!await passwords.SetAsync(user.UserId, hash, http.RequestAborted, was, UserSessions.HashOf(http))) await SignedForms.ShowForeignAsync(http, Address);
        else
        {
            // Every session ends, this one's key included, which others may know: it goes on with a new one.
            await visits.GoOnAsync(http, user.UserId, withFactor ? SignInMethod.SecondFactor : SignInMethod.Password, hash.Text);
            await browsers.RememberAsync(http, AccountKind.User, user.UserId, hash.Text);
            Done(http);
        }
    });

    private static Task ShowTooManyAsync(HttpContext http, SignedInUser user)
    {
        http.Response.Headers.RetryAfter = "60";
        return ShowAsync(http, user, 429, SignInTexts.All.In(http.LanguageFor(user.Language)).TooMany);
    }

    /// <summary>What is wrong with a new password of a user.</summary>
    public static async Task<PasswordProblem?> FlawOfAsync(HttpContext http, string screenName, string password)
    {
        var user = await http.RequestServices.GetRequiredService<UserAccounts>().FindAsync(screenName, http.RequestAborted);
        return PasswordRules.FlawOf(password, screenName, user?.Name, user?.Email, http.RequestServices.GetRequiredService<Settings>().Platform);
    }

    private static Task EndUserSession(HttpContext http, UserSessions visits) => WithFormAsync(http, async (user, form) =>
    {
        await visits.EndAsync(user.UserId, form["visit"].ToString(), http.RequestAborted);
        Done(http);
    });

    private static Task EndOthers(HttpContext http, UserSessions visits) => WithFormAsync(http, async (user, _) =>
    {
        await visits.EndOthersAsync(http, user.UserId);
        Done(http);
    });

    private static async Task WithFormAsync(HttpContext http, Func<SignedInUser, IFormCollection, Task> act)
    {
        var user = await http.RequestServices.GetRequiredService<UserSessions>().WhoAsync(http);
        if (await http.RequestServices.GetRequiredService<SignedForms>().ReadAsync(http) is { } form && user is not null) await act(user, form);
        else await SignedForms.ShowForeignAsync(http, Address, user);
    }

    private static void Done(HttpContext http) => http.SeeOther(Address + "?done");

    private static AccountTexts WordsFor(HttpContext http, SignedInUser user) => AccountTexts.All.In(http.LanguageFor(user.Language));
}
