using Afterword.Client.Wire;
using Afterword.Server.Reference;

namespace Afterword.Server.Reports.MetricsApi;

/// <summary>What the reference says of the route of <see cref="MetricsEndpoints"/>.</summary>
internal static class MetricsReference
{
    public static Operation Read() => new(Topic.Feedback, "Read the metrics of a period")
    {
        Does =
            """
            Gives what the calling sender's answers come to, as the Overview of the console shows it: each metric with its 95 % interval, the number of answers it is calculated from, and
            its change since as many days before. They are of the requests that were sent in the period; an answer that comes late changes the day on which it was asked for.

            When they are limited by `only`, and in a `breakdown`, a metric on fewer than 5 answers is suppressed, and so is one from which such a metric could be calculated. `n` is told
            all the same.

            `formulas` is the version of the definitions. While the server counts anew, after its time zone was changed, the answer is 503 with `Retry-After`.
            """,
        Parameters =
        [
            new("type", "Of which kind of question.", ValueFormat.OneOf("csat", "nps")) { Default = "`csat`, or `nps` where there is nothing else", Example = "csat" },
            new("range", "Of the last so many days, today included; 365 are 12 months.", ValueFormat.OneOf("7", "30", "90", "365")) { Default = "30" },
            new("from", "The first day of a period of your own; with `to`.", ValueFormat.Said("a day such as `2026-01-31`, in the time zone of the answer")),
            new("to", "Its last day, included; less than 1,100 days behind the first.", ValueFormat.Said("a day such as `2026-01-31`, in the time zone of the answer")),
            new("by", "How long a step is.", ValueFormat.OneOf("day", "week", "month")) { Default = "what suits the period" },
            new("only", "Limits the metrics to one value of a property.", ValueFormat.Said("`agent`, `tag`, `language`, `channel`, `question` or `origin`, a colon and the value")),
            new("breakdown", "Adds the whole period by a property, whatever `only` says.", ValueFormat.OneOf("question", "language", "channel", "agent", "tag", "origin")) { Example = "agent" },
            new("test", "Test feedback alone; it is in no other metric.", ValueFormat.Truth) { Default = "false" },
        ],
        Replies =
        [
            Reply.Of(
                "The metrics.", WireJson.Default.MetricsJson,
                new(
                    Metrics.Formulas, "csat", Test: false, "UTC", "2026-11-01", "2026-11-30", "2026-10-02", "2026-10-31", "agent:zoe",
                    new(
                        new(120, 0.866667, 0.794416, 0.916213, TooFew: false, Suppressed: false, new("not_significant", 0.021, Tested: true)), null,
                        new(120, 4.31, 4.14, 4.48, TooFew: false, Suppressed: false, new("not_significant", 0.08, Tested: true)),
                        new(302, 302, null, null, TooFew: false, Suppressed: false, new("up", 0.12, Tested: false)),
                        new(300, 0.4, 0.346161, 0.456373, TooFew: false, Suppressed: false, new("up", 0.09, Tested: true)),
                        new(120, 0.25, 0.181105, 0.334464, TooFew: false, Suppressed: false),
                        new(120, 250000, 210000, 320000, TooFew: false, Suppressed: false, new("down", -0.1, Tested: false))),
                    "week", [new("2026-11-01", "2026-11-01", 6, 0.833333, 0.436497, 0.969945, 12, Suppressed: false)],
                    new("agent", null, [new("zoe", 120, 0.866667, 0.794416, 0.916213, 302, 0.4, Suppressed: false), new("max", 3, null, null, null, 9, 0.333333, Suppressed: true)]))),
        ],
    };
}
