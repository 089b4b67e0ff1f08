using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Afterword.Server.Channels.Relay;

/// <summary>A request as it is handed over to a sender's own means, exactly as it crosses the wire.</summary>
/// <param name="Type">Always <c>feedback.request</c>.</param>
/// <param name="CreatedAt">When it was asked, in the format of the API.</param>
/// <param name="Feedback">The feedback's id and what was given with it.</param>
/// <param name="From">The sender.</param>
/// <param name="To">The customer.</param>
/// <param name="Message">The text for the customer. The link belongs after it.</param>
/// <param name="Question">The question in the customer's language.</param>
/// <param name="CardUrl">Where the customer answers. Whoever has it can.</param>
/// <param name="PrivacyUrl">The sender's privacy policy.</param>
/// <param name="Language">The customer's language, a tag such as <c>pt-BR</c>.</param>
internal sealed record FeedbackRequestJson(
    string Type, string CreatedAt, RequestedFeedbackJson Feedback, RequestPartyJson From, RequestPartyJson To, string Message, string Question,
    string CardUrl, string PrivacyUrl, string Language)
{
    public const string Requested = "feedback.request";
}

/// <summary>What a handed-over request asks for.</summary>
/// <param name="Id">The feedback's id.</param>
/// <param name="Type">The scale: <c>csat</c>, 1 to 5, or <c>nps</c>, 0 to 10.</param>
/// <param name="Test">Test feedback is in no metric.</param>
/// <param name="ExternalId">The sender's own reference; absent when not given.</param>
internal sealed record RequestedFeedbackJson(string Id, string Type, bool Test, string? ExternalId);

/// <summary>A sender or a customer.</summary>
/// <param name="Id">Decimal.</param>
/// <param name="ScreenName">The handle, without @.</param>
/// <param name="Name">The profile name.</param>
internal sealed record RequestPartyJson(string Id, string ScreenName, string Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FeedbackRequestJson))]
internal sealed partial class HandoverJson : JsonSerializerContext
{
    // The default encoder is made for JSON inside HTML and would write letters of most scripts in escapes.
    static HandoverJson() => Default = new HandoverJson(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
