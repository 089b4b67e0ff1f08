using System.Globalization;
using System.Security.Claims;
using Afterword.Server.Access.Console.Pages;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;

namespace Afterword.Server.Access.Console;

/// <summary>Stands before every route of the console: asks the store who comes and what they may, before the handler runs.</summary>
internal sealed class ConsoleDoor(RequestDelegate next, ConsoleSessions sessions, Forms forms, AuditTally tally)
{
    /// <summary>What browsers are told of the console's pages: own scripts and calls to this server, in nobody's frame.</summary>
    private const string Policy = SecurityHeaders.PagePolicy + "; script-src 'self'; connect-src 'self'";

    public Task InvokeAsync(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<ConsoleRoute>() is null ? next(http) : CheckAsync(http);

    private async Task CheckAsync(HttpContext http)
    {
        http.Response.Headers.ContentSecurityPolicy = Policy;

        // What nobody gave an entry lets nobody in.
        var entry = http.GetEndpoint()!.Metadata.GetMetadata<Entry>() ?? new Entry([], EntryStage.Seat);
        var session = await sessions.WhoAsync(http);
        if (session is not null) SetIdentity(http, session.Person);
        if (entry.Stage != EntryStage.Guest && await RefuseAsync(http, entry, session)) return;

        // Every form of the console, whatever its handler thinks of it.
        if (!IsLook(http) && await forms.ReadAsync(http, entry.MaxForm, entry.MaxFields) is null)
        {
            await http.ShowPageAsync<TroublePage>(400, PlainHttp.DropsCookies(http)
                ? TroublePage.Of("Sign-in needs https", ConsoleSignIn.NeedsHttps, "/console", "To the console")
                : TroublePage.Of(
                    "This page is too old", "It was opened before you signed in or out, or it was not sent from here. Nothing has been changed.", "/console", "To the console"));
            return;
        }

        await next(http);
    }

    private static bool IsLook(HttpContext http) => HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);

    private async Task<bool> RefuseAsync(HttpContext http, Entry entry, ConsoleSession? session)
    {
        if (session is null || session.Stage < (entry.Stage == EntryStage.Seat ? EntryStage.Person : entry.Stage))
        {
            var to = IsLook(http) ? http.Request.Path + http.Request.QueryString : "";
            http.SeeOther(session is null ? ConsoleAddress.SignInFor(to) : ConsoleAddress.SecondFactorFor(to));
            return true;
        }

        http.Features.Set(session);
        http.Features.Set(session.Person);
        if (entry.Stage != EntryStage.Seat) return false;

        var handle = http.GetRouteValue("handle") as string;
        var place = session.Person.Places.FirstOrDefault(place =>
            handle is null ? place.SenderId == Place.Installation : place.SenderId != Place.Installation && place.Handle.Equals(handle, StringComparison.OrdinalIgnoreCase));
        if (place is not null && entry.Roles.Contains(place.Role))
        {
            http.Features.Set(new Seat(session.Person, place));
            return false;
        }

        tally.Refused(session.Person, place?.SenderId ?? Place.Installation, $"{http.Request.Method} {(http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText}");

        // Somebody else's sender and none at all look alike.
        if (place is null && handle is not null) await ShowUnknownAsync(http);
        else await ShowForbiddenAsync(http, entry, place?.Role);
        return true;
    }

    public static Task ShowUnknownAsync(HttpContext http) => http.ShowPageAsync<TroublePage>(
        404, TroublePage.Of("There is nothing here", "The address is wrong, or it belongs to a sender that you have no role at.", "/console", "To the console"));

    private static Task ShowForbiddenAsync(HttpContext http, Entry entry, Role? role)
    {
        var needed = string.Join(" or ", entry.Roles.Select(one => one.Word));
        var yours = role is { } has ? $" You are here as {has.Word}." : "";
        return http.ShowPageAsync<TroublePage>(
            403, TroublePage.Of("Not for your role", $"This page is for: {needed}.{yours} An owner can give you another role.", "/console", "To the console"));
    }

    // The token of a form is made out to this browser's session: signing in or out makes older forms worthless.
    private static void SetIdentity(HttpContext http, Person person) => http.User = new ClaimsPrincipal(
        new ClaimsIdentity([new(ClaimTypes.NameIdentifier, string.Create(CultureInfo.InvariantCulture, $"console {person.SessionId}"))], "console"));
}
