using Afterword.Server.Access.SignIn.Pages;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.People;
using Afterword.Server.Reference;

namespace Afterword.Server.Access.SignIn;

/// <summary>A user's own page: the password, and the browsers that are signed in.</summary>
internal static class OwnAccountEndpoints
{
    public const string Address = "/account";

    public static void MapOwnAccount(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Address, Show).WithMetadata(new HtmlPage()).Describe(AccountReference.Show);
        routes.MapPost("/account/password", ChangePassword).WithMetadata(new HtmlPage()).Describe(AccountReference.ChangePassword);
        routes.MapPost("/account/end-visit", EndVisit).WithMetadata(new HtmlPage()).Describe(AccountReference.EndVisit);
        routes.MapPost("/account/end-others", EndOthers).WithMetadata(new HtmlPage()).Describe(AccountReference.EndOthers);
    }

    private static async Task Show(HttpContext http, Visits visits)
    {
        if (await visits.WhoAsync(http) is { } visitor) await ShowAsync(http, visitor, 200, problem: null, isDone: http.Request.Query.ContainsKey("done"));
        else http.Response.Redirect(SignInEndpoints.AddressFor(Address));
    }

    public static async Task ShowAsync(HttpContext http, Visitor visitor, int status, string? problem, bool isDone = false) => await http.ShowPageAsync<OwnAccountPage>(
        status, WordsFor(http, visitor), new()
        {
            [nameof(OwnAccountPage.Token)] = http.RequestServices.GetRequiredService<Forms>().TokenFor(http),
            [nameof(OwnAccountPage.Visitor)] = visitor,
            [nameof(OwnAccountPage.Visits)] = await http.RequestServices.GetRequiredService<Visits>().ListAsync(http, visitor.UserId),
            [nameof(OwnAccountPage.HasApp)] = await http.RequestServices.GetRequiredService<UserFactors>().HasAsync(visitor.UserId, http.RequestAborted),
            [nameof(OwnAccountPage.IsDone)] = isDone,
            [nameof(OwnAccountPage.Problem)] = problem,
        });

    private static Task ChangePassword(HttpContext http, Visits visits, CheckPassword check, GuessGate gate, UserPasswords passwords, UserFactors factors, KnownBrowsers browsers) => WithFormAsync(http, async (visitor, form) =>
    {
        var words = WordsFor(http, visitor);

        // Asked first, and the visit once more: whoever has the password alone gets no further while the owner sets up an app.
        var withFactor = await factors.HasAsync(visitor.UserId, http.RequestAborted);
        if (await visits.WhoAsync(http) is null)
        {
            await Forms.ShowForeignAsync(http, Address);
            return;
        }

        var outcome = await check.RunAsync(http, visitor.ScreenName, form["password"].ToString());
        http.TallySignIn(visitor.ScreenName, outcome);
        if (outcome is SignInOutcome.TooMany) await ShowTooManyAsync(http, visitor);
        else if (outcome is not SignInOutcome.Welcome { PasswordHash: { } was }) await ShowAsync(http, visitor, 403, words.WrongCurrent);
        else if (await FlawOfAsync(http, visitor.ScreenName, form["new-password"].ToString()) is { } flaw) await ShowAsync(http, visitor, 400, words.Of(flaw));
        else if (await gate.HashAsync(http, form["new-password"].ToString()) is not { } hash) await ShowTooManyAsync(http, visitor);
        else if (!await passwords.SetAsync(visitor.UserId, hash, http.RequestAborted, was, Visits.HashOf(http))) await Forms.ShowForeignAsync(http, Address);
        else
        {
            // Every visit ends, this one's key included, which others may know: it goes on with a new one.
            await visits.GoOnAsync(http, visitor.UserId, withFactor ? SignedInBy.SecondFactor : SignedInBy.Password, hash.Text);
            await browsers.RememberAsync(http, AccountKind.User, visitor.UserId, hash.Text);
            Done(http);
        }
    });

    private static Task ShowTooManyAsync(HttpContext http, Visitor visitor)
    {
        http.Response.Headers.RetryAfter = "60";
        return ShowAsync(http, visitor, 429, SignInWords.All.In(http.LanguageFor(visitor.Language)).TooMany);
    }

    /// <summary>What is wrong with a new password of a user.</summary>
    public static async Task<PasswordFlaw?> FlawOfAsync(HttpContext http, string screenName, string password)
    {
        var account = await http.RequestServices.GetRequiredService<Accounts>().FindAsync(screenName, http.RequestAborted);
        return Passwords.FlawOf(password, screenName, account?.Name, account?.Mail, http.RequestServices.GetRequiredService<Settings>().Platform);
    }

    private static Task EndVisit(HttpContext http, Visits visits) => WithFormAsync(http, async (visitor, form) =>
    {
        await visits.EndAsync(visitor.UserId, form["visit"].ToString(), http.RequestAborted);
        Done(http);
    });

    private static Task EndOthers(HttpContext http, Visits visits) => WithFormAsync(http, async (visitor, _) =>
    {
        await visits.EndOthersAsync(http, visitor.UserId);
        Done(http);
    });

    private static async Task WithFormAsync(HttpContext http, Func<Visitor, IFormCollection, Task> act)
    {
        var visitor = await http.RequestServices.GetRequiredService<Visits>().WhoAsync(http);
        if (await http.RequestServices.GetRequiredService<Forms>().ReadAsync(http) is { } form && visitor is not null) await act(visitor, form);
        else await Forms.ShowForeignAsync(http, Address, visitor);
    }

    private static void Done(HttpContext http) => http.SeeOther(Address + "?done");

    private static AccountWords WordsFor(HttpContext http, Visitor visitor) => AccountWords.All.In(http.LanguageFor(visitor.Language));
}
