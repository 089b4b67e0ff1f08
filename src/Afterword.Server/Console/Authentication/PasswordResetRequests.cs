using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Console.Pages;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.SignIn;

namespace Afterword.Server.Console.Authentication;

/// <summary>For people of the console who forgot their password: asking for a link, and choosing a new one behind it.</summary>
internal static class PasswordResetRequests
{
    public const string Address = "/console/forgotten";

    public static void MapConsoleForgotten(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/forgotten", Show).ForGuests();
        console.MapPost("/forgotten", Ask).ForGuests();
        console.MapGet("/forgotten/{key}", ShowChoice).ForGuests();
        console.MapPost("/forgotten/{key}", Choose).ForGuests();
    }

    private static Task Show(HttpContext http) => ShowAsync(http, 200, problem: null);

    private static Task ShowAsync(HttpContext http, int status, string? problem) => http.ShowPageAsync<ForgottenPasswordPage>(status, new()
    {
        [nameof(ForgottenPasswordPage.Token)] = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http),
        [nameof(ForgottenPasswordPage.HasEmail)] = http.RequestServices.GetRequiredService<PasswordResetEmail>().IsPossible,
        [nameof(ForgottenPasswordPage.Problem)] = problem,
    });

    private static Task Ask(HttpContext http, PasswordResetEmail email)
    {
        if (!email.IsPossible) return ShowAsync(http, 200, problem: null);
        if (email.TryAsk(AccountKind.Person, http.Request.Form["mail"].ToString(), http.Connection.RemoteIpAddress))
        {
            return http.ShowPageAsync<ConsoleErrorPage>(200, ConsoleErrorPage.Of(
                "Check your email", "If someone with this address has an account here, a link is on its way. It works once, within 30 minutes. You can ask again after ten minutes.", ConsoleAddress.SignIn, "Sign in"));
        }

        http.Response.Headers.RetryAfter = "60";
        return ShowAsync(http, 429, "There were too many requests from where you are. Please wait for a minute.");
    }

    private static async Task ShowChoice(HttpContext http, string key, ResetLinks links)
    {
        if (await links.FindAsync(AccountKind.Person, key, http.RequestAborted) is not null) await ShowChoiceAsync(http, key, 200, problem: null);
        else await ShowGoneAsync(http);
    }

    private static Task ShowChoiceAsync(HttpContext http, string key, int status, string? problem) => http.ShowPageAsync<ChoosePasswordPage>(status, new()
    {
        [nameof(ChoosePasswordPage.Token)] = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http),
        [nameof(ChoosePasswordPage.Action)] = $"{Address}/{key}",
        [nameof(ChoosePasswordPage.Problem)] = problem,
    });

    private static async Task Choose(
        HttpContext http, string key, ResetLinks links, GuessThrottle gate, MemberPasswords passwords, Memberships memberships, ConsoleSessions sessions, KnownBrowsers browsers, Settings settings)
    {
        var (password, stop) = (http.Request.Form["new-password"].ToString(), http.RequestAborted);
        if (await links.FindAsync(AccountKind.Person, key, stop) is not { } owner || await memberships.ContactOfAsync(owner, stop) is not { } contact) await ShowGoneAsync(http);
        else if (PasswordRules.WrongWith(password, contact.Email, contact.Name, settings.Platform) is { } wrong) await ShowChoiceAsync(http, key, 400, wrong);
        else if (await gate.HashAsync(http, password) is not { } hash) await ShowChoiceAsync(http, key, 429, ConsoleSignIn.TooMany);
        else if (await passwords.TakeLinkAsync(key, hash, stop) is not { } person) await ShowGoneAsync(http);
        else
        {
            // The second factor is owed as after any password; whoever needs a first one sets it up here.
            await sessions.BeginAsync(http, person, hash.Text, byLink: true);
            await browsers.RememberAsync(http, AccountKind.Person, person, hash.Text);
            http.SeeOther(ConsoleAddress.SecondFactor);
        }
    }

    private static Task ShowGoneAsync(HttpContext http) => http.ShowPageAsync<ConsoleErrorPage>(404, ConsoleErrorPage.Of(
        "This link no longer works", "This link or another one was used, or it is older than 30 minutes.", Address, "Ask for another link"));
}
