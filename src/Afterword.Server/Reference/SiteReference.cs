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
        Does = "The same for programs: OpenAPI 3.1.",
        Replies = [new(200, "The document.") { ContentType = "application/json" }],
    };
}
