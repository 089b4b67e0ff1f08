using Afterword.Server.Configuration;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using Afterword.Server.Reference.Pages;
using Microsoft.AspNetCore.Components;

namespace Afterword.Server.Reference;

/// <summary>Tells visitors what this server is, and programmers what it can do.</summary>
internal static class ReferenceEndpoints
{
    private const string Json = "application/json; charset=utf-8";

    public static void MapReference(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        var settings = services.GetRequiredService<Settings>();
        var described = new Lazy<IReadOnlyList<DescribedRoute>>(() => DescribedRoute.All(services.GetRequiredService<EndpointDataSource>(), settings.Limits));

        routes.MapPage<FrontPage>("/", () => new() { ["Platform"] = settings.Platform }).Describe(SiteReference.Front);
        routes.MapPage<ApiPage>("/api", () => new()
        {
            ["Platform"] = settings.Platform, ["Server"] = settings.PublicUrl?.GetLeftPart(UriPartial.Authority) ?? ExampleCall.AnyServer, ["Routes"] = described.Value,
            ["Questions"] = Texts(services.GetRequiredService<Questions>()),
        }).Describe(SiteReference.Api);

        var api = new CachedResponse(Json, () => OpenApiDocument.WriteApi(described.Value, settings));
        routes.MapGet("/openapi/v1.json", api.ServeAsync).Describe(SiteReference.OpenApi);
        var pages = new CachedResponse(Json, () => OpenApiDocument.WritePages(described.Value, settings));
        routes.MapGet("/openapi/pages.json", pages.ServeAsync).Describe(SiteReference.OpenApiOfPages);
    }

    private static Dictionary<string, string[]> Texts(Questions questions) => Enum.GetValues<PromptType>().ToDictionary(
        type => type.Wire, type => Enumerable.Range(0, questions.CountOf(type)).Select(variant => questions.Ask(type, variant, "<display_name>", Language.English).Text).ToArray());

    /// <summary>Maps a page that never changes while the server runs.</summary>
    private static IEndpointConventionBuilder MapPage<TPage>(this IEndpointRouteBuilder routes, string path, Func<Dictionary<string, object?>> parameters)
        where TPage : IComponent
    {
        // Nothing in these components waits, so the page is complete when the task is returned.
        var page = new CachedResponse(PageResponses.Html, () => PageResponses.RenderAsync<TPage>(parameters()).GetAwaiter().GetResult());
        return routes.MapGet(path, http =>
        {
            http.SetPageHeaders();
            return page.ServeAsync(http);
        });
    }
}
