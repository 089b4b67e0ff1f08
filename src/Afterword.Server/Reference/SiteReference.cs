namespace Afterword.Server.Reference;

/// <summary>What the reference says of itself and of the front page.</summary>
internal static class SiteReference
{
    public static Operation OpenApi() => new(Topic.Pages, "The OpenAPI document")
    {
        Does = "The same for programs: OpenAPI 3.1.",
        Replies = [new(200, "The document.") { ContentType = "application/json" }],
    };
}
