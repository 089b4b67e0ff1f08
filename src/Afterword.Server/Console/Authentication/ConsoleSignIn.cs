using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Console.Pages;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.SignIn;

namespace Afterword.Server.Console.Authentication;

/// <summary>Signing in to the console: the password, and then the second factor.</summary>
internal static class ConsoleSignIn
{
    public static void MapConsoleSignIn(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/sign-in", Show).ForGuests();
        console.MapPost("/sign-in", SignIn).ForGuests();
        console.MapGet("/second-factor", ShowSecond).ForArriving();
        console.MapPost("/second-factor", SendCode).ForArriving();
        console.MapPost("/second-factor/passkey", SendPasskey).ForArriving();
        console.MapPost("/second-factor/app", AddApp).ForArriving();
        console.MapPost("/second-factor/new-passkey", AddPasskey).ForArriving();
    }

    /// <summary>What is said before the form is filled in where no browser would keep the session.</summary>
    public const string NeedsHttps =
        "You cannot sign in here: this page came over plain http, and browsers keep sign-ins over https alone. Open it by https, or at http://localhost on the server's own machine.";

    /// <summary>What is said where someone has to wait.</summary>
    public const string TooMany = "There were too many attempts from where you are. Please wait for a minute.";

    /// <summary>Counts a password or a code that was not taken, and gives what people are told.</summary>
    public static (int Status, string Problem) Explain(HttpContext http, string email, CheckOutcome outcome, Settings settings, string what)
    {
        http.RequestServices.GetRequiredService<AuditCounter>().Failed(CountedAction.ConsoleSignIn, outcome is CheckOutcome.TooMany ? null : email, http.Connection.RemoteIpAddress);
        if (outcome is not CheckOutcome.TooMany)
        {
            // One answer for what is wrong, unknown or locked, so that guessing teaches nothing.
            var minutes = Math.Max(1, Math.Ceiling(settings.SignIn.LockFor.TotalMinutes));
            return (403, FormattableString.Invariant($"{what} After {settings.SignIn.FailuresBeforeLock} failures you have to wait for {minutes} min."));
        }

        http.Response.Headers.RetryAfter = "60";
        return (429, TooMany);
    }

    private static async Task Show(HttpContext http, ConsoleSessions sessions)
    {
        var back = ConsoleAddress.ReadBack(http.Request.Query["back"]);
        switch (await sessions.WhoAsync(http))
        {
            case { Stage: SignInState.SignedIn }: http.SeeOther(back ?? ConsoleAddress.Root); break;
            case { Stage: SignInState.PasswordChecked }: http.SeeOther(ConsoleAddress.SecondFactorFor(back)); break;
            default: await ShowAsync(http, 200, email: null, problem: null, back); break;
        }
    }

