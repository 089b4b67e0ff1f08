using System.Net.Http.Headers;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;

namespace Afterword.Server.Operators;

/// <summary>Metadata of a route that takes an operator key.</summary>
internal sealed class OperatorRoute;

/// <summary>Metadata of a route whose address names a person that the audit log must not keep: it writes its own entry.</summary>
internal sealed class OmitPathFromAudit;

/// <summary>Lets only those through who bring an operator key.</summary>
internal static class OperatorAuthorization
{
    private const string Scheme = "Bearer";

    /// <summary>The group of the routes below <c>/operator</c>.</summary>
    public static RouteGroupBuilder MapOperator(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/operator");
        group.WithMetadata(new OperatorRoute());
        group.AddEndpointFilter(CheckAsync);
        return group;
    }

    private static async ValueTask<object?> CheckAsync(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        var http = call.HttpContext;
        http.Response.Headers.CacheControl = "no-store";
        if (KeyOf(http.Request) is { } key && await http.RequestServices.GetRequiredService<OperatorKeys>().NameOfAsync(key, http.RequestAborted) is { } name)
        {
            http.Features.Set(Member.OfOperatorKey(name));

            // Before it is done: what was begun and failed stands there too.
            if (!HttpMethods.IsGet(http.Request.Method)) await NoteAsync(http, name);
            return await next(call);
        }

        http.RequestServices.GetRequiredService<AuditCounter>().WrongOperatorKey(http.Connection.RemoteIpAddress);

        // RFC 6750, section 3.
        http.Response.Headers.WWWAuthenticate = Scheme;
        await http.RefuseAsync(ApiError.BadCredentials);
        return Results.Empty;
    }

    private static Task NoteAsync(HttpContext http, string name) => http.RequestServices.GetRequiredService<AuditLog>().NoteAsync(
        Workspace.Installation, Member.OfOperatorKey(name), AuditAction.Changed, $"{http.Request.Method} {AddressOf(http)}", http.RequestAborted);

    private static string? AddressOf(HttpContext http) => http.GetEndpoint() is RouteEndpoint route && route.Metadata.GetMetadata<OmitPathFromAudit>() is not null ? route.RoutePattern.RawText : http.Request.Path.Value;

    private static string? KeyOf(HttpRequest request) =>
        request.Headers.Authorization is [{ } text] && AuthenticationHeaderValue.TryParse(text, out var header) && Scheme.Equals(header.Scheme, StringComparison.OrdinalIgnoreCase)
            ? header.Parameter
            : null;
}
