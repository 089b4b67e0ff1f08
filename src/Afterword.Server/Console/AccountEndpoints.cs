using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Console.Pages;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Console;

/// <summary>A person's own page: browsers, password and second factors. What makes signing in easier or harder asks for the password again.</summary>
internal static class AccountEndpoints
{
    private const string Address = "/console/account";

    public static void MapConsoleAccount(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/account", Show).ForPeople();
        console.MapPost("/account/end-session", EndSession).ForPeople();
        console.MapPost("/account/end-others", EndOthers).ForPeople();
        console.MapPost("/account/time-zone", ChooseZone).ForPeople();
        console.MapPost("/account/password", ChangePassword).ForPeople();
        console.MapPost("/account/app", AddApp).ForPeople();
        console.MapPost("/account/remove-app", RemoveApp).ForPeople();
        console.MapPost("/account/new-passkey", AddPasskey).ForPeople();
        console.MapPost("/account/remove-passkey", RemovePasskey).ForPeople();
        console.MapPost("/account/recovery-codes", RenewCodes).ForPeople();
    }

    private static Task Show(HttpContext http, Member person) => ShowAsync(http, person, 200, http.Request.Query["done"] == "yes" ? "That is done." : null, problem: null);

    private static async Task ShowAsync(HttpContext http, Member person, int status, string? done, string? problem)
    {
        var services = http.RequestServices;
        var factors = services.GetRequiredService<SecondFactors>();
        var has = await factors.OfAsync(person.Id, http.RequestAborted);
        await http.ShowConsoleAsync<AccountPage>(person, membership: null, status, new()
        {
            [nameof(AccountPage.Sessions)] = await services.GetRequiredService<ConsoleSessions>().ListAsync(person.Id, http.RequestAborted),
            [nameof(AccountPage.Has)] = has,
            [nameof(AccountPage.Offer)] = has.HasApp ? null : factors.Offer(person),
            [nameof(AccountPage.Creation)] = await services.GetRequiredService<Passkeys>().OfferAsync(http, person),
            [nameof(AccountPage.Done)] = done,
            [nameof(AccountPage.Problem)] = problem,
        });
    }

    private static async Task EndSession(HttpContext http, Member person, ConsoleSessions sessions)
    {
        if (WholeNumber.TryRead(http.Request.Form["session"].ToString(), out var id)) await sessions.EndAsync(person, id, http.RequestAborted);
        Done(http);
    }

    private static async Task EndOthers(HttpContext http, Member person, ConsoleSessions sessions)
    {
        await sessions.EndOthersAsync(http, person);
        Done(http);
    }

    private static async Task ChooseZone(HttpContext http, Member person, Store store)
    {
        var zone = http.Request.Form["time_zone"].ToString();
        if (zone.Length > 0 && !TimeZones.All.Contains(zone))
        {
            await ShowAsync(http, person, 400, done: null, "Choose a time zone of the list.");
            return;
        }

        await store.Main.WriteAsync(
            session => session.Sql("update person set time_zone = @zone where id = @id").Bind("zone", zone.Length == 0 ? null : zone).Bind("id", person.Id).RunAsync(http.RequestAborted), http.RequestAborted);
        Done(http);
    }

    private static Task ChangePassword(HttpContext http, Member person, ConsoleSession current, ConsoleSessions sessions, Store store, GuessThrottle gate, KnownBrowsers browsers, AuditLog audit, Settings settings) => WithPasswordAsync(http, person, async was =>
    {
        var (password, stop) = (http.Request.Form["new-password"].ToString(), http.RequestAborted);
        if (PasswordRules.WrongWith(password, person.Email, person.Name, settings.Platform) is { } wrong) return wrong;

        if (await gate.HashAsync(http, password) is not { } hash)
        {
            await ShowAsync(http, person, 429, done: null, ConsoleSignIn.TooMany);
            return null;
        }

        var isSet = await store.Main.WriteAsync(
            async session =>
            {
                // Whoever has the old password undoes no reset.
                if (0 == await session.Sql(
                    "update person set password_hash = @hash where id = @id and password_hash = @was and exists (select 1 from console_session s where s.id = @this and s.person_id = person.id)")
                    .Bind("hash", hash.Text).Bind("id", person.Id).Bind("was", was).Bind("this", person.SessionId).RunAsync(stop)) return false;

                await ResetLinks.ForgetAsync(session, AccountKind.Person, person.Id, stop);
                await KnownBrowsers.ForgetAsync(session, AccountKind.Person, person.Id, stop);
                await session.Sql("delete from console_session where person_id = @id and id <> @this").Bind("id", person.Id).Bind("this", person.SessionId).RunAsync(stop);
                await audit.WriteAsync(session, Workspace.Installation, person, AuditAction.Changed, "own password", stop);
                return true;
            },
            stop);
        if (!isSet) return null;

        // What was known of this browser's key before may be known to others. A second factor that was never shown still is not.
        await sessions.GoOnAsync(http, person, current.HasSecondFactor ? SignInState.SignedIn : SignInState.PasswordChecked);
        await browsers.RememberAsync(http, AccountKind.Person, person.Id, hash.Text);
        return null;
    });

