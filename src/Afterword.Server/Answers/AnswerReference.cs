using Afterword.Client.Wire;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;

namespace Afterword.Server.Answers;

/// <summary>What the reference says of the recipient's routes and of the card page.</summary>
internal static class AnswerReference
{
    private static readonly Parameter s_token = new("token", "The end of the card's link.", ValueFormat.Opaque) { Required = true, Example = PromptReference.CardExample };

    public static Operation Submit() => new(Topic.Recipient, "Answer")
    {
        Does =
            """
            Answers as the recipient, with a score, a text, or both.

            Each part is taken once and never changes. A part that is there already, even with the same value, is 409/355. With both sent and one there, the other is stored, and
            the error names the one that was refused. A request that was dismissed or has expired is 410/356.
            """,
        Caller = "the recipient",
        Parameters =
        [
            PromptReference.Id,
            new("score", "1 to 5 for csat, 0 to 10 for nps. This or `text` is needed.", ValueFormat.Whole(0, 10)) { Example = "4" },
            new("text", "What the recipient says, without the blanks around it.", ValueFormat.Text(1, TextRules.MessageLength)) { Example = "Lovely chair" },
        ],
        Replies = [Reply.Of("The feedback with its `response`.", WireJson.Default.FeedbackJson, PromptReference.Answered)],
        Errors = [DocumentedError.Missing, DocumentedError.NotFound, DocumentedError.AlreadySubmitted, DocumentedError.Closed],
    };

    public static Operation Dismiss() => new(Topic.Recipient, "Close without an answer")
    {
        Does =
            """
            Closes the request for good. It makes no event and leaves `updated_at` alone. Dismissing twice is no error.
            """,
        Caller = "the recipient",
        Parameters = [PromptReference.Id],
        Replies = [Reply.Of("The feedback.", WireJson.Default.FeedbackJson, PromptReference.Asked)],
        Errors = [DocumentedError.NotFound],
    };

    public static Operation Card() => new(Topic.Pages, "The card")
    {
        Does =
            """
            Shows the question, then one optional text box, then thanks; or that the request is closed. Reading it changes nothing, however often and by whatever program it is read.

            The link is a key: whoever has it can answer.

            It is in the recipient's language, else in the browser's (`Accept-Language`), else in that of the question.
            """,
        Caller = "anyone who has the link",
        Parameters = [s_token, new("score", "Shows this answer chosen, to be confirmed by one button.", ValueFormat.Whole(0, 10)) { Example = "4" }],
        Replies =
        [
            Reply.Page("The step that is still open."), Reply.Page("No such card. Every unknown token gets the same page.", 404),
            Reply.Page("Too many calls on this link or from this address.", 429), Reply.Page("The store cannot be reached.", 503),
        ],
    };

    public static Operation AnswerCard() => new(Topic.Pages, "Answer on the card")
    {
        Does = "What the card's own forms send: one of the four.",
        Caller = "anyone who has the link",
        Parameters =
        [
            s_token,
            new("score", "1 to 5 for csat, 0 to 10 for nps.", ValueFormat.Whole(0, 10)) { Example = "4" },
            new("text", "What the customer says.", ValueFormat.Text(1, TextRules.MessageLength)),
            new("dismiss", "Closes the card.", ValueFormat.OneOf("1")),
            new("List-Unsubscribe", "What email programs send at one click (RFC 8058); the same as `asking=stop`, and answered without a page.", ValueFormat.OneOf("One-Click")),
            new("asking", "`stop`: this recipient gets no more requests from this sender, and `create` is 403/349. `again` undoes it. Both also on a closed card.", ValueFormat.OneOf("stop", "again")),
            new("language", "The language in which the question was read, beside a score.", ValueFormat.Text(2, 35)) { Example = "de" },
        ],
        Replies =
        [
            Reply.Page("A score was recorded: the next step, which shows it. No later page does."),
            new(204, "Taken, by one click in an email program."),
            new(303, "Taken, or there already: on to the next step.") { Headers = [("Location", "The card's own path.")] },
            Reply.Page("Not understood: the step again, with what is wrong.", 400), Reply.Page("No such card.", 404),
            Reply.Page("Another text was there already: what counts.", 409),
            Reply.Page("Too many calls on this link or from this address: a page with what was typed.", 429),
            Reply.Page("Not stored: the step again, with what was typed.", 503),
        ],
    };
}
