using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;

namespace Afterword.Server.Messages;

/// <summary>What the reference says of the routes of <see cref="MessageEndpoints"/>.</summary>
internal static class MessageReference
{
    private const string Text = "Your armchair comes on Tuesday.";

    private static readonly string s_recipient = PromptReference.Asked.ToUserId;

    private static readonly MessageEventJson s_message = new(
        "message_create", "2123907341324648450", "1795214846123", new(new(s_recipient), PromptReference.Asked.FromUserId, new(Text, MessageEntitiesJson.None)));

    public static Operation New() => new(Topic.Messages, "Write to a user")
    {
        Does =
            """
            Sends a direct message. 200 means that it is on the disk. Who can be written to is told by `can_dm` of the [user](/api#get-users-show); a message opens the way back.

            `Limits:FreeReplies`, which are five by default, count against no limit when they reply to a message within 24 hours.
            """,
        Parameters =
        [
            new("event.type", "The kind of event.", ValueFormat.OneOf("message_create")) { Required = true },
            new("event.message_create.target.recipient_id", "The recipient, as a text or a number.", ValueFormat.Id) { Required = true },
            new("event.message_create.message_data.text", "What you say; not blank. Media are not supported.", ValueFormat.Text(1, TextRules.MessageLength)) { Required = true },
        ],
        Body = Sample.Of(MessagesJson.Default.NewMessageJson, new(new("message_create", new(new(s_recipient), new(Text))))),
        Replies = [Reply.Of("The message.", MessagesJson.Default.MessageAnswerJson, new(s_message))],
        Errors = [DocumentedError.MessageTooLong, DocumentedError.RecipientUnknown, DocumentedError.RecipientSuspended, DocumentedError.CannotMessage],
    };

    public static Operation List() => new(Topic.Messages, "Read what was written")
    {
        Does =
            """
            Gives what the caller sent and received in the last 30 days, newest first, the messages of feedback requests included.

            Go on with `cursor` until `next_cursor` is absent; it is absent at the end and only there. New messages come in front of the first page and move none of the later ones.
            """,
        Parameters =
        [
            new("count", "The most messages on a page.", ValueFormat.Whole(1, MessageEndpoints.MostPerPage)) { Default = "20" },
            new("cursor", "`next_cursor` of the page before. It works for its user alone.", ValueFormat.Opaque),
        ],
        Replies = [Reply.Of("A page of messages.", MessagesJson.Default.MessagePageJson, new([s_message], null))],
    };

    public static Operation Show() => new(Topic.Messages, "Look at one message")
    {
        Does = "Gives one message that the caller sent or received in the last 30 days.",
        Parameters = [new("id", "The message's id.", ValueFormat.Id) { Required = true, Example = s_message.Id }],
        Replies = [Reply.Of("The message.", MessagesJson.Default.MessageAnswerJson, new(s_message))],
        Errors = [DocumentedError.NotFound],
    };

    public static Operation Destroy() => new(Topic.Messages, "Take a message out of your own list")
    {
        Does =
            """
            Takes a message that the caller sent or received in the last 30 days out of the caller's own list and inbox. It is not deleted: the other one goes on seeing it, and so do the people of the sender in the console. A card in it can be
            answered as before, and no event is sent.
            """,
        Parameters = [new("id", "The message's id.", ValueFormat.Id) { Required = true, Example = s_message.Id }],
        Replies = [new(204, "It is gone from the list; there is no body.")],
        Errors = [DocumentedError.NotFound],
    };
}
