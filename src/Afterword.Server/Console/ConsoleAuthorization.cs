using System.Globalization;
using System.Security.Claims;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Console.Pages;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.SignIn;

namespace Afterword.Server.Console;

/// <summary>Stands before every route of the console: asks the store who comes and what they may, before the handler runs.</summary>
internal sealed class ConsoleAuthorization(RequestDelegate next, ConsoleSessions sessions, SignedForms signedForms, AuditCounter counter)
{
    /// <summary>What browsers are told of the console's pages: own scripts and calls to this server, in nobody's frame.</summary>
    private const string Policy = SecurityHeaders.PagePolicy + "; script-src 'self'; connect-src 'self'";

    public Task InvokeAsync(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<ConsoleRoute>() is null ? next(http) : CheckAsync(http);

    private async Task CheckAsync(HttpContext http)
    {
        http.Response.Headers.ContentSecurityPolicy = Policy;

        // What nobody gave an entry lets nobody in.
        var accessRule = http.GetEndpoint()!.Metadata.GetMetadata<AccessRule>() ?? new AccessRule([], SignInState.Member);
        var session = await sessions.WhoAsync(http);
        if (session is not null) SetIdentity(http, session.Member);
        if (accessRule.Stage != SignInState.Anonymous && await RefuseAsync(http, accessRule, session)) return;

        // Every form of the console, whatever its handler thinks of it.
        if (!IsLook(http) && await signedForms.ReadAsync(http, accessRule.MaxForm, accessRule.MaxFields) is null)
        {
            await http.ShowPageAsync<ConsoleErrorPage>(400, PlainHttpWarning.DropsCookies(http)
                ? ConsoleErrorPage.Of("Sign-in needs https", ConsoleSignIn.NeedsHttps, "/console", "To the console")
                : ConsoleErrorPage.Of(
                    "This page is too old", "It was opened before you signed in or out, or it was not sent from here. Nothing has been changed.", "/console", "To the console"));
            return;
        }

        await next(http);
    }

    private static bool IsLook(HttpContext http) => HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);

    private async Task<bool> RefuseAsync(HttpContext http, AccessRule accessRule, ConsoleSession? session)
    {
        if (session is null || session.Stage < (accessRule.Stage == SignInState.Member ? SignInState.SignedIn : accessRule.Stage))
        {
            var to = IsLook(http) ? http.Request.Path + http.Request.QueryString : "";
            http.SeeOther(session is null ? ConsoleAddress.SignInFor(to) : ConsoleAddress.SecondFactorFor(to));
            return true;
        }

        http.Features.Set(session);
        http.Features.Set(session.Member);
        if (accessRule.Stage != SignInState.Member) return false;

        var handle = http.GetRouteValue("handle") as string;
        var workspace = session.Member.Workspaces.FirstOrDefault(workspace =>
            handle is null ? workspace.SenderId == Workspace.Installation : workspace.SenderId != Workspace.Installation && workspace.Handle.Equals(handle, StringComparison.OrdinalIgnoreCase));
        if (workspace is not null && accessRule.Roles.Contains(workspace.Role))
        {
            http.Features.Set(new Membership(session.Member, workspace));
            return false;
        }

        counter.Refused(session.Member, workspace?.SenderId ?? Workspace.Installation, $"{http.Request.Method} {(http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText}");

        // Someone else's sender and none at all look alike.
        if (workspace is null && handle is not null) await ShowUnknownAsync(http);
        else await ShowForbiddenAsync(http, accessRule, workspace?.Role);
        return true;
    }

    public static Task ShowUnknownAsync(HttpContext http) => http.ShowPageAsync<ConsoleErrorPage>(
        404, ConsoleErrorPage.Of("There is nothing here", "The address is wrong, or it belongs to a sender that you have no role at.", "/console", "To the console"));

    private static Task ShowForbiddenAsync(HttpContext http, AccessRule accessRule, Role? role)
    {
        var needed = string.Join(" or ", accessRule.Roles.Select(one => one.Word));
        var yours = role is { } has ? $" You are here as {has.Word}." : "";
        return http.ShowPageAsync<ConsoleErrorPage>(
            403, ConsoleErrorPage.Of("Not for your role", $"This page is for: {needed}.{yours} An owner can give you another role.", "/console", "To the console"));
    }

    // The token of a form is made out to this browser's session: signing in or out makes older forms worthless.
    private static void SetIdentity(HttpContext http, Member member) => http.User = new ClaimsPrincipal(
        new ClaimsIdentity([new(ClaimTypes.NameIdentifier, string.Create(CultureInfo.InvariantCulture, $"console {member.SessionId}"))], "console"));
}
