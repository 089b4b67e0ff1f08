using Afterword.Server.Reference;

namespace Afterword.Server.Reports.Exports;

/// <summary>What the reference says of the route of <see cref="ExportEndpoints"/>.</summary>
internal static class ExportReference
{
    public static Operation Export() => new(Topic.Feedback, "Take everything along as CSV")
    {
        Does =
            """
            Gives the calling sender's feedback as CSV (RFC 4180, UTF-8), as much as there is, in the order of the ids: one line each, as it was when it was read.

            Times are ISO 8601 in UTC. A text that a spreadsheet could run as a formula has an apostrophe in front. `state` is `open`, `answered` (score and text are there), `dismissed` or
            `expired`.

            When the connection breaks, at most the last line is incomplete. Drop it, and go on with the id of the line before as `after`.
            """,
        Parameters =
        [
            new("from_time", "First moment in which it was asked, inclusive.", ValueFormat.Millis),
            new("to_time", "Last moment in which it was asked, inclusive.", ValueFormat.Millis),
            new("type", "Of one type alone.", ValueFormat.OneOf("csat", "nps")),
            new("min_score", "With this score or a higher one.", ValueFormat.Whole(0, Filter.HighestScore)),
            new("max_score", "With this score or a lower one.", ValueFormat.Whole(0, Filter.HighestScore)) { Example = "6" },
            new("has_text", "With a text, or without one.", ValueFormat.Truth),
            new("answered", "With a score or a text, or with neither.", ValueFormat.Truth),
            new("test", "`true` gives tests alone, `all` gives them too.", ValueFormat.OneOf("false", "true", "all")) { Default = "false" },
            new("tag", "With this tag among its own.", ValueFormat.Text(0, Filter.TextLength)),
            new("agent", "Of this agent.", ValueFormat.Text(0, Filter.TextLength)),
            new("external_id", "With this reference of yours.", ValueFormat.Text(0, Filter.TextLength)),
            new("after", "Only what has a higher id; the way to go on.", ValueFormat.Id),
            new("header", "Whether the first line names the columns.", ValueFormat.Truth) { Default = "true" },
            new("bom", "Whether the file begins with the mark by which spreadsheets know UTF-8.", ValueFormat.Truth) { Default = "false" },
        ],
        Replies =
        [
            new(200, "The file.")
            {
                ContentType = "text/csv",
                Text = System.Text.Encoding.ASCII.GetString(CsvLine.Header) +
                    "2123906916080947200,nps,false,2026-11-20T22:29:05.512Z,2026-11-20T22:29:09.034Z,furni,ana,ticket_5555,0,How likely are you to recommend Furni to a friend?,,9,2026-11-20T22:29:09.034Z,,,open,,,en,built-in\r\n",
                Headers = [("Content-Disposition", "A name for the file.")],
            },
        ],
    };
}
