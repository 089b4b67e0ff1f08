using Afterword.Server.Errors;
using Afterword.Server.Hosting.Pages;

namespace Afterword.Server.Hosting;

/// <summary>Has every route that answers GET answer HEAD in the same way (RFC 9110, section 9.3.2): the web server leaves the body out.</summary>
internal static class HeadResponses
{
    /// <summary>A group for all routes of the server.</summary>
    public static RouteGroupBuilder MapWithHead(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("");
        ((IEndpointConventionBuilder)group).Finally(AddHead);
        return group;
    }

    private static void AddHead(EndpointBuilder endpoint)
    {
        if (endpoint.Metadata.OfType<IHttpMethodMetadata>().LastOrDefault() is not { } methods || !methods.HttpMethods.Contains(HttpMethods.Get) || methods.HttpMethods.Contains(HttpMethods.Head)) return;

        // The legs of OAuth write though they are GETs, and operators' programs need none.
        if (endpoint is RouteEndpointBuilder { RoutePattern.RawText: { } pattern } && ErrorResponses.IsApiPath($"/{pattern.TrimStart('/')}") && !IsSignedRead($"/{pattern.TrimStart('/')}")
            && !endpoint.Metadata.OfType<HtmlPage>().Any()) return;

        endpoint.Metadata.Add(new HttpMethodMetadata([.. methods.HttpMethods, HttpMethods.Head]));
    }

    private static bool IsSignedRead(PathString path) => path.StartsWithSegments("/1.1");
}
