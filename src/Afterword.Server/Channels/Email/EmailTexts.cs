using System.Text.Json.Serialization;
using Afterword.Server.Languages;

namespace Afterword.Server.Channels.Email;

/// <summary>Every word of the email in one language, besides those that it shares with the card.</summary>
/// <remarks>A word may hold <c>{sender}</c>, <c>{platform}</c>, <c>{label}</c> or <c>{link}</c>, and square brackets around the part that is a link.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record EmailTexts : Texts
{
    internal static readonly Section<EmailTexts> All = new("mail", EmailTextsJson.Default.EmailTexts);

    public required string Subject { get; init; }
    public required string Choose { get; init; }
    public required string Open { get; init; }
    public required string Why { get; init; }
    public required string Stop { get; init; }

    public required string PlainChoose { get; init; }
    public required string PlainAnswer { get; init; }
    public required string PlainPrivacy { get; init; }
    public required string PlainStop { get; init; }

    public required string TestSubject { get; init; }
    public required string TestText { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EmailTexts))]
internal sealed partial class EmailTextsJson : JsonSerializerContext;
