namespace Afterword.Server.Reference;

/// <summary>What the reference says of itself and of the front page.</summary>
internal static class SiteReference
{
    public static Operation Front() => new(Topic.Pages, "The front page")
    {
        Does = "Says what this server is and where its pages are.",
        Replies = [Reply.Page("The page.")],
    };

    public static Operation Api() => new(Topic.Pages, "The API reference")
    {
        Does = "This page.",
        Replies = [Reply.Page("The page.")],
    };

    public static Operation OpenApi() => new(Topic.Pages, "The OpenAPI document")
    {
        Does = "The API for programs: OpenAPI 3.1, with what webhooks are sent.",
        Replies = [new(200, "The document.") { ContentType = "application/json" }],
    };

    public static Operation OpenApiOfPages() => new(Topic.Pages, "The OpenAPI document of the pages")
    {
        Does = "The routes for browsers and load balancers, in a document of their own: clients that are generated from the API's do without them.",
        Replies = [new(200, "The document.") { ContentType = "application/json" }],
    };
}