    private static Task ShowAsync(HttpContext http, int status, string? email, string? problem, string? back) => http.ShowPageAsync<ConsoleSignInPage>(status, new()
    {
        [nameof(ConsoleSignInPage.Platform)] = http.RequestServices.GetRequiredService<Settings>().Platform,
        [nameof(ConsoleSignInPage.Token)] = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http),
        [nameof(ConsoleSignInPage.Email)] = email,
        [nameof(ConsoleSignInPage.Problem)] = problem ?? (PlainHttpWarning.DropsCookies(http) ? NeedsHttps : null),
        [nameof(ConsoleSignInPage.Back)] = back,
    });

    private static async Task SignIn(HttpContext http, CheckMemberPassword check, ConsoleSessions sessions, Settings settings)
    {
        var form = http.Request.Form;
        var (email, back) = (form["mail"].ToString(), ConsoleAddress.ReadBack(form["back"]));
        var outcome = await check.RunAsync(http, email, form["password"].ToString());
        if (outcome is CheckOutcome.Right(var personId, { } hash))
        {
            if (!await sessions.BeginAsync(http, personId, hash))
            {
                // The person has another password meanwhile, or none.
                await ShowWrongAsync(new CheckOutcome.Wrong());
                return;
            }

            http.SeeOther(ConsoleAddress.SecondFactorFor(back));
            return;
        }

        await ShowWrongAsync(outcome);

        Task ShowWrongAsync(CheckOutcome why)
        {
            var (status, problem) = Explain(http, email, why, settings, "The email address or the password is wrong.");
            return ShowAsync(http, status, email, problem, back);
        }
    }

    private static async Task ShowSecond(HttpContext http, Member member, ConsoleSession session, Passkeys passkeys, SecondFactors factors)
    {
        var back = ConsoleAddress.ReadBack(http.Request.Query["back"]);
        if (session.Stage == SignInState.SignedIn) http.SeeOther(back ?? ConsoleAddress.Root);
        else if (session.HasSecondFactor) await AskAsync(http, member, passkeys, factors, 200, problem: null, back);
        else if (session.ByLink) await OfferAsync(http, member, passkeys, factors.Offer(member), 200, problem: null, back);
        else await ShowLinkNeededAsync(http, member);
    }

    // Whoever knows only the password would set up a factor of their own, and hold the account.
    private static Task ShowLinkNeededAsync(HttpContext http, Member member) => http.ShowPageAsync<LinkNeededPage>(403, new()
    {
        [nameof(LinkNeededPage.Token)] = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http),
        [nameof(LinkNeededPage.Member)] = member,
        [nameof(LinkNeededPage.HasEmail)] = http.RequestServices.GetRequiredService<PasswordResetEmail>().IsPossible,
    });

    private static async Task AskAsync(HttpContext http, Member member, Passkeys passkeys, SecondFactors factors, int status, string? problem, string? back)
    {
        var has = await factors.OfAsync(member.Id, http.RequestAborted);
        await http.ShowPageAsync<SecondFactorPage>(status, new()
        {
            [nameof(SecondFactorPage.Token)] = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http),
            [nameof(SecondFactorPage.Email)] = member.Email,
            [nameof(SecondFactorPage.Has)] = has,
            [nameof(SecondFactorPage.Challenge)] = has.Passkeys.Count > 0 ? await passkeys.AskAsync(http, member) : null,
            [nameof(SecondFactorPage.Problem)] = problem,
            [nameof(SecondFactorPage.Back)] = back,
        });
    }

    private static async Task OfferAsync(HttpContext http, Member member, Passkeys passkeys, AuthenticatorSetup offer, int status, string? problem, string? back) =>
        await http.ShowPageAsync<FirstFactorPage>(status, new()
        {
            [nameof(FirstFactorPage.Token)] = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http),
            [nameof(FirstFactorPage.Member)] = member,
            [nameof(FirstFactorPage.Offer)] = offer,
            [nameof(FirstFactorPage.Creation)] = await passkeys.OfferAsync(http, member),
            [nameof(FirstFactorPage.Problem)] = problem,
            [nameof(FirstFactorPage.Back)] = back,
        });

    private static async Task SendCode(HttpContext http, Member member, SecondFactors factors, Passkeys passkeys, Settings settings)
    {
        var outcome = await factors.CheckAsync(member.Id, http.Request.Form["code"].ToString(), http.Connection.RemoteIpAddress, http.RequestAborted);
        await GoOnAsync(http, member, factors, passkeys, settings, outcome, "This code is wrong, too old, or was used before.");
    }

    private static async Task SendPasskey(HttpContext http, Member member, SecondFactors factors, Passkeys passkeys, Settings settings) => await GoOnAsync(
        http, member, factors, passkeys, settings, await passkeys.CheckAsync(http, member, http.Request.Form["credential"].ToString()), "This passkey was not accepted.");

    private static async Task GoOnAsync(HttpContext http, Member member, SecondFactors factors, Passkeys passkeys, Settings settings, CheckOutcome outcome, string wrong)
    {
        var back = ConsoleAddress.ReadBack(http.Request.Form["back"]);
        if (outcome is CheckOutcome.Right && !await EnterAsync(http, member)) outcome = new CheckOutcome.Wrong();
        if (outcome is CheckOutcome.Right)
        {
            http.SeeOther(back ?? ConsoleAddress.Root);
            return;
        }

        var (status, problem) = Explain(http, member.Email, outcome, settings, wrong);
        await AskAsync(http, member, passkeys, factors, status, problem, back);
    }

    private static async Task AddApp(HttpContext http, Member member, ConsoleSession session, SecondFactors factors, Passkeys passkeys)
    {
        if (!session.ByLink)
        {
            await RefuseAsync(http, session);
            return;
        }

        var form = http.Request.Form;
        var (offer, back) = (form["offer"].ToString(), ConsoleAddress.ReadBack(form["back"]));
        if (await factors.AddAppAsync(member, offer, form["code"].ToString(), onlyFirst: true, http.RequestAborted))
        {
            await WelcomeAsync(http, member, factors, back);
            return;
        }

        await RetryAsync(http, member, factors, passkeys, factors.Reopen(member, offer), "The code did not fit. See that the phone's clock is right, and type the newest code.", back);
    }

    private static async Task AddPasskey(HttpContext http, Member member, ConsoleSession session, SecondFactors factors, Passkeys passkeys)
    {
        if (!session.ByLink)
        {
            await RefuseAsync(http, session);
            return;
        }

        var form = http.Request.Form;
        var back = ConsoleAddress.ReadBack(form["back"]);
        if (await passkeys.AddAsync(http, member, form["credential"].ToString(), form["name"].ToString(), onlyFirst: true)) await WelcomeAsync(http, member, factors, back);
        else await RetryAsync(http, member, factors, passkeys, offer: null, "The passkey was not accepted. Please try again.", back);
    }

    private static Task RefuseAsync(HttpContext http, ConsoleSession session)
    {
        if (!session.HasSecondFactor) return ShowLinkNeededAsync(http, session.Member);

        http.SeeOther(ConsoleAddress.SecondFactorFor(ConsoleAddress.ReadBack(http.Request.Form["back"])));
        return Task.CompletedTask;
    }

    private static async Task RetryAsync(HttpContext http, Member member, SecondFactors factors, Passkeys passkeys, AuthenticatorSetup? offer, string problem, string? back)
    {
        // Another browser may have been faster; whoever knows only the password gets nothing new here.
        if ((await factors.OfAsync(member.Id, http.RequestAborted)).HasAny) http.SeeOther(ConsoleAddress.SecondFactorFor(back));
        else await OfferAsync(http, member, passkeys, offer ?? factors.Offer(member), 400, problem, back);
    }

    private static async Task WelcomeAsync(HttpContext http, Member member, SecondFactors factors, string? back)
    {
        // The codes first: going on ends the session that may make them.
        if (await factors.RenewRecoveryCodesAsync(member, http.RequestAborted) is not { } codes || !await EnterAsync(http, member))
        {
            http.SeeOther(ConsoleAddress.SignIn);
            return;
        }

        await http.ShowPageAsync<RecoveryCodesPage>(200, new()
        {
            [nameof(RecoveryCodesPage.Email)] = member.Email,
            [nameof(RecoveryCodesPage.Codes)] = codes,
            [nameof(RecoveryCodesPage.Next)] = back ?? ConsoleAddress.Root,
        });
    }

    private static async Task<bool> EnterAsync(HttpContext http, Member member)
    {
        if (!await http.RequestServices.GetRequiredService<ConsoleSessions>().GoOnAsync(http, member, SignInState.SignedIn)) return false;

        await http.RequestServices.GetRequiredService<AuditLog>().NoteAsync(Workspace.Installation, member, AuditAction.SignedIn, "with a second factor", http.RequestAborted);
        return true;
    }
}
