using System.Globalization;
using System.Text.Json.Serialization;
using Afterword.Client.Wire;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation.Conversations;

/// <summary>Conversations as they cross the wire: every member is there, and null where it has no value.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ConversationJson))]
[JsonSerializable(typeof(ConversationPageJson))]
[JsonSerializable(typeof(CanPromptJson))]
internal sealed partial class ConversationsJson : JsonSerializerContext;

internal static class ConversationWire
{
    extension(ConversationJson)
    {
        public static ConversationJson Of(Conversation of) => new(
            Decimal(of.Id), of.ExternalId, Decimal(of.RecipientId), of.Agent, of.Team, of.Tags?.All ?? [], of.Language, of.Connector, of.Test,
            Prompt.Date(of.ClosedAt), Prompt.Date(of.CreatedAt), Prompt.Date(of.UpdatedAt), of.Closes, of.Decision.Word, of.Reason == Reason.None ? null : of.Reason.Word,
            of.Rule, of.RulesVersion, of.Rate?.Value, of.Draw?.Value, Date(of.DueAt), Date(of.NextEligibleAt), of.PromptId is { } id ? Decimal(id) : null);
    }

    private static string Decimal(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Date(long? millis) => millis is { } at ? Prompt.Date(at) : null;
}
