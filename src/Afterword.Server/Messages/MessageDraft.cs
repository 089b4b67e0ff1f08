using System.Text.Json;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;

namespace Afterword.Server.Messages;

/// <summary>A direct message to be sent, whose every part has been checked. Nobody downstream checks again.</summary>
internal sealed record MessageDraft(long RecipientId, string Text)
{
    /// <summary>Reads <c>{"event":{"type":"message_create","message_create":{"target":{…},"message_data":{…}}}}</c>.</summary>
    /// <returns>The draft, or null and in <paramref name="errors"/> everything that is wrong.</returns>
    public static MessageDraft? Parse(ReadOnlyMemory<byte> body, out ApiErrors errors)
    {
        errors = new ApiErrors();
        try
        {
            // An empty body lacks what an empty object lacks.
            using var document = JsonDocument.Parse(body.IsEmpty ? "{}"u8.ToArray() : body);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return Read(new JsonPart("", document.RootElement, errors), errors);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second stands for a member's name that is no text. It says nothing about what was noted before it.
            errors = new ApiErrors();
        }

        errors.Add(JsonMistake.In(body));
        return null;
    }

    private static MessageDraft? Read(JsonPart body, ApiErrors errors)
    {
        var announced = body.Object("event");
        if (announced?.RequiredText("type") is { } type && type != "message_create") errors.Add(ApiError.Invalid(announced.PathOf("type"), "message_create"));

        var create = announced?.Object("message_create");
        var recipient = create?.Object("target") is { } target ? ReadRecipient(target, errors) : 0;
        var text = create?.Object("message_data") is { } data ? ReadText(data, errors) : "";
        return errors.Any ? null : new(recipient, text);
    }

    private static long ReadRecipient(JsonPart target, ApiErrors errors)
    {
        if (target.RequiredText("recipient_id") is not { } text) return 0;
        if (WholeNumber.TryRead(text, out var id)) return id;

        errors.Add(ApiError.Invalid(target.PathOf("recipient_id"), "a decimal id"));
        return 0;
    }

    private static string ReadText(JsonPart data, ApiErrors errors)
    {
        if (data.Has("attachment")) errors.Add(ApiError.Invalid(data.PathOf("attachment"), "media is not supported"));
        return data.RequiredText("text") is { } text ? TextRules.ReadMessage(data.PathOf("text"), text, errors) : "";
    }
}
