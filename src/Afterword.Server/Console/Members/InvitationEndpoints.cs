using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Pages;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.SignIn;

namespace Afterword.Server.Console.Members;

/// <summary>The page behind an invitation: the invited choose a password.</summary>
internal static class InvitationEndpoints
{
    public static void MapInvitations(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/invitation/{key}", Show).ForGuests();
        console.MapPost("/invitation/{key}", Accept).ForGuests();
    }

    private static async Task Show(HttpContext http, string key, Invitations invitations)
    {
        if (await invitations.FindAsync(key, http.RequestAborted) is { } invitation) await ShowAsync(http, 200, key, invitation, invitation.Email, invitation.Name, problem: null);
        else await ShowGoneAsync(http);
    }

    private static async Task Accept(HttpContext http, string key, Invitations invitations, GuessThrottle gate, ConsoleSessions sessions, Settings settings)
    {
        var stop = http.RequestAborted;
        if (await invitations.FindAsync(key, stop) is not { } invitation)
        {
            await ShowGoneAsync(http);
            return;
        }

        var form = http.Request.Form;
        var (email, name, password) = (invitation.Email ?? form["mail"].ToString().Trim(), form["name"].ToString().Trim(), form["password"].ToString());
        var problem = "This is not an email address.";
        if (!EmailAddress.TryParse(email, out var address) || (problem = WrongWith(email, name, password, settings)) is not null)
        {
            await ShowAsync(http, 400, key, invitation, email, name, problem);
            return;
        }

        if (invitation.PersonId is null && await invitations.HasAccountAsync(address, stop))
        {
            await ShowAsync(http, 400, key, invitation, email, name, $"{address.Value} has an account already. Choose another address, or make it an operator on the server: afterword person add {address.Value} --role operator");
            return;
        }

        if (await gate.HashAsync(http, password) is not { } hash)
        {
            await ShowAsync(http, 429, key, invitation, email, name, ConsoleSignIn.TooMany);
            return;
        }

        var person = invitation.PersonId is null ? await invitations.AcceptFirstAsync(key, address, name, hash, stop) : await invitations.AcceptAsync(key, name, hash, stop);
        if (person is not { } id)
        {
            await ShowGoneAsync(http);
            return;
        }

        await sessions.BeginAsync(http, id, hash.Text, byLink: true);

        // Whoever sets up the installation goes on with the business that asks.
        http.SeeOther(invitation.PersonId is null ? ConsoleAddress.SecondFactorFor(ConsoleAddress.SetUp) : ConsoleAddress.SecondFactor);
    }

    private static string? WrongWith(string mail, string name, string password, Settings settings) =>
        TextRules.WrongWithName(name) is { } wrong ? $"Your name must be {wrong}." : PasswordRules.WrongWith(password, mail, name, settings.Platform);

    private static Task ShowAsync(HttpContext http, int status, string key, Invitation invitation, string? mail, string? name, string? problem) => http.ShowPageAsync<InvitationPage>(status, new()
    {
        [nameof(InvitationPage.Platform)] = http.RequestServices.GetRequiredService<Settings>().Platform,
        [nameof(InvitationPage.Token)] = http.RequestServices.GetRequiredService<SignedForms>().TokenFor(http),
        [nameof(InvitationPage.Action)] = $"{Invitations.Address}/{key}",
        [nameof(InvitationPage.IsFirst)] = invitation.PersonId is null,
        [nameof(InvitationPage.NeedsSecondFactor)] = invitation.NeedsSecondFactor && http.RequestServices.GetRequiredService<Settings>().Console.SecondFactorRequired,
        [nameof(InvitationPage.Email)] = mail,
        [nameof(InvitationPage.Name)] = name,
        [nameof(InvitationPage.Problem)] = problem,
    });

    private static Task ShowGoneAsync(HttpContext http) => http.ShowPageAsync<ConsoleErrorPage>(404, ConsoleErrorPage.Of(
        "This invitation no longer works", "It was used, it is older than a week, a newer one was sent, or it was to set up the console, which has an operator by now. Ask the person who sent it for another one.", ConsoleAddress.SignIn, "Sign in"));
}
