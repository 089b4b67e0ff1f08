using System.Text.Json;
using Afterword.Client.Wire;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;

namespace Afterword.Server.Webhooks.Polling;

/// <summary>What the reference says of the route of <see cref="PollEndpoints"/>.</summary>
internal static class PollReference
{
    private const string Id = "2123907341324648451";
    private const string Cursor = "1795214846512-2123907341324648451";

    private static readonly PolledEventJson s_event = new(
        Cursor, Id, "1795214850", "v1,WVlFs6Qe6POg3c7Ut14GPU7TWx6eIFVDyv7X54pv8qQ=",
        JsonSerializer.Serialize(new FeedbackEventJson("feedback.updated", PromptReference.Answered.UpdatedAt, PromptReference.Answered), WireJson.Default.FeedbackEventJson));

    public static Operation Poll() => new(Topic.Operating, "Fetch events without an address")
    {
        Does =
            """
            Gives the receiver of a webhook that was added with `poll` what would be posted to it if it had an address, oldest first, as soon as it has happened. `body` is the text of the
            event, and the three members before it are the headers that would come with it.

            Go on with `next` as `after`, at once while `more` is true, else after some seconds. Each event comes exactly once that way, whatever is written meanwhile; with an older
            cursor, those behind it come again. Without `after` it begins with the first event since the webhook was approved. An answer ends early behind an event with which it has more
            than 1 MiB of bodies.

            It may be called `Webhooks:PollsPerMinute` times in a minute, 120 by default.
            """,
        Caller = "the receiver, with the webhook's secret",
        Parameters =
        [
            new("id", "The webhook's id.", ValueFormat.Id) { Required = true, Example = "2123907341324648452" },
            new("after", "A `cursor`, or `next`, that this webhook was given.", ValueFormat.Opaque) { Example = Cursor },
            new("limit", "The most events.", ValueFormat.Whole(1, PollEvents.MostPerPage)) { Default = "100" },
        ],
        Replies = [Reply.Of("The events, and where to go on.", WireJson.Default.PollPageJson, new([s_event], Cursor, More: false))],
        Errors = [DocumentedError.LimitReached],
    };
}
