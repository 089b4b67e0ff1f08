using Afterword.Client.Wire;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;

namespace Afterword.Server.Changes;

/// <summary>What the reference says of the routes of <see cref="EventEndpoints"/>.</summary>
internal static class EventReference
{
    public static Operation Events() => new(Topic.Feedback, "Read what happened, in order")
    {
        Does =
            """
            Walks through what happened to the calling sender's feedback, oldest first: one `feedback.created` per request, one `feedback.updated` per score or text, and one `feedback.erased` per
            request of a person who was erased. Each event of
            the range comes exactly once, whatever is written meanwhile.

            `feedback` is the whole object as it is now, with its `response`. Go on with `cursor` until `next_cursor` is empty; it is empty at the end and only there.
            """,
        Parameters =
        [
            new("from_time", "First moment of the range, inclusive; needed on the first page.", ValueFormat.Millis) { Example = "1795132800000" },
            new("to_time", "Last moment of the range, inclusive; needed on the first page. At most now minus `Feedback:EventsDelay`, which is 24 hours by default.", ValueFormat.Millis) { Example = "1795219199999" },
            new("count", "The most events on a page.", ValueFormat.Whole(1, EventEndpoints.MostPerPage)) { Default = "100" },
            new("cursor", "`next_cursor` of the page before. The times may then be left out; if sent, they must be those of the first page. It works for its sender and range alone and does not run out.", ValueFormat.Opaque),
        ],
        Replies =
        [
            Reply.Of(
                "A page of events.", WireJson.Default.EventsPageJson,
                new([new("feedback.updated", PromptReference.Answered.UpdatedAt, PromptReference.Answered)], "")),
        ],
        Errors = [DocumentedError.Missing],
    };
}
