using System.Text.Json.Serialization;

namespace Afterword.Server.Messages;

/// <summary>One direct message, as the answer to sending or showing it.</summary>
internal sealed record MessageAnswerJson(MessageEventJson Event);

/// <summary>One page of direct messages, newest first.</summary>
/// <param name="NextCursor">Opaque; absent at the end and only there.</param>
internal sealed record MessagePageJson(
    IReadOnlyList<MessageEventJson> Events,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);

/// <param name="Type">Always <c>message_create</c>.</param>
/// <param name="CreatedTimestamp">Unix milliseconds, as a string.</param>
internal sealed record MessageEventJson(string Type, string Id, string CreatedTimestamp, MessageCreateJson MessageCreate);

internal sealed record MessageCreateJson(MessageTargetJson Target, string SenderId, MessageDataJson MessageData);

internal sealed record MessageTargetJson(string RecipientId);

internal sealed record MessageDataJson(string Text, MessageEntitiesJson Entities);

/// <summary>What Twitter found in a text. Nothing is looked for here, and clients rely on the four lists.</summary>
internal sealed record MessageEntitiesJson(
    IReadOnlyList<string> Hashtags, IReadOnlyList<string> Symbols, IReadOnlyList<string> UserMentions, IReadOnlyList<string> Urls)
{
    public static readonly MessageEntitiesJson None = new([], [], [], []);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MessageAnswerJson))]
[JsonSerializable(typeof(MessagePageJson))]
internal sealed partial class MessagesJson : JsonSerializerContext;
