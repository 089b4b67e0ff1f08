using System.Text.Json.Serialization;

namespace Afterword.Server.Messages;

/// <summary>One direct message, as the answer to sending or showing it.</summary>
/// <param name="Event">The message.</param>
internal sealed record MessageAnswerJson(MessageEventJson Event);

/// <summary>One page of direct messages, newest first.</summary>
/// <param name="Events">The messages.</param>
/// <param name="NextCursor">Opaque; absent at the end and only there.</param>
internal sealed record MessagePageJson(IReadOnlyList<MessageEventJson> Events, string? NextCursor);

/// <summary>A direct message.</summary>
/// <param name="Type">Always <c>message_create</c>.</param>
/// <param name="Id">Decimal.</param>
/// <param name="CreatedTimestamp">Unix milliseconds, as a string.</param>
/// <param name="MessageCreate">Who wrote what to whom.</param>
internal sealed record MessageEventJson(string Type, string Id, string CreatedTimestamp, MessageCreateJson MessageCreate);

/// <summary>Who wrote what to whom.</summary>
/// <param name="Target">To whom.</param>
/// <param name="SenderId">The sender; decimal.</param>
/// <param name="MessageData">What.</param>
internal sealed record MessageCreateJson(MessageTargetJson Target, string SenderId, MessageDataJson MessageData);

/// <summary>To whom a message goes.</summary>
/// <param name="RecipientId">The recipient; decimal.</param>
internal sealed record MessageTargetJson(string RecipientId);

/// <summary>What a message says.</summary>
/// <param name="Text">1 to 10,000 characters.</param>
/// <param name="Entities">What was found in the text: nothing.</param>
internal sealed record MessageDataJson(string Text, MessageEntitiesJson Entities);

/// <summary>What Twitter found in a text. Nothing is looked for here, and clients rely on the four lists.</summary>
/// <param name="Hashtags">Always empty.</param>
/// <param name="Symbols">Always empty.</param>
/// <param name="UserMentions">Always empty.</param>
/// <param name="Urls">Always empty.</param>
internal sealed record MessageEntitiesJson(
    IReadOnlyList<string> Hashtags, IReadOnlyList<string> Symbols, IReadOnlyList<string> UserMentions, IReadOnlyList<string> Urls)
{
    public static readonly MessageEntitiesJson None = new([], [], [], []);
}

/// <summary>What is sent to write a message. <see cref="MessageDraft"/> reads it member by member, so that one answer names all that is wrong.</summary>
/// <param name="Event">The message.</param>
internal sealed record NewMessageJson(NewMessageEventJson Event);

/// <summary>A message to be sent.</summary>
/// <param name="Type">Always <c>message_create</c>.</param>
/// <param name="MessageCreate">What to whom.</param>
internal sealed record NewMessageEventJson(string Type, NewMessageCreateJson MessageCreate);

/// <summary>What is to be said to whom.</summary>
/// <param name="Target">To whom.</param>
/// <param name="MessageData">What.</param>
internal sealed record NewMessageCreateJson(MessageTargetJson Target, NewMessageDataJson MessageData);

/// <summary>What a message is to say.</summary>
/// <param name="Text">1 to 10,000 characters, not blank.</param>
internal sealed record NewMessageDataJson(string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MessageAnswerJson))]
[JsonSerializable(typeof(MessagePageJson))]
[JsonSerializable(typeof(NewMessageJson))]
internal sealed partial class MessagesJson : JsonSerializerContext;
