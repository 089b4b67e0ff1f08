using Afterword.Server.Configuration;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Reference;
using Afterword.Server.SignIn.Pages;

namespace Afterword.Server.SignIn;

/// <summary>Signing in and out, for users of the platform.</summary>
internal static class SignInEndpoints
{
    public const string Address = "/sign-in";

    public static void AddSignIn(this IServiceCollection services)
    {
        services.AddSingleton(provider => new PasswordHashes(provider.GetRequiredService<Settings>().SignIn.HashRounds));
        services.AddSingleton(new HashScheduler(Math.Max(1, Environment.ProcessorCount / 2)));
        services.AddSingleton<GuessThrottle>();
        services.AddSingleton<KnownBrowsers>();
        services.AddSingleton<PasswordGuesses>();
        services.AddSingleton<CheckPassword>();
        services.AddSingleton<UserPasswords>();
        services.AddSingleton<AuthenticatorSetups>();
        services.AddSingleton<UserFactors>();
        services.AddSingleton<ResetLinks>();
        services.AddSingleton<PasswordResetEmail>();
        services.AddHostedService(provider => provider.GetRequiredService<PasswordResetEmail>());
        services.AddSingleton<UserSessions>();
        services.AddSingleton<SignedForms>();
        SignedForms.Add(services);
    }

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Address, Show).WithMetadata(new HtmlPage()).Describe(SignInReference.Show);
        routes.MapPost(Address, SignIn).WithMetadata(new HtmlPage()).Describe(SignInReference.SignIn);
        routes.MapPost("/sign-out", SignOut).WithMetadata(new HtmlPage()).Describe(SignInReference.SignOut);
        routes.MapOwnAccount();
        routes.MapForgotten();
        routes.MapSecondFactor();
    }

    /// <summary>Asks for handle and password, for the sake of an app or for the user's own.</summary>
    /// <param name="token">The app's request token; null without one.</param>
    /// <param name="leg">Which page asked, <c>authorize</c> or <c>authenticate</c>, and is led back to.</param>
    /// <param name="problem">What was wrong with the attempt before this one.</param>
    /// <param name="to">Where the user was going; read by <see cref="LocalPath"/>.</param>
    public static async Task ShowAsync(
        HttpContext http, int status, Settings settings, SignedForms forms, RequestToken? token, string? leg, string? screenName, Func<SignInTexts, string>? problem, string? to = null)
    {
        // The browser holds the whole chain of redirects behind the form to its policy, up to the app.
        http.Response.Headers.ContentSecurityPolicy = SecurityHeaders.PagePolicyFor(token?.Callback.PolicySource);
        if (token is not null) http.Response.Headers.AllowOpener();
        var words = SignInTexts.All.In(http.LanguageFor(own: null));
        await http.ShowPageAsync<SignInPage>(status, words, new()
        {
            [nameof(SignInPage.Platform)] = settings.Platform,
            [nameof(SignInPage.Forgotten)] = settings.Mail is null ? null : AccountTexts.All.In(http.LanguageFor(own: null)).Forgotten,
            [nameof(SignInPage.Token)] = forms.TokenFor(http),
            [nameof(SignInPage.App)] = token?.AppName,
            [nameof(SignInPage.OauthToken)] = token?.Token,
            [nameof(SignInPage.Leg)] = leg,
            [nameof(SignInPage.To)] = to,
            [nameof(SignInPage.ScreenName)] = screenName,
            [nameof(SignInPage.Problem)] = problem?.Invoke(words) ?? (PlainHttpWarning.DropsCookies(http) ? words.OverPlainHttp : null),
        });
    }

    /// <summary>The page to sign in on, and to go on from.</summary>
    /// <param name="to">A path of this server, or null.</param>
    public static string AddressFor(string? to) => to is null ? Address : $"{Address}?to={Uri.EscapeDataString(to)}";

    private static async Task Show(HttpContext http, UserSessions visits, SignedForms forms, Settings settings)
    {
        var to = LocalPath.Read(http.Request.Query["to"]);
        if (await visits.WhoAsync(http) is not null) http.Response.Redirect(to ?? ApprovedAppEndpoints.Address);
        else if (await visits.WhoArrivesAsync(http) is not null) http.Response.Redirect(new ReturnTarget(null, "authorize", to).CodeAddress);
        else await ShowAsync(http, 200, settings, forms, token: null, leg: null, screenName: null, problem: null, to);
    }

    private static async Task SignIn(HttpContext http, CheckPassword check, UserSessions visits, UserFactors factors, SignedForms forms, RequestTokens tokens, Settings settings)
    {
        if (await forms.ReadAsync(http) is not { } form)
        {
            await SignedForms.ShowForeignAsync(http, Address);
            return;
        }

        var returnTo = ReturnTarget.Read(name => form[name]);
        var screenName = form["screen_name"].ToString();
        var outcome = await check.RunAsync(http, screenName, form["password"].ToString());
        if (outcome is SignInOutcome.Welcome { PasswordHash: { } hash } welcome)
        {
            if (await visits.BeginAsync(http, welcome.UserId, SignInMethod.Password, hash))
            {
                http.SeeOther(await factors.OwedByAsync(welcome.UserId, http.RequestAborted) == RequiredFactor.Nothing ? returnTo.Address : returnTo.CodeAddress);
                return;
            }

            // The account has another password meanwhile.
            outcome = new SignInOutcome.Wrong();
        }

        http.CountSignIn(screenName, outcome);
        var token = returnTo.OauthToken is null ? null : await tokens.FindAsync(returnTo.OauthToken, http.RequestAborted);
        var (status, problem) = Explain(outcome, settings);
        if (status == StatusCodes.Status429TooManyRequests) http.Response.Headers.RetryAfter = "60";
        await ShowAsync(http, status, settings, forms, token, returnTo.Leg, screenName, problem, returnTo.To);
    }

    private static (int Status, Func<SignInTexts, string> Problem) Explain(SignInOutcome outcome, Settings settings) => outcome switch
    {
        // One answer for a wrong handle, a wrong password and a locked account, so that guessing teaches nothing.
        SignInOutcome.Wrong => (403, words => words.Wrong.For((long)Math.Max(1, Math.Ceiling(settings.SignIn.LockFor.TotalMinutes)))),
        SignInOutcome.TooMany => (429, words => words.TooMany),
        SignInOutcome.Suspended => (403, words => words.Suspended),
        _ => throw new System.Diagnostics.UnreachableException(outcome.ToString()),
    };

    private static async Task SignOut(HttpContext http, UserSessions visits, SignedForms forms)
    {
        await visits.WhoAsync(http);
        if (await forms.ReadAsync(http) is not { } form)
        {
            await SignedForms.ShowForeignAsync(http, ApprovedAppEndpoints.Address);
            return;
        }

        await visits.EndAsync(http);
        var oauthToken = form["oauth_token"].ToString();
        http.SeeOther(oauthToken.Length > 0 ? AuthorizeEndpoints.AddressOf("authorize", oauthToken) : AddressFor(LocalPath.Read(form["to"])));
    }
}
