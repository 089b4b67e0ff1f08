using Afterword.Server.Reference;

namespace Afterword.Server.Hosting;

/// <summary>What the reference says of the files and of the health routes.</summary>
internal static class HostingReference
{
    public static Operation Asset() => new(Topic.Pages, "A file of the pages")
    {
        Does = "The stylesheets and scripts of the pages. They may be kept for an hour and have an `ETag`.",
        Parameters = [new("file", "The file's name.", Shape.OneOf([.. Assets.Names])) { Required = true, Example = "card.css" }],
        Replies = [new(200, "The file, compressed if you accept that.") { ContentType = "text/css" }, new(304, "You have it already.")],
    };

    public static Operation Live() => new(Topic.Health, "Does it run?")
    {
        Does = "Answers while the process runs. For whatever restarts it.",
        Replies = [Reply.Plain("It does.", "ok\n")],
    };

    public static Operation Ready() => new(Topic.Health, "Can it serve?")
    {
        Does = "Answers 200 when the store can be read and the write queue has room. For load balancers.",
        Replies = [Reply.Plain("It can.", "ok\n"), Reply.Plain("It cannot; the line says why.", "the store cannot be read\n", 503)],
    };
}
