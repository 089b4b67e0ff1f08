using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Reference;
using Afterword.Server.SignIn.Pages;
using Afterword.Server.Storage;

namespace Afterword.Server.SignIn;

/// <summary>For users who forgot their password: asking for a link, and choosing a new one behind it.</summary>
internal static class ForgottenEndpoints
{
    public const string Address = "/sign-in/forgotten";
    private const string ChooseAddress = "/sign-in/password/";

    public static string AddressOf(string key) => ChooseAddress + key;

    public static void MapForgotten(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Address, Show).WithMetadata(new HtmlPage()).Describe(AccountReference.ShowForgotten);
        routes.MapPost(Address, Ask).WithMetadata(new HtmlPage()).Describe(AccountReference.AskForLink);
        routes.MapGet(ChooseAddress + "{key}", ShowChoice).WithMetadata(new HtmlPage()).Describe(AccountReference.ShowChoice);
        routes.MapPost(ChooseAddress + "{key}", Choose).WithMetadata(new HtmlPage()).Describe(AccountReference.Choose);
    }

    private static async Task Show(HttpContext http, UserSessions visits, PasswordResetEmail mail)
    {
        await visits.WhoArrivesAsync(http);
        if (mail.IsPossible) await ShowAsync(http, 200, problem: null);
        else http.Response.Redirect(SignInEndpoints.Address);
    }

    private static Task ShowAsync(HttpContext http, int status, string? problem) => http.ShowPageAsync<ForgottenPage>(status, WordsFor(http), new()
    {
        [nameof(ForgottenPage.Token)] = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http),
        [nameof(ForgottenPage.Handle)] = SignInTexts.All.In(http.LanguageFor(own: null)).Handle,
        [nameof(ForgottenPage.Problem)] = problem,
    });

    private static async Task Ask(HttpContext http, UserSessions visits, SignedForms forms, PasswordResetEmail mail)
    {
        // The form may be that of a sender who has shown the password and needs a link.
        await visits.WhoArrivesAsync(http);
        var words = WordsFor(http);
        if (await forms.ReadAsync(http) is not { } form) await SignedForms.ShowForeignAsync(http, Address);
        else if (mail.TryAsk(AccountKind.User, form["screen_name"].ToString(), http.Connection.RemoteIpAddress)) await http.ShowPageAsync<NoticePage>(200, words, NoticePage.Of(words.ForgottenTitle, words.Sent));
        else
        {
            http.Response.Headers.RetryAfter = "60";
            await ShowAsync(http, 429, SignInTexts.All.In(http.LanguageFor(own: null)).TooMany);
        }
    }

    private static async Task ShowChoice(HttpContext http, string key, ResetLinks links)
    {
        if (await links.FindAsync(AccountKind.User, key, http.RequestAborted) is not null) await ShowChoiceAsync(http, key, 200, problem: null);
        else await ShowGoneAsync(http);
    }

    private static Task ShowChoiceAsync(HttpContext http, string key, int status, string? problem) => http.ShowPageAsync<NewPasswordPage>(status, WordsFor(http), new()
    {
        [nameof(NewPasswordPage.Token)] = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http),
        [nameof(NewPasswordPage.Action)] = AddressOf(key),
        [nameof(NewPasswordPage.Problem)] = problem,
    });

    private static async Task Choose(
        HttpContext http, string key, SignedForms forms, ResetLinks links, GuessThrottle gate, UserPasswords passwords, KnownBrowsers browsers, UserSessions visits, UserFactors factors, Store store)
    {
        var stop = http.RequestAborted;
        if (await forms.ReadAsync(http) is not { } form) await SignedForms.ShowForeignAsync(http, AddressOf(key));
        else if (await links.FindAsync(AccountKind.User, key, stop) is not { } owner) await ShowGoneAsync(http);
        else if (await OwnAccountEndpoints.FlawOfAsync(http, await NameOfAsync(store, owner, stop), form["new-password"].ToString()) is { } flaw) await ShowChoiceAsync(http, key, 400, WordsFor(http).Of(flaw));
        else if (await gate.HashAsync(http, form["new-password"].ToString()) is not { } hash) await ShowChoiceAsync(http, key, 429, SignInTexts.All.In(http.LanguageFor(own: null)).TooMany);
        else if (await passwords.TakeLinkAsync(key, hash, stop) is not { } user) await ShowGoneAsync(http);
        else
        {
            // Whoever keeps the account locked does not hold up the one who just had its link.
            await browsers.RememberAsync(http, AccountKind.User, user, hash.Text);

            // The second factor is owed as after any password; a sender that needs a first one sets it up here.
            await visits.BeginAsync(http, user, SignInMethod.Link, hash.Text);
            var returnTo = new ReturnTarget(null, "authorize", OwnAccountEndpoints.Address);
            http.SeeOther(await factors.OwedByAsync(user, stop) == RequiredFactor.Nothing ? OwnAccountEndpoints.Address + "?done" : returnTo.CodeAddress);
        }
    }

    private static async Task<string> NameOfAsync(Store store, long userId, CancellationToken stop) => await store.Main.ReadAsync(
        session => session.Sql("select screen_name from account where id = @id").Bind("id", userId).FirstAsync(row => row.GetString(0), stop), stop) ?? "";

    private static Task ShowGoneAsync(HttpContext http)
    {
        var words = WordsFor(http);
        return http.ShowPageAsync<NoticePage>(404, words, NoticePage.Of(words.LinkGone, words.LinkGoneDetail, SignInEndpoints.Address, words.BackToSignIn));
    }

    private static AccountTexts WordsFor(HttpContext http) => AccountTexts.All.In(http.LanguageFor(own: null));
}
