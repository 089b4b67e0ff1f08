using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Reference;

namespace Afterword.Server.Hosting;

/// <summary>What the reference says of the files and of the health routes.</summary>
internal static class HostingReference
{
    public static Operation Asset() => new(Topic.Pages, "A file of the pages")
    {
        Does = "The stylesheets and scripts of the pages. They may be kept for an hour and have an `ETag`.",
        Parameters = [new("file", "The file's name.", ValueFormat.OneOf([.. Assets.Names])) { Required = true, Example = "card.css" }],
        Replies = [new(200, "The file, compressed if you accept that.") { ContentType = "text/css" }, new(304, "You have it already.")],
    };

    public static Operation Live() => new(Topic.Health, "Does it run?")
    {
        Does = "Answers while the process runs. For whatever restarts it.",
        Replies = [Reply.Plain("It does.", "ok\n")],
    };

    public static Operation SecurityText() => new(Topic.Health, "Whom to tell of a hole")
    {
        Does = "`security.txt` of RFC 9116, with the contact of the setting `Security:Contact`.",
        Replies =
        [
            Reply.Plain("The contact.", "Contact: mailto:security@example.com\nExpires: 2027-01-01T00:00:00Z\nPreferred-Languages: en\n"),
            Reply.Plain("Whoever runs the server has named none.", "Nobody has been named for this server. Whoever runs it sets Security:Contact.\n", 404),
        ],
    };

    public static Operation PolicyReport() => new(Topic.Health, "What a browser stopped")
    {
        Does = "Browsers report here what the Content-Security-Policy of a page stopped. Twenty reports a minute are written to the log, without the address of the page.",
        Replies = [new(204, "It was taken, or there were too many.")],
    };

    public static Operation Ready() => new(Topic.Health, "Can it serve?")
    {
        Does = "Answers 200 when the store can be read and written, which is tried, the write queue has room, no commit hangs, and this process can make ids. For load balancers. With `for=reads` it answers 200 while reading works, as on a full disk.",
        Parameters = [new("for", "Leave it out to hear whether everything can be served.", ValueFormat.OneOf(Health.Reads)) { Example = Health.Reads }],
        Replies = [Reply.Plain("It can.", "ok\n"), Reply.Plain("It cannot; the line says why.", "the store cannot be written\n", 503)],
    };
}