    private static Task AddApp(HttpContext http, Member person, SecondFactors factors) => AddFactorAsync(
        http, person, "The code did not fit. See that the phone's clock is right, and type the newest code.",
        () => factors.AddAppAsync(person, http.Request.Form["offer"].ToString(), http.Request.Form["code"].ToString(), onlyFirst: false, http.RequestAborted));

    private static Task AddPasskey(HttpContext http, Member person, Passkeys passkeys) => AddFactorAsync(
        http, person, "The passkey was not accepted. Please try again.",
        () => passkeys.AddAsync(http, person, http.Request.Form["credential"].ToString(), http.Request.Form["name"].ToString(), onlyFirst: false));

    private static Task AddFactorAsync(HttpContext http, Member person, string problem, Func<Task<bool>> add) => WithPasswordAsync(http, person, async _ =>
    {
        var services = http.RequestServices;
        var factors = services.GetRequiredService<SecondFactors>();
        var had = await factors.OfAsync(person.Id, http.RequestAborted);
        if (!await add()) return problem;

        // This browser has just shown the new factor; from now on a session needs one. The codes first: going on ends the session that may make them.
        var codes = had.HasAny ? null : await factors.RenewRecoveryCodesAsync(person, http.RequestAborted);
        if (await services.GetRequiredService<ConsoleSessions>().GoOnAsync(http, person, SignInState.SignedIn) && codes is not null) await ShowCodesAsync(http, person, codes);
        return null;
    });

    private static Task RemoveApp(HttpContext http, Member person, SecondFactors factors, ConsoleSessions sessions) => RemoveFactorAsync(
        http, person, () => factors.RemoveAppAsync(person, sessions.NeedsSecondFactor(person), http.RequestAborted));

    private static Task RemovePasskey(HttpContext http, Member person, SecondFactors factors, ConsoleSessions sessions)
    {
        var id = http.Request.Form["passkey"].ToString();
        var isId = id.Length is > 0 and <= 2048 && id.Length % 2 == 0 && id.All(char.IsAsciiHexDigit);
        return RemoveFactorAsync(http, person, async () => !isId || await factors.RemovePasskeyAsync(person, Convert.FromHexString(id), sessions.NeedsSecondFactor(person), http.RequestAborted));
    }

    private static Task RemoveFactorAsync(HttpContext http, Member person, Func<Task<bool>> remove) => WithPasswordAsync(
        http, person, async _ => await remove() ? null : "Your role needs a second factor: add another one before you remove this.");

    private static Task RenewCodes(HttpContext http, Member person, SecondFactors factors) => WithPasswordAsync(http, person, async _ =>
    {
        if (await factors.RenewRecoveryCodesAsync(person, http.RequestAborted) is { } codes) await ShowCodesAsync(http, person, codes);
        return null;
    });

    private static Task ShowCodesAsync(HttpContext http, Member person, IReadOnlyList<string> codes) => http.ShowPageAsync<RecoveryCodesPage>(200, new()
    {
        [nameof(RecoveryCodesPage.Email)] = person.Email,
        [nameof(RecoveryCodesPage.Codes)] = codes,
        [nameof(RecoveryCodesPage.Next)] = Address,
    });

    /// <summary>Does something if the form brings the person's password along.</summary>
    /// <param name="http">The request.</param>
    /// <param name="person">Who is signed in.</param>
    /// <param name="act">Gets the stored hash that the password matched. Gives what was wrong, or null; it may have answered itself.</param>
    private static async Task WithPasswordAsync(HttpContext http, Member person, Func<string, Task<string?>> act)
    {
        var services = http.RequestServices;
        var outcome = await services.GetRequiredService<CheckMemberPassword>().RunAsync(http, person.Email, http.Request.Form["password"].ToString());
        if (outcome is not CheckOutcome.Right(_, { } hash))
        {
            var (status, told) = ConsoleSignIn.Explain(http, person.Email, outcome, services.GetRequiredService<Settings>(), "Your current password is wrong. Nothing has been changed.");
            await ShowAsync(http, person, status, done: null, told);
        }
        else if (await act(hash) is { } problem) await ShowAsync(http, person, 400, done: null, problem);
        else if (!http.Response.HasStarted) Done(http);
    }

    private static void Done(HttpContext http) => http.SeeOther(Address + "?done=yes");
}
