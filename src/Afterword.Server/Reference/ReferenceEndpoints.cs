using Afterword.Server.Hosting;

namespace Afterword.Server.Reference;

/// <summary>Tells programmers what this server can do.</summary>
internal static class ReferenceEndpoints
{
    public static void MapReference(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<Settings>();
        var routes = new Lazy<IReadOnlyList<DescribedRoute>>(() => DescribedRoute.All(app.Services.GetRequiredService<EndpointDataSource>(), settings.Limits));

        var document = new KeptAnswer("application/json; charset=utf-8", () => OpenApiDocument.Write(routes.Value, settings));
        app.MapMethods("/openapi/v1.json", ["GET", "HEAD"], document.ServeAsync).Describe(SiteReference.OpenApi);
    }
}
