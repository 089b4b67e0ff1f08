using Afterword.Server.Access.Console.Pages;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;

namespace Afterword.Server.Access.Console;

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

    /// <summary>What is said where somebody has to wait.</summary>
    public const string TooMany = "There were too many attempts from where you are. Please wait for a minute.";

    /// <summary>Counts a password or a code that was not taken, and gives what people are told.</summary>
    public static (int Status, string Problem) Explain(HttpContext http, string mail, CheckOutcome outcome, Settings settings, string what)
    {
        http.RequestServices.GetRequiredService<AuditTally>().Failed(Tallied.ConsoleSignIn, outcome is CheckOutcome.TooMany ? null : mail, http.Connection.RemoteIpAddress);
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
            case { Stage: EntryStage.Person }: http.SeeOther(back ?? ConsoleAddress.Root); break;
            case { Stage: EntryStage.Arriving }: http.SeeOther(ConsoleAddress.SecondFactorFor(back)); break;
            default: await ShowAsync(http, 200, mail: null, problem: null, back); break;
        }
    }

    private static Task ShowAsync(HttpContext http, int status, string? mail, string? problem, string? back) => http.ShowPageAsync<ConsoleSignInPage>(status, new()
    {
        [nameof(ConsoleSignInPage.Platform)] = http.RequestServices.GetRequiredService<Settings>().Platform,
        [nameof(ConsoleSignInPage.Token)] = http.RequestServices.GetRequiredService<Forms>().TokenFor(http),
        [nameof(ConsoleSignInPage.Mail)] = mail,
        [nameof(ConsoleSignInPage.Problem)] = problem ?? (PlainHttp.DropsCookies(http) ? NeedsHttps : null),
        [nameof(ConsoleSignInPage.Back)] = back,
    });

    private static async Task SignIn(HttpContext http, CheckPerson check, ConsoleSessions sessions, Settings settings)
    {
        var form = http.Request.Form;
        var (mail, back) = (form["mail"].ToString(), ConsoleAddress.ReadBack(form["back"]));
        var outcome = await check.RunAsync(http, mail, form["password"].ToString());
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
            var (status, problem) = Explain(http, mail, why, settings, "The mail address or the password is wrong.");
            return ShowAsync(http, status, mail, problem, back);
        }
    }

    private static async Task ShowSecond(HttpContext http, Person person, ConsoleSession session, Passkeys passkeys, SecondFactors factors)
    {
        var back = ConsoleAddress.ReadBack(http.Request.Query["back"]);
        if (session.Stage == EntryStage.Person) http.SeeOther(back ?? ConsoleAddress.Root);
        else if (session.HasSecondFactor) await AskAsync(http, person, passkeys, factors, 200, problem: null, back);
        else if (session.ByLink) await OfferAsync(http, person, passkeys, factors.Offer(person), 200, problem: null, back);
        else await ShowLinkNeededAsync(http, person);
    }

    // Whoever knows only the password would set up a factor of their own, and hold the account.
    private static Task ShowLinkNeededAsync(HttpContext http, Person person) => http.ShowPageAsync<LinkNeededPage>(403, new()
    {
        [nameof(LinkNeededPage.Token)] = http.RequestServices.GetRequiredService<Forms>().TokenFor(http),
        [nameof(LinkNeededPage.Person)] = person,
        [nameof(LinkNeededPage.HasMail)] = http.RequestServices.GetRequiredService<ResetMail>().IsPossible,
    });

    private static async Task AskAsync(HttpContext http, Person person, Passkeys passkeys, SecondFactors factors, int status, string? problem, string? back)
    {
        var has = await factors.OfAsync(person.Id, http.RequestAborted);
        await http.ShowPageAsync<SecondFactorPage>(status, new()
        {
            [nameof(SecondFactorPage.Token)] = http.RequestServices.GetRequiredService<Forms>().TokenFor(http),
            [nameof(SecondFactorPage.Mail)] = person.Mail,
            [nameof(SecondFactorPage.Has)] = has,
            [nameof(SecondFactorPage.Challenge)] = has.Passkeys.Count > 0 ? await passkeys.AskAsync(http, person) : null,
            [nameof(SecondFactorPage.Problem)] = problem,
            [nameof(SecondFactorPage.Back)] = back,
        });
    }

    private static async Task OfferAsync(HttpContext http, Person person, Passkeys passkeys, AppOffer offer, int status, string? problem, string? back) =>
        await http.ShowPageAsync<FirstFactorPage>(status, new()
        {
            [nameof(FirstFactorPage.Token)] = http.RequestServices.GetRequiredService<Forms>().TokenFor(http),
            [nameof(FirstFactorPage.Person)] = person,
            [nameof(FirstFactorPage.Offer)] = offer,
            [nameof(FirstFactorPage.Creation)] = await passkeys.OfferAsync(http, person),
            [nameof(FirstFactorPage.Problem)] = problem,
            [nameof(FirstFactorPage.Back)] = back,
        });

    private static async Task SendCode(HttpContext http, Person person, SecondFactors factors, Passkeys passkeys, Settings settings)
    {
        var outcome = await factors.CheckAsync(person.Id, http.Request.Form["code"].ToString(), http.Connection.RemoteIpAddress, http.RequestAborted);
        await GoOnAsync(http, person, factors, passkeys, settings, outcome, "This code is wrong, too old, or was used before.");
    }

    private static async Task SendPasskey(HttpContext http, Person person, SecondFactors factors, Passkeys passkeys, Settings settings) => await GoOnAsync(
        http, person, factors, passkeys, settings, await passkeys.CheckAsync(http, person, http.Request.Form["credential"].ToString()), "This passkey was not accepted.");

    private static async Task GoOnAsync(HttpContext http, Person person, SecondFactors factors, Passkeys passkeys, Settings settings, CheckOutcome outcome, string wrong)
    {
        var back = ConsoleAddress.ReadBack(http.Request.Form["back"]);
        if (outcome is CheckOutcome.Right && !await EnterAsync(http, person)) outcome = new CheckOutcome.Wrong();
        if (outcome is CheckOutcome.Right)
        {
            http.SeeOther(back ?? ConsoleAddress.Root);
            return;
        }

        var (status, problem) = Explain(http, person.Mail, outcome, settings, wrong);
        await AskAsync(http, person, passkeys, factors, status, problem, back);
    }

    private static async Task AddApp(HttpContext http, Person person, ConsoleSession session, SecondFactors factors, Passkeys passkeys)
    {
        if (!session.ByLink)
        {
            await RefuseAsync(http, session);
            return;
        }

        var form = http.Request.Form;
        var (offer, back) = (form["offer"].ToString(), ConsoleAddress.ReadBack(form["back"]));
        if (await factors.AddAppAsync(person, offer, form["code"].ToString(), onlyFirst: true, http.RequestAborted))
        {
            await WelcomeAsync(http, person, factors, back);
            return;
        }

        await RetryAsync(http, person, factors, passkeys, factors.Reopen(person, offer), "The code did not fit. See that the phone's clock is right, and type the newest code.", back);
    }

    private static async Task AddPasskey(HttpContext http, Person person, ConsoleSession session, SecondFactors factors, Passkeys passkeys)
    {
        if (!session.ByLink)
        {
            await RefuseAsync(http, session);
            return;
        }

        var form = http.Request.Form;
        var back = ConsoleAddress.ReadBack(form["back"]);
        if (await passkeys.AddAsync(http, person, form["credential"].ToString(), form["name"].ToString(), onlyFirst: true)) await WelcomeAsync(http, person, factors, back);
        else await RetryAsync(http, person, factors, passkeys, offer: null, "The passkey was not accepted. Please try again.", back);
    }

    private static Task RefuseAsync(HttpContext http, ConsoleSession session)
    {
        if (!session.HasSecondFactor) return ShowLinkNeededAsync(http, session.Person);

        http.SeeOther(ConsoleAddress.SecondFactorFor(ConsoleAddress.ReadBack(http.Request.Form["back"])));
        return Task.CompletedTask;
    }

    private static async Task RetryAsync(HttpContext http, Person person, SecondFactors factors, Passkeys passkeys, AppOffer? offer, string problem, string? back)
    {
        // Another browser may have been faster; whoever knows only the password gets nothing new here.
        if ((await factors.OfAsync(person.Id, http.RequestAborted)).HasAny) http.SeeOther(ConsoleAddress.SecondFactorFor(back));
        else await OfferAsync(http, person, passkeys, offer ?? factors.Offer(person), 400, problem, back);
    }

    private static async Task WelcomeAsync(HttpContext http, Person person, SecondFactors factors, string? back)
    {
        // The codes first: going on ends the session that may make them.
        if (await factors.RenewRecoveryCodesAsync(person, http.RequestAborted) is not { } codes || !await EnterAsync(http, person))
        {
            http.SeeOther(ConsoleAddress.SignIn);
            return;
        }

        await http.ShowPageAsync<RecoveryCodesPage>(200, new()
        {
            [nameof(RecoveryCodesPage.Mail)] = person.Mail,
            [nameof(RecoveryCodesPage.Codes)] = codes,
            [nameof(RecoveryCodesPage.Next)] = back ?? ConsoleAddress.Root,
        });
    }

    private static async Task<bool> EnterAsync(HttpContext http, Person person)
    {
        if (!await http.RequestServices.GetRequiredService<ConsoleSessions>().GoOnAsync(http, person, EntryStage.Person)) return false;

        await http.RequestServices.GetRequiredService<AuditLog>().NoteAsync(Place.Installation, person, Deed.SignedIn, "with a second factor", http.RequestAborted);
        return true;
    }
}
