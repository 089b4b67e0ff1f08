using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Afterword.Server.Prompts;

namespace Afterword.Server.Webhooks;

/// <summary>A message that tells a channel of Slack or Teams what happened, with a link to where it can be read.</summary>
/// <remarks>
/// Who reads such a channel is not known here, so no customer's words, name or reference is in it: those are behind the link, where it is asked who
/// reads them, and written down. All that is put in is a handle and numbers, which mark nothing up in either program.
/// </remarks>
/// <param name="Text">One line.</param>
/// <param name="Link">Into the console; null where the server has no public address.</param>
internal sealed record ChatMessage(string Text, string? Link)
{
    private const string Open = "Open in Afterword";

    /// <summary>Tells a change.</summary>
    /// <param name="told">The change, with the request as it stood then.</param>
    /// <param name="room">Where.</param>
    /// <param name="publicBase">The server's public address, or null.</param>
    public static ChatMessage Of(OutboxEntry told, ChatDestination room, string? publicBase)
    {
        var prompt = told.AsOf;
        var what = prompt switch
        {
            { Comment: not null } => "a customer left a comment",
            { Score: { } score } => $"a customer gave {ScoreOf(prompt.Type, score)}",
            _ => $"a customer was asked for feedback ({NameOf(prompt.Type)})",
        };
        return new($"{(prompt.Test ? "Test. " : "")}@{room.Handle}: {what}.", LinkTo(room, publicBase, $"answers/{prompt.Id.ToString(CultureInfo.InvariantCulture)}"));
    }

    /// <summary>For trying out a channel.</summary>
    public static ChatMessage Test(ChatDestination room, string? publicBase) =>
        new($"Test. Afterword will post here what happens to the feedback of @{room.Handle}.", LinkTo(room, publicBase, "webhooks"));

    /// <summary>As people say it: <c>2 of 5 (CSAT)</c>.</summary>
    public static string ScoreOf(PromptType type, int score) => string.Create(CultureInfo.InvariantCulture, $"{score} of {(type == PromptType.Csat ? 5 : 10)} ({NameOf(type)})");

    /// <summary>The address of a page of the sender's console.</summary>
    public static string? LinkTo(ChatDestination room, string? publicBase, string page) => publicBase is null ? null : $"{publicBase}/console/@{room.Handle}/{page}";

    /// <summary>The message as the program takes it.</summary>
    public byte[] Body(WebhookFormat format) => format == WebhookFormat.Slack
        ? JsonSerializer.SerializeToUtf8Bytes(new SlackMessageJson(Link is null ? Text : $"{Text} <{Link}|{Open}>"), ChatJson.Default.SlackMessageJson)
        : JsonSerializer.SerializeToUtf8Bytes(new TeamsMessageJson("message", [new(TeamsAttachmentJson.Card, CardOf())]), ChatJson.Default.TeamsMessageJson);

    private AdaptiveCardJson CardOf() => new(
        AdaptiveCardJson.Schemas, "AdaptiveCard", "1.4", [new("TextBlock", Text, Wrap: true)], Link is null ? null : [new("Action.OpenUrl", Open, Link)]);

    private static string NameOf(PromptType type) => type == PromptType.Csat ? "CSAT" : "NPS";
}

/// <summary>What an incoming webhook of Slack takes.</summary>
internal sealed record SlackMessageJson(string Text);

/// <summary>What a workflow of Teams takes, and the webhook connectors before it.</summary>
internal sealed record TeamsMessageJson(string Type, IReadOnlyList<TeamsAttachmentJson> Attachments);

internal sealed record TeamsAttachmentJson(string ContentType, AdaptiveCardJson Content)
{
    public const string Card = "application/vnd.microsoft.card.adaptive";
}

internal sealed record AdaptiveCardJson(
    [property: JsonPropertyName("$schema")] string Schema, string Type, string Version, IReadOnlyList<CardTextJson> Body, IReadOnlyList<CardActionJson>? Actions)
{
    public const string Schemas = "http://adaptivecards.io/schemas/adaptive-card.json";
}

internal sealed record CardTextJson(string Type, string Text, bool Wrap);

internal sealed record CardActionJson(string Type, string Title, string Url);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SlackMessageJson))]
[JsonSerializable(typeof(TeamsMessageJson))]
internal sealed partial class ChatJson : JsonSerializerContext
{
    // The default encoder is made for JSON inside HTML and would write the link of a message in escapes.
    static ChatJson() => Default = new ChatJson(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
